"""Saves what tells of a run whose file system has let it down: its log, and why it failed."""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.beneath import read_tail
from miniwdl_aws_core.run_files import RUN_LOGS
from miniwdl_aws_hooks import MiniwdlAwsError
from miniwdl_aws_hooks.protocol import ERROR_JSON
from miniwdl_aws_s3_rails.errors import FileSystemError
from miniwdl_aws_s3_rails.products.ending import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniwdl_aws_s3_rails.workflow_job.child import Ended

__all__ = ["NOWHERE", "rescue"]

NOWHERE = "nothing is saved, since there is no upload folder (--s3upload)"

WAY_ON = "see to the file system, then submit again: calls that the call cache has are not repeated"


def rescue(
    ended: Ended,
    said: Mapping[str, Any],
    trouble: str,
    name: str,
    upload: Callable[[Path, Ending], str] | None,
) -> tuple[dict[str, Any], FileSystemError]:
    """
    Save what there is of a run that failed.

    :param said: what miniwdl said of the run; without ``dir`` when it had no directory yet.
    :param trouble: what is wrong with the file system.
    :param name: of the workflow.
    :param upload: sends a run directory, and returns where to; ``None`` when there is no upload folder.
    :return: what to say of the run, and the sentence that ends it.
    """
    document = {**(said or {"error": FileSystemError.__name__, "message": trouble}), "file_system": trouble}
    saved = NOWHERE
    if upload:
        try:
            with tempfile.TemporaryDirectory(prefix="miniwdl-run-s3upload-") as made:
                run_dir = _directory(said.get("dir"), name, ended.log, Path(made))
                document["s3upload"] = upload(run_dir, Ending.of(document, ended.code))
            saved = f"the log and {ERROR_JSON} are in {document['s3upload']}"
        except MiniwdlAwsError as exc:
            saved = f"nothing may be saved: {exc.message}"
    failed = f"{trouble}; the run failed (miniwdl's exit code is {ended.code}), and {saved}"
    return document, FileSystemError(failed, hint=WAY_ON)


def _directory(known: object, name: str, log: bytes, made: Path) -> Path:
    """Give the run's directory or, if it can't be read, one in its place with what this process saw of the log."""
    if not isinstance(known, str):
        run = f"{time.strftime('%Y%m%d_%H%M%S')}_{name}"  # as miniwdl would have named it
    else:
        run_dir = Path(known)
        if any(_is_readable(run_dir, log_name) for log_name in RUN_LOGS):
            return run_dir
        run = run_dir.name
    stand_in = made / run
    stand_in.mkdir()
    (stand_in / RUN_LOGS[0]).write_bytes(log)
    return stand_in


def _is_readable(run_dir: Path, name: str) -> bool:
    with suppress(OSError):
        return bool(read_tail(run_dir, name, 1))
    return False
