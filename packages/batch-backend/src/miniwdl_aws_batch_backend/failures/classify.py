"""
Why a job failed, and what follows: one table, tried from top to bottom.

The texts are those that AWS Batch and the ECS agent were seen to write; each rule says where it looks for them. The
documentation's table of failures is made from this one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.failures.waiting import explain
from miniwdl_aws_batch_backend.workdir.wrapper import ALREADY_BEGUN, MOUNT_MISSING
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_hooks import FailureClass, FailurePolicy, FailureVerdict, JobFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["GIVEN_UP", "RULES", "VANISHED", "Evidence", "Rule", "classify"]

OUT_OF_MEMORY_EXIT = 137
GIVEN_UP = "[aws] runnable_timeout"
"""Begins the statusReason that this backend makes up for a job which it stopped for waiting too long."""
VANISHED = "AWS Batch does not know the job any more"
"""The statusReason that this backend makes up for a job which is missing from DescribeJobs' answers."""


@dataclass(frozen=True)
class Evidence:
    """What the rules look at."""

    job: Job
    exit_file: int | None
    """What the wrapper wrote down."""

    @property
    def text(self) -> str:
        """All reasons."""
        return "; ".join(self.job.reasons)

    @property
    def code(self) -> int | None:
        """The tool's exit code, from wherever it is known."""
        return self.job.exit_code if self.job.exit_code is not None else self.exit_file


@dataclass(frozen=True)
class Rule:
    """One way to fail."""

    failure_class: FailureClass
    policy: FailurePolicy
    sign: str
    """By what it is recognized, for the documentation."""
    message: str
    """What the user reads; ``{reason}`` and ``{code}`` are filled in."""
    applies: Callable[[Evidence], bool]


