from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_core.records.hosts import BATCH_HOSTS, HostRecord, Market
from miniwdl_aws_core.records.jobs import BATCH_JOBS, Followed, JobRecord
from miniwdl_aws_core.records.lines import append
from miniwdl_aws_core.records.usage import Source, Usage, UsagePoint
from miniwdl_aws_hooks import FailureClass
from miniwdl_aws_run_report.errors import NoRunError
from miniwdl_aws_run_report.model import Run, State, TryEnd
from miniwdl_aws_run_report.reading.folder import read_folder, read_log

if TYPE_CHECKING:
    from pathlib import Path

TOP = "/mnt/fsx/miniwdl_run/20261127_120000_align"
NOON = 1795780800.0
"""2026-11-27 12:00:00 UTC."""


def line(seconds: float, logger: str, text: str, level: str = "NOTICE", **fields: Any) -> str:
    minute, second = divmod(seconds, 60)
    told = ", ".join(f"{key}: {json.dumps(value)}" for key, value in fields.items())
    return f"2026-11-27 12:{int(minute):02}:{second:06.3f} {logger} {level} {text}" + (f" :: {told}" if told else "")


def begun(*lines: str) -> list[str]:
    top = line(0, "wdl.w:align", "workflow start", name="align", source="align.wdl", dir=TOP)
    return [top, line(0, "wdl.w:align", "miniwdl", version="v1.16.0"), *lines]


def setup(seconds: float, call: str, task: str = "sort") -> str:
    return line(seconds, f"wdl.w:align.t:{call}", "task setup", name=task, dir=f"{TOP}/{call}")


def folder_of(tmp_path: Path, lines: list[str], **files: Any) -> Path:
    folder = tmp_path / "20261127_120000_align"
    folder.mkdir()
    (folder / "workflow.log").write_text("\n".join(lines) + "\n")
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def read(folder: Path, now: float = NOON + 600) -> Run:
    return read_folder(folder, now=now, zone=UTC)


def test_a_call_whose_directory_the_log_does_not_name(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, begun(line(1, "wdl.w:align.t:call-sort", "task setup", name="sort")))
    assert [call.path for call in read(folder).calls] == ["call-sort"]


def test_a_wdl_out_of_an_archive_has_its_name_there() -> None:
    top = line(0, "wdl.w:align", "workflow start", name="align", source="/mnt/fsx/miniwdl_run_zip_x1_y/wdl/align.wdl")
    assert read_log([top], UTC).source == "wdl/align.wdl"


def test_a_run_of_plain_miniwdl(tmp_path: Path) -> None:
    lines = begun(
        setup(1, "call-sort-0"),
        setup(1.5, "call-sort-1"),
        line(20, "wdl.w:align.t:call-sort-0", "failed task will be retried", "ERROR", message="exit status 1"),
        line(50, "wdl.w:align.t:call-sort-0", "done"),
        line(2, "wdl.w:align.t:call-sort-1", "done (cached)"),
        line(51, "wdl.w:align", "done"),
    )
    run = read(folder_of(tmp_path, lines, inputs={"align.x": 1}, outputs={"align.y": "s3://b/y"}))
    assert (run.name, run.target, run.state, run.miniwdl) == (
        "20261127_120000_align", "align", State.SUCCEEDED, "1.16.0",
    )  # fmt: skip
    assert (run.began, run.ended) == (NOON, NOON + 51)
    assert (run.inputs, run.outputs) == ({"align.x": 1}, {"align.y": "s3://b/y"})
    first, second = run.calls
    assert [(item.end, item.started, item.stopped, item.reason) for item in first.tries] == [
        (TryEnd.FAILED, NOON + 1, NOON + 20, "exit status 1"),
        (TryEnd.SUCCEEDED, NOON + 20, NOON + 50, ""),
    ]
    assert (second.state, second.tries) == (State.CACHED, ())


def test_the_log_tells_jobs_apart_and_what_they_waited_for(tmp_path: Path) -> None:
    source = "wdl.w:align.w:call-sub.t:call-sort"

    def change(seconds: float, job: str, status: str) -> str:
        return line(seconds, source, "AWS Batch job change", status=status, jobId=job, logStreamName="s/" + job)

    lines = begun(
        line(1, source, "task setup", name="sort", dir=f"{TOP}/call-sub/call-sort"),
        line(2, source, "AWS Batch job submitted", jobId="a", queue="spot"),
        change(10, "a", "STARTING"),
        change(12, "a", "RUNNING"),
        change(30, "a", "FAILED"),
        line(31, source, "interrupted task will be retried", "ERROR", message="Host EC2 terminated."),
        line(32, source, "AWS Batch job submitted", jobId="b", queue="on-demand"),
        change(40, "b", "RUNNING"),
    )
    (call,) = read(folder_of(tmp_path, lines)).calls
    assert (call.path, call.state) == ("call-sub/call-sort", State.RUNNING)
    lost, now = call.tries
    assert (lost.end, lost.reason, lost.queue, lost.log_stream) == (
        TryEnd.HOST_LOST, "Host EC2 terminated.", "spot", "s/a",
    )  # fmt: skip
    assert [lost.created, lost.starting, lost.started, lost.stopped] == [NOON + at for at in (2, 10, 12, 30)]
    assert (now.number, now.end, now.created, now.started, now.stopped) == (
        2, TryEnd.UNDER_WAY, NOON + 32, NOON + 40, None,
    )  # fmt: skip


