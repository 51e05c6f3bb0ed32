"""What a cloud remembers of the logs that jobs wrote before it was up."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from miniwdl_aws_local_cloud.logs.kept import KEPT_STREAMS, KeptStreams

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "/aws/batch/job"


def test_logs_outlive_their_cloud(open_cloud: Any, tmp_path: Path) -> None:
    with open_cloud(tmp_path) as user:
        job = user.run("echo one; echo 'zw\u00f6lf \u001b[0m'; printf three")
        lines = user.log(job)
    (file,) = (tmp_path / KEPT_STREAMS).iterdir()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
    with open_cloud(tmp_path) as user:
        assert user.log(job) == lines == ["one", "zw\u00f6lf \u001b[0m", "three"]
        assert user.log(job) == lines
        name = job["container"]["logStreamName"]
        (found, *_) = user.client("logs").filter_log_events(logGroupName=GROUP, logStreamNames=[name])["events"]
        assert job["startedAt"] <= found["timestamp"] <= job["stoppedAt"]
        with pytest.raises(ClientError, match="does not exist"):
            user.log({"container": {"logStreamName": f"{name}x"}})


def test_what_is_no_event_is_skipped(tmp_path: Path) -> None:
    kept = KeptStreams(tmp_path)
    kept.add(GROUP, "s", [(1, "a")])
    (file,) = (tmp_path / KEPT_STREAMS).iterdir()
    with file.open("a") as opened:
        opened.write('[1]\n"x"\n[2, 3]\n{}\n\n[3, "b"]\n' + "[" * 5000 + '\n[4, "cu')
    assert kept.read(GROUP, "s") == [(1, "a"), (3, "b")]


@pytest.mark.parametrize("place", ["link", "pipe", "folder"])
def test_what_is_no_file_is_not_read(tmp_path: Path, place: str) -> None:
    kept = KeptStreams(tmp_path)
    kept.add(GROUP, "s", [(1, "a")])
    (file,) = (tmp_path / KEPT_STREAMS).iterdir()
    file.rename(tmp_path / "elsewhere")
    if place == "link":
        file.symlink_to(tmp_path / "elsewhere")
    elif place == "folder":
        file.mkdir()
    else:
        os.mkfifo(file)
        held = os.open(file, os.O_RDWR)
        os.write(held, b'[1, "a"]\n')
    assert kept.read(GROUP, "s") == []
    if place == "pipe":
        os.close(held)


def test_the_beginning_of_a_stream_and_the_newest_streams_stay(tmp_path: Path) -> None:
    kept = KeptStreams(tmp_path, most=2, of_one=20)
    for number in range(9):
        kept.add(GROUP, "long", [(number, "x" * 6)])
    assert [at for at, _ in kept.read(GROUP, "long")] == [0, 1]
    (file,) = (tmp_path / KEPT_STREAMS).iterdir()
    assert file.stat().st_size < 40
    for name in ("old", "new"):
        kept.add(GROUP, name, [(1, name)])
    for file in (tmp_path / KEPT_STREAMS).iterdir():
        at = 1 if b"old" in file.read_bytes() else 2
        os.utime(file, (at, at))
    kept.tidy()
    assert (kept.read(GROUP, "old"), kept.read(GROUP, "new")) == ([], [(1, "new")])
    KeptStreams(tmp_path, most_bytes=0).tidy()
    assert list((tmp_path / KEPT_STREAMS).iterdir()) == []


def test_a_folder_that_can_not_be_written_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / KEPT_STREAMS).write_text("in the way")
    KeptStreams(tmp_path).add(GROUP, "s", [(1, "a")])
    assert "a log stream is not kept" in caplog.text
