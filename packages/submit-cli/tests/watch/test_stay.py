"""To stay with a run, whose jobs and whose log are made up."""

import json
from collections.abc import Iterator
from typing import Any

import pluggy
import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.run_end import RunEnd
from miniwdl_aws_hooks import ExitCode, FollowRequest, LogEvent, MiniwdlAwsError, hookimpl
from miniwdl_aws_submit_cli.options.surroundings import Surroundings
from miniwdl_aws_submit_cli.runs.session import Session
from miniwdl_aws_submit_cli.watch.stay import Manner, stay

NAME = "hello-0123456789"
FOLLOW = Manner(follow=True, plain=True)
RUNNABLE = {"status": "RUNNABLE"}
STUCK = {"status": "RUNNABLE", "statusReason": "UNDETERMINED"}
RUNNING = {"status": "RUNNING", "container": {"logStreamName": "s"}}
DONE = {"status": "SUCCEEDED", "container": {"exitCode": 0, "logStreamName": "s"}}
LINES = [
    "2026-11-25 16:42:22 wdl.w:top.t:call-a NOTICE done",
    "\x1b[31mINFO [s3-rails] uploaded 5 objects to s3://demo/out/, 80.8 KiB in 0.1 s (808.0 KiB/s)",
]


class Log:
    def __init__(self) -> None:
        self.asked: list[FollowRequest] = []

    @hookimpl
    def miniwdl_aws_follow_logs(self, request: FollowRequest) -> Iterator[LogEvent]:
        self.asked.append(request)
        return iter([LogEvent(1, line, request.stream) for line in LINES])


@pytest.fixture
def log(manager: pluggy.PluginManager) -> Log:
    found = Log()
    manager.register(found)
    return found


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are there as soon as they are asked for."""
    monkeypatch.setattr("miniwdl_aws_submit_cli.watch.watcher.FASTEST", 0)
    monkeypatch.setattr("miniwdl_aws_submit_cli.watch.watcher.SLOWEST", 0)
    monkeypatch.setattr("miniwdl_aws_submit_cli.watch.run_streams.DISCOVERY_PERIOD", 0.01)


class Batch:
    """A run whose job fares as told; each answer once, then the last one for ever. Its one call is `sub/sort`."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.of_the_task: dict[str, Any] = {"status": "SUCCEEDED", "container": {"logStreamName": "task-stream"}}

    def describe(self, ids: list[str]) -> dict[str, Job]:
        return {job_id: self.task() if job_id == "t" else self.workflow(job_id) for job_id in ids}

    def workflow(self, job_id: str) -> Job:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        container = {"environment": [{"name": "MINIWDL__AWS__TASK_QUEUE", "value": "task"}]}
        job = {"jobId": job_id, "jobName": NAME, "jobQueue": "q", "createdAt": 100_000}
        return Job.of({**job, **answer, "container": {**container, **answer.get("container", {})}})

    def task(self) -> Job:
        tags = {"miniwdl-call": "call-sort", "miniwdl-task": "sort", "AWS_BATCH_PARENT_JOB_ID": "j"}
        job = {"jobId": "t", "jobName": "t", "createdAt": 100_001, "tags": tags}
        return Job.of({**job, **self.of_the_task})

    def list_jobs(self, *_args: Any, **_more: Any) -> list[Any]:
        return [self.task()]


def session(batch: Any, manager: pluggy.PluginManager) -> Session:
    return Session(batch, manager, Surroundings(words=("--here",), closing=(lambda: ["closing"],)), "q")


def facts(job_id: str = "j") -> dict[str, str]:
    return {"jobId": job_id, "jobName": NAME}


def test_the_log_is_shown_between_the_states(
    manager: pluggy.PluginManager, log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stay(facts(), FOLLOW, session(Batch(RUNNABLE, STUCK, RUNNING, DONE), manager)) == 0
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == (
        "",
        [
            "[runnable]",
            "[runnable] UNDETERMINED",
            "[running]",
            LINES[0],
            LINES[1][5:],
            "the run succeeded: 1 succeeded, uploaded 80.8 KiB",
            "closing",
        ],
    )
    assert (log.asked[0].stream, log.asked[0].end_marker) == ("s", "[miniwdl-aws] end of log")


BEGUN = {**RUNNING, "tags": RunEnd(run_dir="/mnt/fsx/r", results_to="s3://b/r/").written()}


@pytest.mark.parametrize("manner", [FOLLOW, Manner()])
def test_where_the_run_will_be_is_said_once(
    manager: pluggy.PluginManager, log: Log, capsys: pytest.CaptureFixture[str], manner: Manner
) -> None:
    assert stay(facts(), manner, session(Batch(RUNNING, BEGUN, BEGUN, DONE), manager)) == 0
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if "/mnt/fsx/r" in line] == ["  run directory: /mnt/fsx/r"]
    assert "  results will be in: s3://b/r/" in said