def test_what_the_backend_recorded_is_better_than_the_log(tmp_path: Path) -> None:
    source = "wdl.w:align.t:call-sort-0"
    lines = begun(
        setup(1, "call-sort-0"),
        line(9, source, "AWS Batch job change", status="STARTING", jobId="a"),
        line(95, source, "AWS Batch job change", status="FAILED", jobId="a"),
        line(97, source, "AWS Batch job change", status="RUNNING", jobId="b"),
    )
    folder = folder_of(tmp_path, lines)
    (folder / "call-sort-0").mkdir()
    milliseconds = int(NOON * 1000)
    append(
        folder,
        f"call-sort-0/{BATCH_JOBS}",
        JobRecord(
            "a", "sort", "call-sort-0", "sort", 1, "FAILED", Followed.MEMORY_GROWN, "arn:aws:batch:q:1:job-queue/spot",
            exit_code=137, reason="OutOfMemory\x1b[31m", failure_class=FailureClass.OUT_OF_MEMORY,
            created_at=milliseconds + 3000, started_at=milliseconds + 15000, stopped_at=milliseconds + 94000,
            vcpus=2.0, memory_mib=4096, container_instance_arn="arn:host",
            usage=Usage(Source.CGROUP2, 79.0, 118.5, 4 << 30, 3 << 30),
        ),
    )  # fmt: skip
    append(folder, BATCH_HOSTS, HostRecord("arn:host", "i-1", "m5.xlarge", "eu-central-1a", Market.SPOT, 4, 15_000))
    with (folder / "call-sort-0" / BATCH_JOBS).open("a") as file:
        file.write("nonsense\n")
    run = read(folder)
    first, second = run.calls[0].tries
    assert (first.end, first.exit_code, first.reason, first.queue) == (
        TryEnd.OUT_OF_MEMORY, 137, "OutOfMemory", "spot",
    )  # fmt: skip
    assert [first.created, first.starting, first.started, first.stopped] == [NOON + at for at in (3, 9, 15, 94)]
    assert (first.vcpus, first.memory, first.used.peak_memory, first.cores) == (2, 4096, 4 << 30, 1.5)
    assert (first.instance_type, first.zone, first.spot, first.instance_vcpus) == (
        "m5.xlarge", "eu-central-1a", True, 4,
    )  # fmt: skip
    assert (second.job_id, second.number, second.end) == ("b", 2, TryEnd.UNDER_WAY)
    assert [note for note in run.notes if "1 lines" in note]


def test_what_a_long_try_used_over_time_is_read_from_its_directory(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, begun(setup(1, "call-sort"), line(300, "wdl.w:align.t:call-sort", "done")))
    (folder / "call-sort").mkdir()
    used = {1: 59.9, 2: 60.5, 3: 200.0, 4: 200.0}
    for number, wall in used.items():
        usage = Usage(Source.CGROUP2, wall_seconds=wall)
        job = JobRecord(f"j-{number}", "sort", "call-sort", "sort", number, "SUCCEEDED", usage=usage)
        append(folder, f"call-sort/{BATCH_JOBS}", job)
    samples = "cgroup 2\ncpu 9000000\nat 10 5000 1000000\nat 20 7000 2500000\n"
    for name in ("usage.txt", "usage2.txt"):
        (folder / "call-sort" / name).write_text(samples)
    (tmp_path / "elsewhere").write_text(samples)
    (folder / "call-sort/usage3.txt").symlink_to(tmp_path / "elsewhere")
    (call,) = read(folder).calls
    told = (UsagePoint(10.0, 5000, 1.0), UsagePoint(20.0, 7000, 2.5))
    assert [item.used.series for item in call.tries] == [(), told, (), ()]


