"""A file system that is mounted by other means than this project's: the marker may be written, but not by us."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_hooks import ConfigurationError, ExitCode, FileSystemContext, create_manager, hookimpl
from miniwdl_aws_hooks.protocol import ENV_SENTINEL
from miniwdl_aws_s3_rails.workflow_job import admission, run_s3upload

if TYPE_CHECKING:
    import pytest


class Mounter:
    """Writes the marker where it finds its file system; else nothing, or it complains."""

    def __init__(self, *, mounted: bool, wrong: bool = False) -> None:
        self.mounted, self.wrong = mounted, wrong
        self.contexts: list[FileSystemContext] = []

    @hookimpl
    def miniwdl_aws_prepare_file_system(self, context: FileSystemContext) -> None:
        self.contexts.append(context)
        if self.wrong:
            raise ConfigurationError("--fsid is wrong")
        if self.mounted:
            (Path(context.mount_point) / ".marker").touch(exist_ok=False)


def start(mounter: Mounter, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Start without a WDL, which is found out next."""
    manager = create_manager([], {})
    manager.register(mounter)
    monkeypatch.setattr(admission, "get_manager", lambda: manager)
    monkeypatch.setenv(ENV_SENTINEL, str(folder / ".marker"))
    monkeypatch.setenv("MINIWDL__FILE_IO__ROOT", str(folder))
    return run_s3upload.main([])


def test_whoever_mounts_it_may_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mounter = Mounter(mounted=True)
    assert start(mounter, tmp_path, monkeypatch) == ExitCode.USAGE
    assert "no WDL is given" in capsys.readouterr().err
    assert [context.mount_point for context in mounter.contexts] == [str(tmp_path)]


def test_a_host_without_the_mount_stays_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert start(Mounter(mounted=False), tmp_path, monkeypatch) == ExitCode.MOUNT_MISSING


def test_a_marker_that_is_there_is_not_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".marker").touch()
    mounter = Mounter(mounted=True)
    assert start(mounter, tmp_path, monkeypatch) == ExitCode.USAGE
    assert mounter.contexts == []


def test_a_wrong_configuration_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(Mounter(mounted=True, wrong=True), tmp_path, monkeypatch) == ExitCode.USAGE
    assert "--fsid is wrong" in capsys.readouterr().err
