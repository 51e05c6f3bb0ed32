from typing import Any

from miniwdl_aws_core.log_lines import read_line
from miniwdl_aws_submit_cli.runs.calls import Call, Try
from miniwdl_aws_submit_cli.watch.progress import Progress


def read(progress: Progress, call: str, message: str, level: str = "NOTICE") -> None:
    line = read_line(f"2026-11-25 16:42:22 wdl.w:top.t:{call} {level} {message}")
    assert line is not None
    progress.read(line)


def seen(path: str, status: str, job_id: str = "j", reason: str = "") -> Call:
    item = Try(job_id, 1, status, "task", 1, None, None, None, reason, None)
    return Call(path, "t", (item,))


def states(progress: Progress) -> dict[str, int]:
    return {state: number for state, number in progress.counts().items() if number}


def test_the_life_of_a_call_in_the_log() -> None:
    progress = Progress()
    steps = [
        ("task setup", "waiting"),
        ('AWS Batch job submitted :: jobId: "j"', "queued"),
        ('AWS Batch job change :: status: "STARTING"', "starting"),
        ('AWS Batch job change :: status: "RUNNING"', "running"),
        ('AWS Batch job change :: status: "SUCCEEDED"', "running"),
        ("done", "succeeded"),
    ]
    for message, state in steps:
        read(progress, "call-a", message)
        assert states(progress) == {state: 1}


def test_cached_calls_count_apart() -> None:
    progress = Progress()
    read(progress, "call-a", "task setup")
    read(progress, "call-a", "done (cached)")
    assert states(progress) == {"cached": 1}


def test_what_an_earlier_attempt_of_the_run_did_is_no_cached_call() -> None:
    progress = Progress()
    for message in ("task setup", "done", "task setup", "done (cached)"):
        read(progress, "call-a", message)
    assert states(progress) == {"succeeded": 1}


def test_lost_hosts_and_retries_wait_again() -> None:
    progress = Progress()
    read(progress, "call-a", "interrupted task will be retried", "ERROR")
    read(progress, "call-b", "failed task will be retried", "ERROR")
    assert (progress.lost_hosts, progress.retries, states(progress)) == (1, 1, {"waiting": 2})


def test_the_first_failure_is_kept_with_its_last_words() -> None:
    progress = Progress()
    fields = 'explanation: "exit code 42", jobId: "j1", logStreamName: "s1", stderr: ["a", "b"]'
    read(progress, "call-a", f"task fail (x.wdl Ln 3 Col 1) failed :: {fields}", "ERROR")
    read(progress, "call-b", 'task other (x.wdl Ln 9 Col 1) failed :: error: "Terminated"', "ERROR")
    assert progress.failure is not None
    assert progress.failure.lines() == ["a (job j1): exit code 42", "  | a", "  | b", "  log stream: s1"]
    assert states(progress) == {"failed": 2}


def test_batch_knows_why_a_job_waits_and_where() -> None:
    progress = Progress()
    waiting = [seen("call-a", "RUNNABLE", "ja", "MISCONFIGURATION:JOB_RESOURCE"), seen("call-b", "RUNNABLE", "jb")]
    progress.see(waiting, front=["x", "jb", "ja"])
    assert (states(progress), progress.queue_position) == ({"queued": 2}, 2)
    assert progress.queue_reason == "MISCONFIGURATION:JOB_RESOURCE"
    progress.see([seen("call-a", "STARTING", "ja"), seen("call-b", "RUNNING", "jb")])
    assert states(progress) == {"starting": 1, "running": 1}
    assert progress.queue_position is progress.queue_reason is None


def test_an_ended_call_stays_ended_whatever_batch_says_late() -> None:
    progress = Progress()
    read(progress, "call-a", "done")
    progress.see([seen("call-a", "RUNNING")])
    read(progress, "call-a", 'AWS Batch job change :: status: "RUNNING"')
    assert states(progress) == {"succeeded": 1}


def test_an_ended_job_is_not_yet_an_ended_call() -> None:
    progress = Progress()
    progress.see([seen("call-a", "FAILED")])
    assert states(progress) == {"running": 1}


def test_uploads() -> None:
    progress = Progress()
    progress.read_other("2026-11-25 16:35:00 INFO [s3-rails] uploading /mnt/fsx/run to s3://demo/out/")
    assert progress.uploading == "s3://demo/out/"
    progress.read_other("INFO [s3-rails] uploaded 5 objects to s3://demo/out/, 80.8 KiB in 0.1 s (1.3 MiB/s)")
    assert (progress.uploading, progress.uploaded) == (None, "80.8 KiB")


def test_workflows_are_no_calls() -> None:
    progress = Progress()
    line: Any = read_line("2026-11-25 16:42:22 wdl.w:top.w:call-sub NOTICE done")
    progress.read(line)
    assert states(progress) == {}
