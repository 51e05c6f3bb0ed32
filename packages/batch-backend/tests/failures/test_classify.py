"""Answers of DescribeJobs as AWS was seen to give them, and what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from miniwdl_aws_batch_backend.failures.classify import RULES, classify
from miniwdl_aws_hooks import FailureClass, FailurePolicy, JobFailure

EXITED = "Essential container in task exited"
HOST = "Host EC2 (instance i-08784105ffff56b4f) terminated."


def job(why: str | None = EXITED, *, exit_code: int | None = None, reason: str | None = None, **more: Any) -> dict:
    container: dict[str, Any] = {}
    if exit_code is not None:
        container["exitCode"] = exit_code
    if reason is not None:
        container["reason"] = reason
    answer: dict[str, Any] = {"jobId": "j", "status": "FAILED", "container": container, "attempts": [], **more}
    if why is not None:
        answer["statusReason"] = why
    return answer


def attempt(status: str | None = None, exit_code: int | None = None, reason: str | None = None) -> dict[str, Any]:
    return {"attempts": [{"statusReason": "an earlier one"}, {
        **({"statusReason": status} if status else {}),
        "container": {**({"exitCode": exit_code} if exit_code else {}), **({"reason": reason} if reason else {})},
    }]}  # fmt: skip


PULL = "Task failed to start - CannotPullContainerError: "
C, P = FailureClass, FailurePolicy
CASES = [
    ("a tool's error", job(exit_code=1), 1, C.TOOL_ERROR, P.RETRY),
    ("its exit code only in the exit file", job("mystery"), 3, C.TOOL_ERROR, P.RETRY),
    ("its exit code only in the last attempt", job(**attempt(exit_code=4)), None, C.TOOL_ERROR, P.RETRY),
    ("killed, nobody says why", job(exit_code=137), 137, C.TOOL_ERROR, P.RETRY),
    ("a tool that exits with our code", job(exit_code=76), 76, C.TOOL_ERROR, P.RETRY),
    ("out of memory", job(exit_code=137, reason="OutOfMemoryError: Container killed due to memory usage"), 137,
     C.OUT_OF_MEMORY, P.RETRY),
    ("out of memory, wrapper killed too", job(exit_code=137, reason="OutOfMemoryError: container killed due to ..."),
     None, C.OUT_OF_MEMORY, P.RETRY),
    ("spot loss", job(HOST), None, C.HOST_LOST, P.INTERRUPTED),
    ("spot loss, the tool got SIGTERM", job(HOST, exit_code=143), 143, C.HOST_LOST, P.INTERRUPTED),
    ("spot loss, other wording", job(HOST.replace("terminated", "stopped")), None, C.HOST_LOST, P.INTERRUPTED),
    ("spot loss, only in the last attempt", job(None, **attempt(HOST)), None, C.HOST_LOST, P.INTERRUPTED),
    ("spot loss after the command ended", job(HOST), 0, C.HOST_LOST, P.INTERRUPTED),
    ("pull: rate limit", job(PULL + "Error response from daemon: toomanyrequests: Too Many Requests"), None,
     C.IMAGE_TRANSIENT, P.INFRASTRUCTURE),
    ("pull: cancelled", job(PULL + "context canceled"), None, C.IMAGE_TRANSIENT, P.INFRASTRUCTURE),
    ("pull: only in the container's reason", job("Task failed to start", reason="CannotPullContainerError: timeout"),
     None, C.IMAGE_TRANSIENT, P.INFRASTRUCTURE),
    ("pull: manifest", job("CannotPullImageManifestError: connection reset"), None,
     C.IMAGE_TRANSIENT, P.INFRASTRUCTURE),
    ("pull: unauthorized", job(PULL + "unauthorized: authentication required"), None, C.IMAGE_FORBIDDEN, P.FAIL),
    ("pull: absent", job(PULL + "manifest unknown"), None, C.IMAGE_FORBIDDEN, P.FAIL),
    ("pull: no room", job(PULL + "write /var/lib/docker: no space left on device"), None,
     C.IMAGE_NO_SPACE, P.INFRASTRUCTURE),
    ("pull: expired token", job(PULL + "pull access denied for a/b, repository does not exist or may require 'docker "
     "login': denied: Your authorization token has expired. Reauthenticate and try again."), None,
     C.IMAGE_TRANSIENT, P.INFRASTRUCTURE),
    ("pull: processors", job(PULL + "no matching manifest for linux/arm64/v8 in the manifest list entries"), None,
     C.IMAGE_PLATFORM, P.FAIL),
    ("start: processors", job("Task failed to start - CannotStartContainerError: exec /bin/sh: exec format error"),
     None, C.IMAGE_PLATFORM, P.FAIL),
    ("start: no shell", job('Task failed to start - CannotStartContainerError: exec: "/bin/sh": stat /bin/sh: no such '
     'file or directory'), None, C.IMAGE_NO_COMMAND, P.FAIL),
    ("no role", job("ECS was unable to assume the role 'r'"), None, C.JOB_REJECTED, P.FAIL),
    ("start", job("Task failed to start - CannotStartContainerError: no such device"), None,
     C.CONTAINER_START, P.INFRASTRUCTURE),
    ("inspect", job("CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s"),
     None, C.CONTAINER_START, P.INFRASTRUCTURE),
    ("inspect, but the tool failed", job("CannotInspectContainerError: timed out"), 2, C.TOOL_ERROR, P.RETRY),
    ("docker", job("DockerTimeoutError: Could not transition to created"), None, C.CONTAINER_START, P.INFRASTRUCTURE),
    ("cgroup", job("CgroupError: Agent could not create task's platform resources"), None,
     C.CONTAINER_START, P.INFRASTRUCTURE),
    ("mount", job(exit_code=76), None, C.MOUNT_MISSING, P.INFRASTRUCTURE),
    ("submitted twice", job(exit_code=73), 0, C.ALREADY_BEGUN, P.INFRASTRUCTURE),
    ("a tool that exits with that code", job(exit_code=73), 73, C.TOOL_ERROR, P.RETRY),
    ("timeout", job("Job attempt duration exceeded timeout", exit_code=137, isTerminated=False), None,
     C.TIMEOUT, P.RETRY),
    ("stopped", job("no longer needed", exit_code=143, isTerminated=True), 143, C.STOPPED_BY_USER, P.FAIL),
    ("cancelled", job("wrong file", isCancelled=True), None, C.STOPPED_BY_USER, P.FAIL),
    ("queue's time limit", job("Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_"
     "CAPACITY", isCancelled=True), None, C.STUCK_IN_QUEUE, P.FAIL),
    ("overrides", job("Container Overrides length must be at most 8192"), None, C.JOB_REJECTED, P.FAIL),
    ("FAILED, but all went well", job("something"), 0, C.CONFLICTING_EXIT, P.INFRASTRUCTURE),
    ("FAILED with an exit code, but all went well", job(exit_code=137), 0, C.CONFLICTING_EXIT, P.INFRASTRUCTURE),
    ("gone from Batch", job("AWS Batch does not know the job any more"), 143, C.JOB_VANISHED, P.INFRASTRUCTURE),
    ("nothing at all", job(None), None, C.UNKNOWN, P.INFRASTRUCTURE),
]  # fmt: skip


@pytest.mark.parametrize(
    ("detail", "exit_file", "failure_class", "policy"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_classes(detail: dict, exit_file: int | None, failure_class: FailureClass, policy: FailurePolicy) -> None:
    verdict = classify(JobFailure(job=detail, exit_file=exit_file, stderr_tail=""))
    assert (verdict.failure_class, verdict.policy) == (failure_class, policy)
    assert verdict.message
    assert "{" not in verdict.message


NEVER_BEGAN = [
    ("a tool as entrypoint", job(exit_code=1), None, C.IMAGE_ENTRYPOINT, P.FAIL),
    ("one that ends well", job(exit_code=0, status="SUCCEEDED"), None, C.IMAGE_ENTRYPOINT, P.FAIL),
    ("no file system", job(exit_code=76), None, C.MOUNT_MISSING, P.INFRASTRUCTURE),
    ("killed at once", job(exit_code=137), None, C.TOOL_ERROR, P.RETRY),
    ("stopped at once", job(exit_code=143), None, C.TOOL_ERROR, P.RETRY),
    ("lost at once", job(HOST, exit_code=1), None, C.HOST_LOST, P.INTERRUPTED),
    ("out of memory at once", job(exit_code=137, reason="OutOfMemoryError: Container killed due to memory usage"), None,
     C.OUT_OF_MEMORY, P.RETRY),
    ("no container", job("Task failed to start", exit_code=128, reason="CannotStartContainerError: no such device"),
     None, C.CONTAINER_START, P.INFRASTRUCTURE),
    ("nothing is known", job(None), None, C.UNKNOWN, P.INFRASTRUCTURE),
    ("for ever", job("Job attempt duration exceeded timeout", exit_code=137), None, C.TIMEOUT, P.RETRY),
]  # fmt: skip


@pytest.mark.parametrize(
    ("detail", "exit_file", "failure_class", "policy"), [case[1:] for case in NEVER_BEGAN],
    ids=[case[0] for case in NEVER_BEGAN],
)  # fmt: skip
def test_a_command_that_never_began(detail: dict, exit_file: None, failure_class: FailureClass, policy) -> None:
    verdict = classify(JobFailure(job=detail, exit_file=exit_file, stderr_tail="", begun=False))
    assert (verdict.failure_class, verdict.policy) == (failure_class, policy)


def test_the_image_and_a_way_out_are_named() -> None:
    detail = job(exit_code=0)
    detail["container"]["image"] = "quay.io/{odd}/tool:1"
    message = classify(JobFailure(job=detail, exit_file=None, stderr_tail="", begun=False)).message
    assert message.startswith("the image quay.io/{odd}/tool:1 has an ENTRYPOINT")
    assert "exit code 0" in message
    assert "`FROM quay.io/{odd}/tool:1` and `ENTRYPOINT []`" in message


def test_an_entrypoint_that_never_ends_is_hinted_at() -> None:
    detail = job("Job attempt duration exceeded timeout")
    hinted = [
        "ENTRYPOINT" in classify(JobFailure(job=detail, exit_file=None, stderr_tail="", begun=begun)).message
        for begun in (False, True, None)
    ]
    assert hinted == [True, False, False]


def test_every_class_has_a_rule_and_every_rule_a_case() -> None:
    assert {rule.failure_class for rule in RULES} == set(FailureClass)
    assert {case[3] for case in [*CASES, *NEVER_BEGAN]} == set(FailureClass)


def test_an_unexplained_kill_is_explained() -> None:
    verdict = classify(JobFailure(job=job(exit_code=137), exit_file=137, stderr_tail=""))
    assert "memory" in verdict.message


def test_reasons_with_braces_are_shown_as_they_are() -> None:
    verdict = classify(JobFailure(job=job("{oops} {0}"), exit_file=None, stderr_tail=""))
    assert "{oops} {0}" in verdict.message
