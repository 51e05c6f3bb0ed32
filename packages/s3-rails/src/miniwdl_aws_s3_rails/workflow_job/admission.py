"""Sees to it that a run which was submitted twice runs once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from miniwdl_aws_core.state import claim_run
from miniwdl_aws_hooks.protocol import ENV_SUBMISSION
from miniwdl_aws_s3_rails.errors import AlreadyBegunError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_hooks import Settings

__all__ = ["claim"]

logger = logging.getLogger("miniwdl_aws_s3_rails")


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
