"""
What must hold for a run to be this job's.

Before it begins: the file system is there, and no other job runs the same. Before its products are uploaded: no later
attempt of the job runs the same.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.beneath import is_file
from miniwdl_aws_core.state import claim_run, has_later_attempt
from miniwdl_aws_hooks import FileSystemContext, get_manager
from miniwdl_aws_hooks.protocol import ENV_SENTINEL, ENV_SUBMISSION
from miniwdl_aws_s3_rails.errors import AlreadyBegunError, MountMissingError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_hooks import Settings

__all__ = ["check_mount", "check_not_superseded", "claim"]

logger = logging.getLogger("miniwdl_aws_s3_rails")


def check_mount(environ: Mapping[str, str], settings: Settings) -> None:
    """
    Make sure that the shared file system is mounted, where this is a job that was told how to know it.

    :raises MountMissingError: when it isn't, and no plugin can make it ready.
    """
    sentinel = environ.get(ENV_SENTINEL)
    if not sentinel or _is_there(Path(sentinel)):
        return
    root = settings.get("file_io", "root") or str(Path(sentinel).parent)
    get_manager().hook.miniwdl_aws_prepare_file_system(context=FileSystemContext(root.rstrip("/"), settings))
    if not _is_there(Path(sentinel)):
        raise MountMissingError(
            f"the shared file system is not mounted here: {sentinel} is missing",
            hint="see the host's user data (miniwdl-aws fsx user-data), and its cloud-init log; the marker is written "
            "here only where the mount is Lustre",
        )


def _is_there(sentinel: Path) -> bool:
    return is_file(sentinel.parent, sentinel.name)  # a file system that is gone has no files, whatever it answers


def claim(environ: Mapping[str, str], settings: Settings) -> None:
    """
    Claim the run for this job, where it is a job that was submitted under a name of its own.

    :raises AlreadyBegunError: when another job of the same submission has begun.
    """
    submission, job_id = environ.get(ENV_SUBMISSION), environ.get("AWS_BATCH_JOB_ID")
    root = settings.get("file_io", "root")
    if not (submission and job_id and root):
        return
    try:
        first = claim_run(root, submission, job_id, _attempt(environ))
    except ValueError as exc:
        raise OptionError(f"{ENV_SUBMISSION} must be letters, digits, hyphens and underscores, not {exc}") from exc
    except OSError as exc:
        logger.warning("nothing is noted of this run on the file system, by which a second one would be told: %s", exc)
        return
    if first != job_id:
        raise AlreadyBegunError(f"this run was submitted twice: job {first} runs it, and this job ends")


def check_not_superseded(environ: Mapping[str, str], settings: Settings) -> None:
    """
    Make sure that the run is still this attempt's: one on a host that AWS Batch had lost may come this far.

    :raises AlreadyBegunError: when a later attempt of the job has begun.
    """
    submission, root = environ.get(ENV_SUBMISSION), settings.get("file_io", "root")
    if not (submission and environ.get("AWS_BATCH_JOB_ID") and root):
        return
    attempt = _attempt(environ)
    try:
        superseded = has_later_attempt(root, submission, attempt)
    except OSError:
        return  # nothing could be noted of it, either
    if superseded:
        raise AlreadyBegunError(f"AWS Batch has started this job again: attempt {attempt} ends, and uploads nothing")


def _attempt(environ: Mapping[str, str]) -> int:
    text = environ.get("AWS_BATCH_JOB_ATTEMPT", "")
    return int(text) if text.isdecimal() else 1