def test_why_it_failed(tmp_path: Path) -> None:
    lines = begun(
        setup(1, "call-sort-0"),
        setup(1, "call-sort-1"),
        line(9, "wdl.w:align.t:call-sort-0", "task sort (align.wdl Ln 1 Col 1) failed", "ERROR", explanation="it died"),
        line(10, "wdl.w:align", "call failure propagating", "ERROR", dir=TOP),
    )
    error = {
        "error": "RunFailed", "workflow": "align", "run": "align", "dir": TOP,
        "cause": {
            "error": "CommandFailed", "run": "call-sort-0", "dir": f"{TOP}/call-sort-0", "class": "tool-error",
            "explanation": "it died", "exitCode": 3, "stderr": ["first", "last\x1b[0m"], "jobId": "a",
        },
    }  # fmt: skip
    run = read(folder_of(tmp_path, lines, error=error, outputs={"align.planted": 1}))
    assert run.state is State.FAILED
    assert run.failure is not None
    assert (run.failure.message, run.failure.call, run.failure.failure_class, run.failure.exit_code) == (
        "it died", "call-sort-0", "tool-error", 3,
    )  # fmt: skip
    assert run.failure.stderr == ("first", "last")
    assert run.outputs == {}
    assert [(call.state, call.message) for call in run.calls] == [
        (State.FAILED, "it died"), (State.FAILED, "stopped, as the run ended"),
    ]  # fmt: skip
    assert run.calls[1].tries[-1].end is TryEnd.STOPPED


def test_a_run_that_was_told_to_end_says_so_in_its_error_alone(tmp_path: Path) -> None:
    run = read(folder_of(tmp_path, begun(), error={"error": "RunFailed", "cause": {"error": "Terminated"}}))
    assert (run.state, run.failure and run.failure.message) == (State.FAILED, "Terminated")


@pytest.mark.parametrize(("later", "noted"), [(600, False), (7200, True)])
def test_a_run_that_has_not_ended(tmp_path: Path, later: float, noted: bool) -> None:
    run = read(folder_of(tmp_path, begun(setup(1, "call-sort"))), NOON + later)
    assert run.state is State.RUNNING
    assert run.calls[0].tries[0].running(run.read_at) == later - 1
    assert any("may be gone" in note for note in run.notes) is noted


def test_a_single_task(tmp_path: Path) -> None:
    folder = tmp_path / "20261127_120000_sort"
    folder.mkdir()
    lines = [line(0, "wdl.t:sort", "task setup", name="sort", source="s.wdl", dir=TOP), line(5, "wdl.t:sort", "done")]
    (folder / "task.log").write_text("\n".join(lines))
    append(folder, BATCH_JOBS, JobRecord("a", "sort", "", "sort", 1, "SUCCEEDED", Followed.DONE, exit_code=0))
    run = read(folder)
    assert (run.target, run.state, run.calls[0].path, run.calls[0].task) == ("sort", State.SUCCEEDED, "", "sort")
    assert [item.job_id for item in run.calls[0].tries] == ["a"]


def test_the_log_as_json_is_preferred_since_it_has_times_of_the_epoch(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, begun())
    told = {"level": "NOTICE", "source": "wdl.w:align", "timestamp": 5.5, "message": "workflow start", "name": "align"}
    (folder / "workflow.log.json").write_text(json.dumps(told))
    assert read(folder).began == 5.5


def test_no_link_is_followed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, begun(setup(1, "call-sort")))
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "outputs.json").write_text('{"secret": 1}')
    append(secret, BATCH_JOBS, JobRecord("secret", "s", "call-sort", "sort", 1, "SUCCEEDED"))
    (folder / "outputs.json").symlink_to(secret / "outputs.json")
    (folder / "call-sort").symlink_to(secret)
    run = read(folder)
    assert run.outputs == {}
    assert "secret" not in {item.job_id for item in run.calls[0].tries}


def test_a_call_whose_directory_lies_elsewhere_is_not_looked_for(tmp_path: Path) -> None:
    append(tmp_path, BATCH_JOBS, JobRecord("elsewhere", "s", "call-sort", "sort", 1, "SUCCEEDED"))
    lines = begun(line(1, "wdl.w:align.t:call-sort", "task setup", name="sort", dir=f"{TOP}/../"))
    run = read(folder_of(tmp_path, lines))
    assert "elsewhere" not in {item.job_id for item in run.calls[0].tries}


@pytest.mark.parametrize("content", ["{", "[1]", "9" * 5000, '{"a":' * 2000])
def test_files_that_are_not_miniwdls_are_left_out(tmp_path: Path, content: str) -> None:
    folder = folder_of(tmp_path, begun(line(9, "wdl.w:align", "done")))
    (folder / "inputs.json").write_text(content)
    assert read(folder).inputs == {}


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(NoRunError, match="is not a run directory"):
        read(tmp_path)
