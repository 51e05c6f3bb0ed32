from __future__ import annotations

import argparse
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_local_cloud.cloud_settings import state_dir
from miniwdl_aws_local_cloud.up import detached
from miniwdl_aws_local_cloud.up.command import export_lines, run
from miniwdl_aws_local_cloud.up.submitting import closing_lines, enter, enter_runner, environment_for
from miniwdl_aws_local_cloud.variables import shell_variables, submit_variables

CLOUD = {"AWS_ENDPOINT_URL": "http://x", "MINIWDL__AWS__WORKFLOW_QUEUE": "workflow"}
STATE = Path("/work dir/state")


def test_what_leads_elsewhere_has_to_go() -> None:
    environ = {
        "AWS_PROFILE": "p",
        "AWS_SESSION_TOKEN": "t",
        "AWS_ENDPOINT_URL_S3": "http://other",
        "MINIWDL__AWS__REGION": "eu-west-1",
        "HOME": "/h",
    }
    found = environment_for(CLOUD, environ)
    assert {name for name, value in found.items() if not value} == set(environ) - {"HOME"}
    assert found["AWS_ENDPOINT_URL"] == "http://x"


def test_what_the_user_set_of_miniwdl_wins() -> None:
    assert environment_for(CLOUD, {})["MINIWDL__AWS__WORKFLOW_QUEUE"] == "workflow"
    assert "MINIWDL__AWS__WORKFLOW_QUEUE" not in environment_for(CLOUD, {"MINIWDL__AWS__WORKFLOW_QUEUE": "mine"})


def test_a_proxy_is_not_asked_for_the_cloud() -> None:
    assert environment_for(CLOUD, {"NO_PROXY": "a,b"})["NO_PROXY"] == "a,b,127.0.0.1"
    assert environment_for(CLOUD, {"NO_PROXY": "127.0.0.1"})["NO_PROXY"] == "127.0.0.1"


def test_last_words() -> None:
    lines = "\n".join(closing_lines(STATE, "s3://demo/a/b/", waiting=True))
    assert "/work dir/state/s3/demo/a/b is s3://demo/a/b/" in lines
    assert "/work dir/state/fsx" in lines
    assert "background" not in lines
    lines = "\n".join(closing_lines(STATE, None, waiting=False))
    assert "results" not in lines
    assert "background" in lines


def test_lines_for_a_shell() -> None:
    lines = export_lines({"A": "b c"}, {"AWS_PROFILE": "x"})
    assert lines[0] == "unset AWS_PROFILE"
    assert shlex.split(lines[1]) == ["export", "A=b c"]


@pytest.mark.parametrize(
    "value", ["a\x1b]0;x\x07\n'b'$(date)\u202e", os.fsdecode(b"caf\xe9 x")], ids=["hostile", "latin-1"]
)
def test_lines_for_a_shell_name_any_folder_and_show_nothing_of_it(value) -> None:
    line, *_proxies = export_lines({"A": value}, {})
    assert line.isascii()
    assert line.isprintable()
    done = subprocess.run(["bash", "-c", line + '; printf %s "$A"'], capture_output=True, check=True)
    assert os.fsdecode(done.stdout) == value


def test_a_folder_s_name_stays_in_its_line(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("MINIWDL_AWS_LOCAL_DIR", str(tmp_path / "x\x1b]0;title\x07\x1b[2J\u202e\nup at y"))
    assert run(argparse.Namespace(local_action="status", export=False)) == 1
    assert run(argparse.Namespace(local_action="down")) == 0
    assert [line.rpartition("/")[2] for line in "".join(capsys.readouterr()).splitlines()] == ["x up at y"] * 2


def test_where_the_state_lies(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert state_dir({}) == tmp_path.resolve() / "miniwdl-aws-local"
    assert state_dir({"MINIWDL_AWS_LOCAL_DIR": "x/../y"}) == tmp_path.resolve() / "y"


def test_a_runner_alone() -> None:
    with (
        pytest.raises(ConfigurationError, match="--runner is for --local"),
        enter_runner(argparse.Namespace(runner="engine")),
    ):
        pass
    with enter_runner(argparse.Namespace(runner="engine", local=True)) as environment:
        assert environment.needs_image


@pytest.mark.parametrize("entered", [enter, enter_runner])
def test_an_unknown_runner(entered) -> None:
    with (
        pytest.raises(ConfigurationError, match="--runner vm is unknown"),
        entered(argparse.Namespace(runner="vm", local=True)),
    ):
        pass


def test_containers_see_the_file_system_where_it_is_on_aws() -> None:
    process = submit_variables("http://x", "key", "us-east-1", STATE, "process")
    engine = submit_variables("http://x", "key", "us-east-1", STATE, "engine")
    assert process["MINIWDL__FILE_IO__ROOT"] == "/work dir/state/fsx"
    assert process.keys() - engine.keys() == {"MINIWDL__FILE_IO__ROOT"}


def in_a_shell(runner: str, **environ: str) -> dict[str, str]:
    return shell_variables("http://x", "key", "us-east-1", STATE, runner, environ)


def test_a_shell_needs_no_tags() -> None:
    found = in_a_shell("process")
    assert found["MINIWDL__AWS__FS"].startswith("fs-0")
    assert found["MINIWDL__AWS__TASK_QUEUE"] == "task"
    assert found["MINIWDL__SCHEDULER__CONTAINER_BACKEND"] == "aws_batch"
    assert in_a_shell("process").keys() - in_a_shell("engine").keys() == {
        "MINIWDL__AWS__WORKFLOW_IMAGE",
        "MINIWDL__FILE_IO__ROOT",
        "MINIWDL__SCHEDULER__CONTAINER_BACKEND",
    }


def test_a_missing_image_is_soon_given_up_unless_the_user_is_patient() -> None:
    engine = submit_variables("http://x", "key", "us-east-1", STATE, "engine")
    assert engine["MINIWDL__AWS__RETRY_WAIT"] == "1"
    assert "MINIWDL__AWS__RETRY_WAIT" not in submit_variables("http://x", "key", "us-east-1", STATE, "process")
    assert "MINIWDL__AWS__RETRY_WAIT" not in environment_for(engine, {"MINIWDL__AWS__RETRY_WAIT": "30"})
    assert in_a_shell("engine")["MINIWDL__AWS__RETRY_WAIT"] == "1"
    assert "MINIWDL__AWS__RETRY_WAIT" not in in_a_shell("engine", MINIWDL__AWS__RETRY_WAIT="30")


def test_entering_starts_a_cloud_that_stays(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MINIWDL_AWS_LOCAL_DIR", str(tmp_path))
    try:
        with enter(argparse.Namespace(waiting=True, s3upload="s3://demo/")) as environment:
            record = detached.find(tmp_path)
            assert record is not None
            assert environment.environ["AWS_ENDPOINT_URL"] == record.endpoint
            assert environment.needs_image is False
            lines = environment.closing_lines()
            assert any("s3/demo" in line for line in lines)
            assert sum("held to no image, memory or vCPUs" in line for line in lines) == 1
        with enter(argparse.Namespace(waiting=True, looking=True)) as environment:
            assert not any("held to no image" in line for line in environment.closing_lines())
        assert detached.find(tmp_path) == record
    finally:
        detached.stop(tmp_path)
