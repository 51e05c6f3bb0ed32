"""
Why a job failed, and what follows: one table, tried from top to bottom.

The texts are those that AWS Batch, the ECS agent and docker were seen to write (:mod:`.signs`); each rule says where it
looks for them. A text that no rule knows is the last one's: a fault of the infrastructure, since the tool's own errors
have an exit code. The documentation's tables of failures are made from this one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.failures import signs
from miniwdl_aws_batch_backend.failures.waiting import explain
from miniwdl_aws_batch_backend.workdir.wrapper import ALREADY_BEGUN, MOUNT_MISSING
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_hooks import FailureClass, FailurePolicy, FailureVerdict, JobFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["GIVEN_UP", "RULES", "VANISHED", "Evidence", "Rule", "classify"]

KILLED = 137
"""Exit code of a container whose process was killed: often for want of memory."""
STOPPED = 143
"""The same of one that was asked to end, by SIGTERM."""
GIVEN_UP = "[aws] runnable_timeout"
"""Begins the statusReason that this backend makes up for a job which it stopped for waiting too long."""
VANISHED = "AWS Batch does not know the job any more"
"""The statusReason that this backend makes up for a job which is missing from DescribeJobs' answers."""
_ECR_HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@dataclass(frozen=True)
class Evidence:
    """What the rules look at."""

    job: Job
    exit_file: int | None
    """What the wrapper wrote down."""
    begun: bool | None = None
    """Whether the wrapper began; ``None`` when that isn't known."""

    @property
    def text(self) -> str:
        """All reasons."""
        return "; ".join(self.job.reasons)

    @property
    def plain(self) -> str:
        """All reasons without names that are somebody's choice."""
        return signs.plain(self.text, self.job.image)

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
    """What the user reads; ``{reason}``, ``{code}`` and ``{image}`` are filled in, in the advice as well."""
    applies: Callable[[Evidence], bool]
    advice: str = ""
    """What to do about it."""
    examples: Sequence[tuple[str, str]] = ()
    """Kinds of it, each with a text that was seen, for the documentation."""


