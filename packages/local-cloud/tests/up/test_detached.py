from __future__ import annotations

import argparse
import json
import os
import signal
import stat
import subprocess
import sys
import threading

import boto3
import psutil
import pytest

from miniwdl_aws_local_cloud.errors import CloudStartError, FaultPlanError, StateFolderError
from miniwdl_aws_local_cloud.up import command, detached
from miniwdl_aws_local_cloud.up.options import read_faults
from miniwdl_aws_local_cloud.up.registry import CloudRecord

PATIENCE = 120


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "a folder"
    yield folder
    detached.stop(folder)


def test_life(state, capsys, monkeypatch) -> None:
    monkeypatch.setenv("MINIWDL_AWS_LOCAL_DIR", str(state))
    assert status() == 1
    record = detached.ensure(state)
    assert detached.ensure(state) == record
    assert stat.S_IMODE((state / "cloud.json").stat().st_mode) == 0o600
    client = boto3.client(
        "batch",
        endpoint_url=record.endpoint,
        aws_access_key_id=record.access_key,
        aws_secret_access_key="x",
        region_name=record.region,
    )
    assert client.describe_job_queues(jobQueues=["task"])["jobQueues"]
    capsys.readouterr()
    assert status() == 0
    assert str(record.pid) in capsys.readouterr().out
    assert status(export=True) == 0
    assert f"export AWS_ENDPOINT_URL={record.endpoint}\n" in capsys.readouterr().out
    assert command.run(argparse.Namespace(local_action="down")) == 0
    assert not psutil.pid_exists(record.pid) or psutil.Process(record.pid).status() == psutil.STATUS_ZOMBIE
    assert detached.find(state) is None
    assert not (state / "cloud.json").exists()
    assert command.run(argparse.Namespace(local_action="down")) == 0


def status(*, export: bool = False) -> int:
    return command.run(argparse.Namespace(local_action="status", export=export))


def test_several_at_once_share_one(state) -> None:
    found = []
    threads = [threading.Thread(target=lambda: found.append(detached.ensure(state))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_ends_when_idle(state) -> None:
    record = detached.ensure(state, ["--idle", "0.5"])
    psutil.Process(record.pid).wait(PATIENCE)
    assert detached.find(state) is None
    assert detached.ensure(state).pid != record.pid


def test_ends_with_its_folder(state) -> None:
    record = detached.ensure(state)
    (state / "cloud.json").unlink()
    psutil.Process(record.pid).wait(PATIENCE)


def test_a_killed_one_is_replaced(state) -> None:
    record = detached.ensure(state)
    process = psutil.Process(record.pid)
    process.kill()
    process.wait(PATIENCE)
    assert detached.find(state) is None
    assert detached.ensure(state).pid != record.pid


def test_an_idle_one_of_another_version_is_replaced(state) -> None:
    record = detached.ensure(state)
    older = CloudRecord(record.endpoint, record.access_key, record.region, record.runner, record.pid, "0.0.1")
    older.write(state / "cloud.json")
    assert detached.ensure(state).pid != record.pid


def test_why_it_did_not_start(state) -> None:
    with pytest.raises(CloudStartError, match=r"faults.*no-such-file"):
        detached.ensure(state, ["--faults", "no-such-file"])
    with pytest.raises(CloudStartError, match="did not start"):
        detached.ensure(state, ["--slots", "many"])


def test_a_folder_that_cannot_be(tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateFolderError, match="can't write") as caught:
        detached.ensure(tmp_path / "file" / "state")
    assert "MINIWDL_AWS_LOCAL_DIR" in caught.value.hint


def test_nobody_at_the_recorded_address(tmp_path) -> None:
    record = CloudRecord("http://127.0.0.1:9", "key", "us-east-1", "process", 1, "0")
    record.write(tmp_path / "cloud.json")
    assert detached.find(tmp_path) is None
    assert detached.stop(tmp_path) is None
    with pytest.raises(CloudStartError, match="no local cloud answers"):
        record.ask("GET", "status")


def test_up_in_the_foreground(tmp_path) -> None:
    script = (
        "import argparse, sys; from miniwdl_aws_local_cloud.up import command;"
        "parser = argparse.ArgumentParser(); command.configure(parser);"
        "sys.exit(command.run(parser.parse_args(['up', '--slots', '3'])))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "MINIWDL_AWS_LOCAL_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(14)]
    assert all(line.startswith("export ") for line in lines)
    assert f"export MINIWDL__FILE_IO__ROOT={tmp_path / 'fsx'}\n" in lines
    record = detached.find(tmp_path)
    assert record is not None
    assert detached.ensure(tmp_path) == record
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "Ctrl-C ends it" in errors
    assert not (tmp_path / "cloud.json").exists()


def test_fault_plan_from_a_file(tmp_path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps({"faults": [{"kind": "kill"}]}))
    assert len(read_faults(path)) == 1
    path.write_text("{")
    with pytest.raises(FaultPlanError, match="--faults"):
        read_faults(path)
    assert read_faults(None) == []