LOST = {"statusReason": "Host EC2 (instance i-1) terminated.", "container": {"logStreamName": "s"}}
AGAIN = {"attempts": [LOST], "retryStrategy": {"attempts": 3}}
WAITING = {**AGAIN, "status": "RUNNABLE", "container": {"logStreamName": "s"}}
SECOND = {**AGAIN, "status": "RUNNING", "container": {"logStreamName": "s2"}}
SECOND_DONE = {**SECOND, "status": "SUCCEEDED"}
NOTE = "attempt 2 of 3: the host of attempt 1 was lost (Host EC2 (instance i-1) terminated.)"


class LosesAHost(Batch):
    """A run that goes on when the log of its last attempt was read."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.log = log

    def workflow(self, job_id: str) -> Job:
        read = sum(request.end_marker is not None for request in self.log.asked)
        self.answers = [(RUNNING, SECOND, SECOND_DONE)[read]]
        return super().workflow(job_id)


@pytest.mark.parametrize("calls", [(), ("sort",)])
def test_the_logs_of_all_attempts_follow_each_other(
    manager: pluggy.PluginManager, log: Log, capsys: pytest.CaptureFixture[str], calls: tuple[str, ...]
) -> None:
    manner = Manner(follow=True, calls=calls, plain=True)
    assert stay(facts(), manner, session(LosesAHost(log), manager)) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith(("[", "sort | "))]
    assert said[: said.index(NOTE)] == [LINES[0], LINES[1][5:]]
    assert said[said.index(NOTE) + 1 : -2] == [LINES[0], LINES[1][5:]]
    assert [request.stream for request in log.asked if request.end_marker] == ["s", "s2"]
    assert all(request.job_ended() for request in log.asked if request.end_marker)


def test_who_comes_back_late_sees_all_attempts(manager: pluggy.PluginManager, log: Log) -> None:
    stopped = {**LOST, "stoppedAt": 1000}
    done = {**SECOND_DONE, "attempts": [stopped, {"container": {"logStreamName": "s2"}}]}
    assert stay(facts(), FOLLOW, session(Batch(done), manager)) == 0
    assert [(request.stream, request.grace) for request in log.asked] == [("s", 0.0), ("s2", None)]


def test_whoever_waits_is_told_why_there_is_another_attempt(
    manager: pluggy.PluginManager, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stay(facts(), Manner(), session(Batch(RUNNING, WAITING, SECOND, SECOND_DONE), manager)) == 0
    assert capsys.readouterr().err.splitlines()[:4] == ["[running]", NOTE, "[runnable]", "[running]"]


def test_a_job_that_never_ran_has_no_log(manager: pluggy.PluginManager, log: Log) -> None:
    failed = {"status": "FAILED", "statusReason": "no host"}
    assert stay(facts(), FOLLOW, session(Batch(RUNNABLE, failed), manager)) == ExitCode.FAILED
    assert log.asked == []


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ({"container": {"exitCode": 3}}, "exit code 3"),
        ({"statusReason": "no host"}, "no host"),
        ({}, "AWS Batch gives no reason"),
    ],
)
def test_a_failed_call_is_told_with_what_is_known_of_it(
    manager: pluggy.PluginManager, log: Log, capsys: pytest.CaptureFixture[str], end: dict[str, Any], why: str
) -> None:
    batch = Batch({"status": "FAILED", **end})
    batch.of_the_task = {"status": "FAILED", **end}
    stay(facts(), Manner(), session(batch, manager))
    assert f"sort (job t): {why}" in capsys.readouterr().err.splitlines()


def test_who_waits_is_told_why_in_the_last_lines_and_programs_too(
    manager: pluggy.PluginManager, capsys: pytest.CaptureFixture[str]
) -> None:
    end = RunEnd("call sort: no (such) file", "make it", "/r", "s3://b/r/")
    failed = {"status": "FAILED", "container": {"exitCode": 3, "logStreamName": "s"}, "tags": end.written()}
    assert stay(facts(), Manner(json=True), session(Batch(failed), manager)) == 3
    out, err = capsys.readouterr()
    assert err.splitlines()[-5:] == [
        "  logs and error.json: s3://b/r/",
        "  run directory: /r",
        "  why: call sort: no (such) file",
        "  hint: make it",
        "closing",
    ]
    told = json.loads(out)
    assert [told[name] for name in ("why", "hint", "runDir", "results", "state")] == [
        "call sort: no (such) file", "make it", "/r", "s3://b/r/", "failed",
    ]  # fmt: skip


def test_the_log_of_a_run_that_is_a_single_task_is_named(
    manager: pluggy.PluginManager, log: Log, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = '2026-11-25 16:42:22.123 wdl.t:solo ERROR task solo failed :: logStreamName: "x/y", message: "no", dir: "/r"'
    monkeypatch.setattr(f"{__name__}.LINES", [line])
    assert stay(facts(), FOLLOW, session(Batch(RUNNING, {**DONE, "status": "FAILED"}), manager)) == 1
    said = capsys.readouterr().err.splitlines()
    assert "solo: no" in said
    assert "  its log: miniwdl-aws logs j --task solo --here" in said


def test_the_log_is_where_the_job_says(manager: pluggy.PluginManager, log: Log) -> None:
    options = {"awslogs-group": "/lab/jobs", "awslogs-region": "eu-west-1"}
    container = {"logStreamName": "s", "logConfiguration": {"logDriver": "awslogs", "options": options}}
    stay(facts(), FOLLOW, session(Batch({**RUNNING, "container": container}, DONE), manager))
    (asked,) = log.asked
    assert (asked.group, asked.stream, asked.region) == ("/lab/jobs", "s", "eu-west-1")


@pytest.mark.parametrize("calls", [(), ("sort",)])
@pytest.mark.parametrize(("end", "code"), [(DONE, 0), ({"status": "FAILED", "container": {"exitCode": 3}}, 3)])
def test_a_log_that_can_not_be_read_leaves_the_run_its_exit_code(
    manager: pluggy.PluginManager, capsys: pytest.CaptureFixture[str], end: dict[str, Any], code: int,
    calls: tuple[str, ...],
) -> None:  # fmt: skip
    class Denied:
        @hookimpl
        def miniwdl_aws_follow_logs(self, request: FollowRequest) -> Iterator[LogEvent]:
            yield LogEvent(1, "first line", request.stream)
            raise MiniwdlAwsError("not allowed to logs:GetLogEvents", hint="ask for it")

    manager.register(Denied())
    manner = Manner(follow=True, calls=calls, plain=True)
    assert stay(facts(), manner, session(Batch(RUNNING, RUNNING, RUNNING, end), manager)) == code
    said = capsys.readouterr().err.splitlines()
    at = said.index("the log can't be followed any more: not allowed to logs:GetLogEvents")
    assert said[at + 1 : at + 3] == ["  hint: ask for it", "the run goes on: waiting for its end"]


def test_without_following_nobody_reads_the_log(manager: pluggy.PluginManager, log: Log) -> None:
    assert stay(facts(), Manner(), session(Batch(RUNNING, DONE), manager)) == 0
    assert log.asked == []


def test_a_followed_call_is_shown_with_its_name_before_each_line(
    manager: pluggy.PluginManager, log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    manner = Manner(follow=True, calls=("sort", "nope"), plain=True)
    assert stay(facts(), manner, session(Batch(RUNNING, DONE), manager)) == 0
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("sort | ")] == [f"sort | {LINES[0]}", f"sort | {LINES[1][5:]}"]
    assert [line for line in said if line in LINES] == LINES[:1]
    assert "note: no job of a call nope was seen" in "".join(said)


def test_ctrl_c_leaves_the_run_alone_and_says_how_to_come_back(
    manager: pluggy.PluginManager, capsys: pytest.CaptureFixture[str]
) -> None:
    class CtrlC(Batch):
        def describe(self, ids: list[str]) -> dict[str, Job]:
            raise KeyboardInterrupt

    assert stay(facts(), Manner(), session(CtrlC(RUNNING), manager)) == ExitCode.INTERRUPTED
    said = capsys.readouterr().err.splitlines()
    assert "  come back:  miniwdl-aws wait j --follow --here" in said
    assert said[-1] == "closing"


class Twice:
    """Two jobs of one submission, of which the first has begun and the second has ended for it."""

    def __init__(self, *, known: bool = True) -> None:
        self.known = known

    def describe(self, ids: list[str]) -> dict[str, Job]:
        ends = {"begun": ("SUCCEEDED", 0), "late": ("FAILED", int(ExitCode.ALREADY_BEGUN))}
        return {job_id: self.job(job_id, *ends[job_id]) for job_id in ids}

    def job(self, job_id: str, status: str, code: int) -> Job:
        return Job(job_id, status, NAME, "q", exit_code=code, created_at=1)

    def twins(self, name: str, queue: str) -> list[str]:
        assert (name, queue) == (NAME, "q")
        return ["begun", "late"] if self.known else ["late"]

    def list_jobs(self, *_args: Any, **_more: Any) -> list[Any]:
        return []


def test_of_a_run_that_was_submitted_twice_the_job_that_begun_counts(
    manager: pluggy.PluginManager, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stay(facts("late"), Manner(json=True), session(Twice(), manager)) == 0
    out, err = capsys.readouterr()
    assert '"jobId": "begun"' in out
    assert "submitted twice: job begun runs it" in err
    assert "the run succeeded" in err


def test_where_the_other_job_is_unknown_its_end_is_too(
    manager: pluggy.PluginManager, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stay(facts("late"), Manner(), session(Twice(known=False), manager)) == ExitCode.ALREADY_BEGUN
    assert "`miniwdl-aws list` shows it" in capsys.readouterr().err