def _says(pattern: str) -> Callable[[Evidence], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda evidence: compiled.search(evidence.text) is not None


_refused = _says(
    r"Container Overrides length|number of tags|tags? .*exceed|InvalidParameterException|unable to assume the role"
)


def _not_pulled(evidence: Evidence) -> bool:
    return signs.NO_PULL(evidence.plain)


def _not_started(evidence: Evidence) -> bool:
    # With an exit code of the command's own it had started, whatever happened after that.
    return not evidence.exit_file and signs.CONTAINER_FAULT(evidence.plain)


def _never_began(evidence: Evidence) -> bool:
    # Without the file system the wrapper begins, and says so by its exit code. Who is killed at once proves nothing.
    return evidence.begun is False and evidence.job.exit_code not in (None, MOUNT_MISSING, KILLED, STOPPED)


def _is_forbidden(evidence: Evidence) -> bool:
    if signs.WILL_PASS(evidence.plain) or not signs.CAN_NOT_PASS(evidence.plain):
        return False
    # Of ECR it means that the agent had no token for once, or that the host's role may not get one: both were seen.
    return not ("no basic auth" in evidence.plain and signs.in_ecr(f"{evidence.text} {evidence.job.image}"))


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
        _says(r"Host EC2 (\(instance [^)]*\) )?(terminated|stopped)"),
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
        "`Container Overrides length must be`, too many tags, or a role of the job that ECS can't assume",
        "AWS Batch took the job and then refused it: {reason}",
        lambda evidence: not _not_pulled(evidence) and _refused(evidence),
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
        lambda evidence: signs.OUT_OF_MEMORY(evidence.plain),
    ),
    Rule(
        FailureClass.IMAGE_NO_SPACE,
        FailurePolicy.INFRASTRUCTURE,
        "`CannotPull...` with `no space left on device`",
        "the host's disk was too full for the image: {reason}",
        lambda evidence: _not_pulled(evidence) and signs.NO_SPACE(evidence.plain),
        advice="a larger disk in the hosts' launch template has room for more and larger images",
        examples=[("the host's disk is full", "failed to register layer: no space left on device")],
    ),
    Rule(
        FailureClass.IMAGE_PLATFORM,
        FailurePolicy.FAIL,
        "`no matching manifest for linux/...`, `exec format error`",
        "the image is not made for the processors of the job's host: {reason}",
        lambda evidence: (_not_pulled(evidence) or _not_started(evidence)) and signs.WRONG_PLATFORM(evidence.plain),
        advice="build it for them (`docker buildx build --platform linux/amd64,linux/arm64`), or name a queue whose "
        "instance types have the image's architecture",
        examples=[
            (
                "the image is for other processors",
                "no matching manifest for linux/arm64/v8 in the manifest list entries",
            )
        ],
    ),
    Rule(
        FailureClass.IMAGE_FORBIDDEN,
        FailurePolicy.FAIL,
        "`CannotPull...` with `unauthorized`, `denied`, `not found`, `manifest unknown` or an invalid name",
        "the image does not exist, or the host may not pull it: {reason}",
        lambda evidence: _not_pulled(evidence) and _is_forbidden(evidence),
        examples=[
            (
                "there is no such image, or the host's role may not pull it",
                "pull access denied for some/nonsense, repository does not exist or may require 'docker login'",
            ),
            ("there is no such tag", "manifest for redacted:latest not found: manifest unknown"),
            ("the name is malformed", "invalid reference format"),
        ],
    ),
    Rule(
        FailureClass.IMAGE_TRANSIENT,
        FailurePolicy.INFRASTRUCTURE,
        "any other `CannotPull...`: an expired token, `toomanyrequests`, `context canceled`, a timeout",
        "the image could not be pulled this time: {reason}",
        _not_pulled,
        examples=[
            ("the host's token for ECR has expired", "denied: Your authorization token has expired."),
            ("the host had no token for ECR", f"Get https://{_ECR_HOST}/v2/: no basic auth credentials"),
            ("the registry's limit", "toomanyrequests: You have reached your pull rate limit."),
            ("the network", "dial tcp 34.205.13.154:443: i/o timeout"),
        ],
    ),
    Rule(
        FailureClass.IMAGE_NO_COMMAND,
        FailurePolicy.FAIL,
        '`CannotStartContainerError` with `exec: "...": no such file`, `executable file not found` or '
        "`permission denied`",
        "the image lacks the program with which its container begins: {reason}",
        lambda evidence: _not_started(evidence) and signs.NO_PROGRAM(evidence.plain),
        advice="a task's image needs /bin/sh, and [task_runtime] command_shell, which is /bin/bash unless you set it",
    ),
    Rule(
        FailureClass.CONTAINER_START,
        FailurePolicy.INFRASTRUCTURE,
        "`CannotStartContainerError`, `CannotCreateContainerError`, `CannotInspectContainerError`, "
        "`DockerTimeoutError`, `CgroupError`, `ResourceInitializationError`, `Task failed to start`",
        "the container could not be started, or the host lost sight of it: {reason}",
        _not_started,
    ),
    Rule(
        FailureClass.IMAGE_ENTRYPOINT,
        FailurePolicy.FAIL,
        "an exit code, 0 included, although the wrapper of the task's command has left nothing, not even its claim",
        "the image {image} has an ENTRYPOINT that does not run the task's command, which AWS Batch can't override; the "
        "container ended with exit code {code}, and the command never began",
        _never_began,
        advice="name an image made from it by a Dockerfile of two lines, `FROM {image}` and `ENTRYPOINT []`; or else, "
        "if the job's log says `exec format error`, one for the host's processors",
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
        "none of the signs above: no exit code anywhere, and no reason that is known",
        "the job failed without an exit code: {reason}",
        lambda _evidence: True,
    ),
)


def classify(failure: JobFailure) -> FailureVerdict:
    """Find the first rule that applies; the last one always does."""
    evidence = Evidence(Job.of(failure.job), failure.exit_file, failure.begun)
    rule = next(rule for rule in RULES if rule.applies(evidence))
    message = "; ".join(
        text for text in (_filled_in(rule.message, evidence), _filled_in(rule.advice, evidence)) if text
    )
    if rule.failure_class is FailureClass.TOOL_ERROR and evidence.code == KILLED:
        message += ": something killed it (SIGKILL), often for want of memory"
    if rule.failure_class is FailureClass.TIMEOUT and evidence.begun is False:
        message += "; its command never began: the image may have an ENTRYPOINT that does not run it and never ends"
    if rule.failure_class is FailureClass.STUCK_IN_QUEUE and (words := explain(evidence.text)):
        message += f": {words}"
    return FailureVerdict(rule.failure_class, rule.policy, message)


def _filled_in(words: str, evidence: Evidence) -> str:
    reason, image = evidence.text or "AWS gives no reason", evidence.job.image or "of the task"
    return words.format(reason=reason, code=evidence.code, image=image)
