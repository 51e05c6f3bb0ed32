"""Nobody else gets into the state folder, and no cloud into somebody else's."""

from __future__ import annotations

import argparse
import os
import stat
from pathlib import Path

import pytest

from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_local_cloud import LocalCloud
from miniwdl_aws_local_cloud.cloud_settings import state_dir
from miniwdl_aws_local_cloud.errors import StateFolderError
from miniwdl_aws_local_cloud.up import command, detached
from miniwdl_aws_local_cloud.up.registry import CloudRecord


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_a_new_folder_is_closed_to_others(open_cloud, tmp_path, umask) -> None:
    with open_cloud(tmp_path / "state") as user:
        assert mode(user.cloud.state) == 0o700
        assert mode(user.cloud.state / "fsx") == 0o755, "which only users in containers get at, by their mount"


def test_it_is_closed_from_the_start(tmp_path, monkeypatch, umask) -> None:
    modes: dict[Path, int] = {}
    make = Path.mkdir

    def mkdir(path: Path, *args: object, **options: object) -> None:
        make(path, *args, **options)
        modes.setdefault(path, mode(path))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with LocalCloud(tmp_path / "state") as cloud:
        assert modes[cloud.state] == 0o700


@pytest.mark.parametrize("start", [lambda state: LocalCloud(state).__enter__().__exit__(), detached.ensure])
def test_an_open_one_is_closed(tmp_path, start) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o775)
    start(state)
    try:
        assert mode(state) == 0o700
    finally:
        detached.stop(state)


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """Give a folder with a running cloud's record, of a user who we are not."""
    state = tmp_path / "state"
    state.mkdir()
    CloudRecord("http://127.0.0.1:9", "key", "us-east-1", "process", 1, "0").write(state / "cloud.json")
    monkeypatch.setattr(os, "geteuid", lambda: state.stat().st_uid + 1)
    monkeypatch.setenv("MINIWDL_AWS_LOCAL_DIR", str(state))
    return state


def test_a_folder_of_another_user(foreign) -> None:
    before = mode(foreign)
    with pytest.raises(StateFolderError, match="belongs to another user") as caught, LocalCloud(foreign):
        pass
    assert "MINIWDL_AWS_LOCAL_DIR" in caught.value.hint
    with pytest.raises(StateFolderError, match="belongs to another user"):
        detached.ensure(foreign)
    for action in ("status", "down"):
        with pytest.raises(StateFolderError, match="belongs to another user"):
            command.run(argparse.Namespace(local_action=action, export=True))
    assert mode(foreign) == before


def test_a_symbolic_link(tmp_path, monkeypatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link"
    link.symlink_to("elsewhere")
    with pytest.raises(StateFolderError, match=f"{link} is a symbolic link"):
        LocalCloud(link)
    monkeypatch.setenv("MINIWDL_AWS_LOCAL_DIR", str(link))
    with pytest.raises(StateFolderError, match="is a symbolic link"):
        state_dir()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_on_the_way(tmp_path, monkeypatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    monkeypatch.setenv("MINIWDL_AWS_LOCAL_DIR", str(tmp_path / "link" / "state"))
    assert state_dir() == (tmp_path / "elsewhere" / "state").resolve()
    assert command.run(argparse.Namespace(local_action="status", export=False)) == ExitCode.FAILED
