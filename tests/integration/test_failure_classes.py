"""Every way in which a job can fail: what becomes of its task, and what error.json tells of it."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import WDL
from WDL.runtime import config

from miniwdl_aws_batch_backend.backend import BatchBackend
from miniwdl_aws_local_cloud import CloudSettings, Fault, FaultKind, LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TASK = """version 1.1
task {name} {{
    command <<<
        {command}
    >>>
    output {{ String said = read_string(stdout()) }}
    runtime {{
        docker: "ubuntu:22.04"
        {runtime}
    }}
}}
"""
INSTANCE = "i-0123456789abcdef0"
STOPPED = f"Host EC2 (instance {INSTANCE}) stopped."
TOO_BIG = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement is higher than that can be met."


def pull(words: str) -> str:
    return f"CannotPullContainerError: Error response from daemon: {words}"


@dataclass
class Outcome:
    """What became of a run."""

    output: str | None
    error: Mapping[str, Any]
    """The cause in error.json."""
    jobs: Sequence[Mapping[str, Any]]
    """JobDetails of all tries, in order."""
    log: str

    @property
    def queues(self) -> list[str]:
        return [job["jobQueue"].rpartition("/")[2] for job in self.jobs]

    @property
    def memory(self) -> list[int]:
        needs = [need for job in self.jobs for need in job["container"]["resourceRequirements"]]
        return [int(need["value"]) for need in needs if need["type"] == "MEMORY"]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), CloudSettings(stop_timeout=0.5)) as running:
        yield running


@dataclass
class Runner:
    """Runs a task by miniwdl in this process."""

    cloud: LocalCloud
    caplog: pytest.LogCaptureFixture
    batch: Any = field(init=False)

    def __post_init__(self) -> None:
        self.batch = boto3.client("batch", **self.cloud.client_options)

    def __call__(self, name: str, command: str, runtime: str, options: Mapping[str, Any]) -> Outcome:
        root = Path(self.cloud.environ["MINIWDL__FILE_IO__ROOT"])
        source = root / f"{name}.wdl"
        source.write_text(TASK.format(name=name, command=command, runtime=runtime))
        (system,) = boto3.client("fsx", **self.cloud.client_options).describe_file_systems()["FileSystems"]
        aws = {
            "task_queue": "task",
            "task_queue_fallback": "task-fallback",
            "fs": system["FileSystemId"],
            "describe_period_min": 0.05,
            "describe_period_max": 0.1,
            "infrastructure_retries": 1,
            "retry_wait": 0,
            **options,
        }
        overrides = {"scheduler": {"container_backend": "aws_batch"}, "file_io": {"root": str(root)}, "aws": aws}
        cfg = config.Loader(logging.getLogger("test"), filenames=[], overrides=overrides)
        task = WDL.load(str(source)).tasks[0]
        folder = root / "runs" / name
        output, error = None, {}
        try:
            _, outputs = WDL.runtime.run(cfg, task, WDL.Env.Bindings(), run_dir=f"{folder}/.")
            output = outputs["said"].value
        except WDL.runtime.RunFailed:
            error = json.loads((folder / "error.json").read_text())["cause"]
        finally:
            BatchBackend._global_init = False  # the next run starts as a new process would
        return Outcome(output, error, self.jobs(name), self.caplog.text)

    def jobs(self, name: str) -> list[dict[str, Any]]:
        ids = [
            job["jobId"]
            for queue in ("task", "task-fallback")
            for job in self.batch.list_jobs(jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [f"{name}-*"]}])[
                "jobSummaryList"
            ]
        ]
        return sorted(self.batch.describe_jobs(jobs=ids)["jobs"], key=lambda job: job["createdAt"]) if ids else []


@pytest.fixture
def run(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Runner]:
    for name, value in cloud.environ.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_BATCH_JOB_ID", raising=False)
    caplog.set_level(logging.INFO)
    yield Runner(cloud, caplog)
    cloud.faults.clear()


@dataclass
class Case:
    """What happens to a task's jobs, and what follows."""

    faults: Sequence[Fault] = ()
    command: str = "echo done"
    runtime: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    queues: str = "task"
    """Of all tries, in order."""
    failure: str | None = None
    """Class of the failure at last; ``None`` when all goes well at last."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Of the failure."""
    log: Sequence[str] = ()
    """What the run's log says."""
    memory: Sequence[int] | None = None
    """MiB of all tries."""
    max_lag: float | None = None
    """Seconds that AWS Batch may not know a job, in place of minutes."""


