"""What must hold before a run begins in this job: the file system is there, and no other job runs the same."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.state import claim_run
from miniwdl_aws_hooks import FileSystemContext, get_manager
from miniwdl_aws_hooks.protocol import ENV_SENTINEL, ENV_SUBMISSION
from miniwdl_aws_s3_rails.errors import AlreadyBegunError, MountMissingError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_hooks import Settings

__all__ = ["check_mount", "claim"]

logger = logging.getLogger("miniwdl_aws_s3_rails")


def check_mount(environ: Mapping[str, str], settings: Settings) -> None:
    """
    Make sure that the shared file system is mounted, where this is a job that was told how to know it.

    :raises MountMissingError: when it isn't, and no plugin can make it ready.
    """
    sentinel = environ.get(ENV_SENTINEL)
    if not sentinel or Path(sentinel).is_file():
        return
    root = settings.get("file_io", "root") or str(Path(sentinel).parent)
    get_manager().hook.miniwdl_aws_prepare_file_system(context=FileSystemContext(root.rstrip("/"), settings))
    if not Path(sentinel).is_file():
        raise MountMissingError(
            f"the shared file system is not mounted here: {sentinel} is missing",
            hint="see the host's user data (miniwdl-aws fsx user-data), and its cloud-init log; the marker is written "
            "here only where the mount is Lustre",
        )


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
        first = claim_run(root, submission, job_id)
    except ValueError as exc:
        raise OptionError(f"{ENV_SUBMISSION} must be letters, digits, hyphens and underscores, not {exc}") from exc
    except OSError as exc:
        logger.warning("nothing is noted of this run on the file system, by which a second one would be told: %s", exc)
        return
    if first != job_id:
        raise AlreadyBegunError(f"this run was submitted twice: job {first} runs it, and this job ends")