def _says(pattern: str) -> Callable[[Evidence], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda evidence: compiled.search(evidence.text) is not None


_NOT_PULLED = _says(r"CannotPull\w*Error|failed to (pull|resolve)|pull ?image")
_NO_SPACE = _says(r"no space left")
_FORBIDDEN = _says(r"unauthorized|denied|not found|manifest unknown|does not exist|invalid reference|no basic auth")
_NOT_STARTED = _says(
    r"Cannot(Start|Create|Inspect)ContainerError|DockerTimeoutError|CgroupError"
    r"|ResourceInitializationError|failed to start"
)

RULES: Sequence[Rule] = (
    Rule(
        FailureClass.JOB_VANISHED,
        FailurePolicy.INFRASTRUCTURE,
        "missing from DescribeJobs for five minutes, and when asked about alone",
        "AWS Batch took the job and does not know it any more",
        # Before all others: it was stopped as well, in case it still ran, and so may have left any exit code.
        _says(re.escape(VANISHED)),
    ),
    Rule(
        FailureClass.STUCK_IN_QUEUE,
        FailurePolicy.FAIL,
        "`Canceled by JobStateTimeLimit action`, or `[aws] runnable_timeout` is over",
        "the job waited for a host in vain: {reason}",
        _says(rf"JobStateTimeLimit action|{re.escape(GIVEN_UP)}"),
    ),
    Rule(
        FailureClass.TIMEOUT,
        FailurePolicy.RETRY,
        "`Job attempt duration exceeded timeout`",
        "the job ran longer than its runtime.timeout, or else [aws] job_timeout, allows",
        _says(r"attempt duration exceeded timeout"),
    ),
    Rule(
        FailureClass.HOST_LOST,
        FailurePolicy.INTERRUPTED,
        "`Host EC2 (instance i-...) terminated.` or `... stopped.`, of the job or only of its last attempt",
        "the job's host went away, probably a spot instance that was reclaimed: {reason}",
        _says(r"Host EC2 \(instance [^)]*\) (terminated|stopped)"),
    ),
    Rule(
        FailureClass.STOPPED_BY_USER,
        FailurePolicy.FAIL,
        "`isTerminated` or `isCancelled`, not by this run",
        "somebody stopped the job: {reason}",
        lambda evidence: evidence.job.was_stopped,
    ),
    Rule(
        FailureClass.JOB_REJECTED,
        FailurePolicy.FAIL,
        "`Container Overrides length must be`, or too many tags",
        "AWS Batch took the job and then refused it: {reason}",
        _says(r"Container Overrides length|number of tags|tags? .*exceed|InvalidParameterException"),
    ),
    Rule(
        FailureClass.MOUNT_MISSING,
        FailurePolicy.INFRASTRUCTURE,
        f"exit code {MOUNT_MISSING} of the wrapper, which leaves no exit file then",
        "the job's host did not have the shared file system mounted",
        lambda evidence: evidence.job.exit_code == MOUNT_MISSING and evidence.exit_file is None,
    ),
    Rule(
        FailureClass.ALREADY_BEGUN,
        FailurePolicy.INFRASTRUCTURE,
        f"exit code {ALREADY_BEGUN} of the wrapper, and no job of that name where it says that one has begun",
        "another job had begun in the task's place, and AWS Batch does not know it",
        lambda evidence: evidence.job.exit_code == ALREADY_BEGUN != evidence.exit_file,
    ),
    Rule(
        FailureClass.OUT_OF_MEMORY,
        FailurePolicy.RETRY,
        "`OutOfMemoryError` in the container's reason",
        "the task used more memory than it had asked for",
        _says(r"OutOfMemory"),
    ),
    Rule(
        FailureClass.IMAGE_NO_SPACE,
        FailurePolicy.INFRASTRUCTURE,
        "`CannotPull...` with `no space left on device`",
        "the host's disk was too full for the image: {reason}",
        lambda evidence: _NOT_PULLED(evidence) and _NO_SPACE(evidence),
    ),
    Rule(
        FailureClass.IMAGE_FORBIDDEN,
        FailurePolicy.FAIL,
        "`CannotPull...` with `unauthorized`, `denied`, `not found`, `manifest unknown` or an invalid name",
        "the image does not exist, or the host may not pull it: {reason}",
        lambda evidence: _NOT_PULLED(evidence) and _FORBIDDEN(evidence),
    ),
    Rule(
        FailureClass.IMAGE_TRANSIENT,
        FailurePolicy.INFRASTRUCTURE,
        "any other `CannotPull...`: `toomanyrequests`, `context canceled`, a timeout",
        "the image could not be pulled this time: {reason}",
        _NOT_PULLED,
    ),
    Rule(
        FailureClass.CONTAINER_START,
        FailurePolicy.INFRASTRUCTURE,
        "`CannotStartContainerError`, `CannotCreateContainerError`, `CannotInspectContainerError`, "
        "`DockerTimeoutError`, `CgroupError`, `ResourceInitializationError`, `Task failed to start`",
        "the container could not be started, or the host lost sight of it: {reason}",
        lambda evidence: not evidence.exit_file and _NOT_STARTED(evidence),
    ),
    Rule(
        FailureClass.CONFLICTING_EXIT,
        FailurePolicy.INFRASTRUCTURE,
        "FAILED, with whatever exit code, although the exit file says 0",
        "AWS Batch reports a failure, although the task's command ended well: {reason}",
        lambda evidence: evidence.exit_file == 0,
    ),
    Rule(
        FailureClass.TOOL_ERROR,
        FailurePolicy.RETRY,
        "an exit code, from Batch or from the exit file",
        "the task's command failed with exit code {code}",
        lambda evidence: bool(evidence.code),
    ),
    Rule(
        FailureClass.UNKNOWN,
        FailurePolicy.INFRASTRUCTURE,
        "no exit code anywhere, and no reason that is known",
        "the job failed without an exit code: {reason}",
        lambda _evidence: True,
    ),
)


def classify(failure: JobFailure) -> FailureVerdict:
    """Find the first rule that applies; the last one always does."""
    evidence = Evidence(Job.of(failure.job), failure.exit_file)
    rule = next(rule for rule in RULES if rule.applies(evidence))
    message = rule.message.format(reason=evidence.text or "AWS gives no reason", code=evidence.code)
    if rule.failure_class is FailureClass.TOOL_ERROR and evidence.code == OUT_OF_MEMORY_EXIT:
        message += ": something killed it (SIGKILL), often for want of memory"
    if rule.failure_class is FailureClass.STUCK_IN_QUEUE and (words := explain(evidence.text)):
        message += f": {words}"
    return FailureVerdict(rule.failure_class, rule.policy, message)