def always(kind: FaultKind, **more: Any) -> list[Fault]:
    return [Fault(kind, **more, times=None)]


def once(kind: FaultKind, **more: Any) -> list[Fault]:
    return [Fault(kind, **more)]


K = FaultKind
TWICE = "task task"
SLEEP = "exec sleep 60"
CASES = {
    "tool_error": Case(
        command="seq 30 >&2; exit 3", runtime="maxRetries: 1", queues=TWICE, failure="tool-error",
        facts={"exit_status": 3, "exitCode": 3, "statusReason": "Essential container in task exited",
               "stderr": [str(number) for number in range(11, 31)]},
    ),
    "accepted_exit_code": Case(command="echo done; exit 3", runtime="returnCodes: 3"),
    "killed_for_no_known_reason": Case(
        always(K.KILL, seconds=0.1), SLEEP, failure="tool-error", facts={"exit_status": 137},
    ),
    "out_of_memory": Case(
        always(K.OUT_OF_MEMORY, seconds=0.1), f"echo greedy >&2; {SLEEP}", 'maxRetries: 1 memory: "2 GiB"',
        queues=TWICE, failure="out-of-memory", memory=[1690, 1690],
        facts={"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage",
               "stderr": ["greedy"]},
    ),
    "out_of_memory_then_more": Case(
        once(K.OUT_OF_MEMORY), "sleep 0.2; echo done", 'maxRetries: 1 memory: "2 GiB"',
        {"memory_retry_multiplier": 2}, queues=TWICE, memory=[1690, 3636], log=["more memory"],
    ),
    "out_of_memory_up_to_the_cap": Case(
        always(K.OUT_OF_MEMORY), SLEEP, 'maxRetries: 2 memory: "2 GiB"',
        {"memory_retry_multiplier": 1.25, "memory_retry_max": 3}, queues="task task task", failure="out-of-memory",
        memory=[1690, 2176, 2663],
    ),
    "spot": Case(
        always(K.HOST_LOST, queue="task"), "sleep 0.2; echo done", "preemptible: 2",
        queues="task task task-fallback",
    ),
    "spot_stopped_everywhere": Case(
        always(K.HOST_LOST, reason=STOPPED, seconds=0.1), SLEEP, "preemptible: 1", queues="task task-fallback",
        failure="host-lost", facts={"error": "Interrupted", "statusReason": STOPPED, "instanceId": INSTANCE},
    ),
    "spot_in_the_last_attempt_only": Case(
        always(K.HOST_LOST, queue="task", only_in_attempt=True, exit_code=143), "sleep 0.2; echo done",
        "preemptible: 1", queues="task task-fallback",
    ),
    "host_lost_without_preemptible": Case(
        once(K.HOST_LOST), "sleep 0.2; echo done", "maxRetries: 1", queues="task task-fallback",
    ),
    "image_busy": Case(once(K.START_FAILURE, reason=pull("toomanyrequests: Rate exceeded")), queues=TWICE),
    "image_always_busy": Case(
        always(K.START_FAILURE, reason=pull("context canceled")), queues=TWICE, failure="image-transient",
        facts={"reason": pull("context canceled"), "statusReason": "Task failed to start"},
    ),
    "image_always_busy_and_retries": Case(
        always(K.START_FAILURE, reason=pull("context canceled")), runtime="maxRetries: 1", queues=f"{TWICE} {TWICE}",
        failure="image-transient",
    ),
    "image_forbidden": Case(
        always(K.START_FAILURE, reason=pull("unauthorized: authentication required")),
        runtime="maxRetries: 3", failure="image-forbidden",
    ),
    "image_absent": Case(always(K.START_FAILURE), runtime="maxRetries: 3", failure="image-forbidden"),
    "image_without_space": Case(
        always(K.START_FAILURE, reason=pull("write /var/lib/docker/tmp: no space left on device")), queues=TWICE,
        failure="image-no-space",
    ),
    "container_does_not_start": Case(
        always(K.START_FAILURE, reason="CannotStartContainerError: Error response from daemon: no such device"),
        queues=TWICE, failure="container-start",
    ),
    "container_out_of_sight": Case(
        always(K.NO_EXIT_CODE, reason="CannotInspectContainerError: Could not transition to inspecting; timed out "
               "after waiting 30s"), queues=TWICE, failure="container-start",
    ),
    "timeout": Case(
        always(K.TIMEOUT, seconds=0.2), SLEEP, "maxRetries: 1", queues=TWICE, failure="timeout",
        facts={"statusReason": "Job attempt duration exceeded timeout"},
    ),
    "mount_missing_once": Case(once(K.MOUNT_MISSING), queues=TWICE),
    "mount_missing": Case(always(K.MOUNT_MISSING), queues=TWICE, failure="mount-missing", facts={"exitCode": 76}),
    "limit_of_the_queue": Case(
        always(K.QUEUE_LIMIT, seconds=0.1, reason=TOO_BIG), runtime="maxRetries: 2", failure="stuck-in-queue",
        facts={"statusReason": f"Canceled by JobStateTimeLimit action due to reason: {TOO_BIG}"},
        log=["no instance type of the queue has the vCPUs, memory and GPUs asked for"],
    ),
    "FAILED_but_exit_file_0": Case(once(K.CONFLICTING_EXIT, exit_code=137), queues=TWICE),
    "FAILED_but_exit_file_0_always": Case(
        always(K.CONFLICTING_EXIT), queues=TWICE, failure="conflicting-exit", facts={"exitCode": 1},
    ),
    "exit_code_only_in_the_file": Case(
        always(K.NO_EXIT_CODE), "exit 5", failure="tool-error", facts={"exit_status": 5},
    ),
    "no_exit_code_at_all": Case(
        always(K.NO_EXIT_CODE, reason="mystery"), "kill -9 $PPID; sleep 60", queues=TWICE, failure="unknown",
        facts={"statusReason": "mystery"},
    ),
    "stuck": Case(
        always(K.STUCK, reason=TOO_BIG), runtime="maxRetries: 2", options={"runnable_timeout": 0.3},
        failure="stuck-in-queue", log=["waits for a host", "no instance type of the queue", "position"],
    ),
    "stuck_for_a_while": Case(
        once(K.STUCK, seconds=0.9), options={"describe_period_min": 0.5, "describe_period_max": 5,
                                               "runnable_timeout": 0.6}, log=["EC2 has no such instances"],
    ),
    "not_visible_yet": Case(always(K.INVISIBLE, seconds=0.3)),
    "never_visible": Case(
        always(K.INVISIBLE, seconds=3600), max_lag=0.2, queues="", failure="job-vanished",
        facts={"statusReason": "AWS Batch does not know the job any more"},
    ),
    "trouble_with_the_API": Case(
        [Fault(K.THROTTLE, operation="SubmitJob", times=2), Fault(K.ERROR, operation="DescribeJobs", times=2),
         Fault(K.ERROR, operation="SubmitJob", times=1)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_follows(run: Runner, cloud: LocalCloud, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    if case.max_lag is not None:
        monkeypatch.setattr("miniwdl_aws_batch_backend.process.engine.MAX_LAG", case.max_lag)
    cloud.faults.add(case.faults)
    outcome = run(name, case.command, case.runtime, case.options)
    assert outcome.output == (None if case.failure else "done"), outcome.log
    assert outcome.queues == case.queues.split()
    assert case.memory in (None, outcome.memory)
    for words in case.log:
        assert words in outcome.log
    if case.failure:
        check_report(outcome, case)


def test_stopped_by_somebody(run: Runner) -> None:
    def stop_the_first() -> None:
        while not (running := [job for job in run.jobs("unwanted") if job["status"] == "RUNNING"]):
            pause.wait(0.05)
        run.batch.terminate_job(jobId=running[0]["jobId"], reason="not needed any more")

    pause = threading.Event()
    somebody = threading.Thread(target=stop_the_first)
    somebody.start()
    case = Case(failure="stopped-by-user", facts={"statusReason": "not needed any more"})
    outcome = run("unwanted", SLEEP, "maxRetries: 3", {})
    somebody.join()
    assert outcome.queues == ["task"]
    check_report(outcome, case)


def check_report(outcome: Outcome, case: Case) -> None:
    error = outcome.error
    assert error["class"] == case.failure
    assert {key: error.get(key) for key in case.facts} == case.facts
    assert error["explanation"]
    assert error["jobId"]
    if outcome.jobs:
        job = outcome.jobs[-1]
        assert error["jobId"] == job["jobId"]
        for key in ("logStreamName", "containerInstanceArn", "taskArn"):
            assert error.get(key) == job["container"].get(key)
        assert error["jobQueue"] == job["jobQueue"]
