"""
Tells AWS Batch where the run will be, and how it ended, by tags of the workflow job: whoever looks at it reads them.

That is all that every submitter can see: a laptop reaches neither the shared file system, nor always the bucket or the
log. A run that can't tell it fails no more and no less for that.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.run_end import RunEnd
from miniwdl_aws_core.run_files import cause_of
from miniwdl_aws_hooks import MiniwdlAwsError
from miniwdl_aws_hooks.protocol import ENV_SUBMISSION, RUN_PATH_TAG
from miniwdl_aws_s3_rails.workflow_job.reason import hint_of, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Farewell", "was_stopped"]

logger = logging.getLogger("miniwdl_aws_s3_rails")

TIMEOUT = 5
"""Seconds that a request may take to connect, and then to be answered: AWS Batch may have asked the job to end."""
ATTEMPTS = 3


class Farewell:
    """Collects what is known of the end of a run, and says it."""

    def __init__(self) -> None:
        self.end = RunEnd()
        self._begun: threading.Thread | None = None
        self._deleted = False

    def begins(self, run_dir: str, results_to: str, environ: Mapping[str, str]) -> None:
        """
        Tell AWS Batch where the run will be, in a thread of its own: nothing waits for it.

        :param results_to: URI of the folder that its products will go to; empty when they stay where they are.
        """
        told = RunEnd(run_dir=run_dir, results_to=results_to).written()
        self._begun = threading.Thread(
            target=_say, args=(environ, told, "where the run is"), name="beginning", daemon=True
        )
        self._begun.start()

    def ran(self, said: Mapping[str, Any], code: int) -> None:
        """
        Take note of how miniwdl ended.

        :param said: what it printed, as JSON; empty when that was none.
        """
        self.end = replace(self.end, run_dir=str(said.get("dir") or ""))
        if code and not was_stopped(said):  # who has stopped it knows why
            self.end = replace(self.end, why=reason_of(said, code), hint=hint_of(said))

    def uploaded(self, folder: str) -> None:
        """Take note of where the products are now."""
        self.end = replace(self.end, results=folder)

    def reported(self, words: str) -> None:
        """Take note of what its report says, and where it is."""
        self.end = replace(self.end, report=words)

    def deleted(self) -> None:
        """Take note that the run directory is gone."""
        self.end, self._deleted = replace(self.end, run_dir=""), True

    def failed(self, error: MiniwdlAwsError) -> None:
        """Take note of what went wrong around miniwdl."""
        why = f"{self.end.why}; besides, {error.message}" if self.end.why else error.message
        self.end = replace(self.end, why=why, hint=error.hint or self.end.hint)

    def say(self, environ: Mapping[str, str]) -> None:
        """Tell AWS Batch, where this is a job that was submitted as the job of a run."""
        if self._begun:
            self._begun.join(TIMEOUT)  # what it says must not come after what is said now
        gone = {RUN_PATH_TAG: ""} if self._deleted and self._begun else {}
        _say(environ, {**gone, **self.end.written()}, "how the run ended")


def was_stopped(said: Mapping[str, Any]) -> bool:
    """Whether miniwdl says that it ended since a signal told it to."""
    return cause_of(said).get("error") == "Terminated"


def _say(environ: Mapping[str, str], tags: dict[str, str], what: str) -> None:
    job_id = environ.get("AWS_BATCH_JOB_ID")
    if not (job_id and environ.get(ENV_SUBMISSION) and tags):
        return
    try:
        _tag(job_id, tags)
    except MiniwdlAwsError as exc:
        logger.warning("AWS Batch could not be told %s: %s", what, exc.message)


def _tag(job_id: str, tags: dict[str, str]) -> None:
    from miniwdl_aws_core.aws.errors import translated
    from miniwdl_aws_core.aws.session import connect

    client = connect("batch", attempts=ATTEMPTS, connect_timeout=TIMEOUT, read_timeout=TIMEOUT)
    with translated("look up this job"):
        # A job knows its id alone; the rest of its ARN is the account's, and the partition's.
        arn = client.describe_jobs(jobs=[job_id])["jobs"][0]["jobArn"]
    with translated("tag this job"):
        client.tag_resource(resourceArn=arn, tags=tags)
