"""Jobs that wait together go together, and are jobs like others from there on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import WDL
from fake_batch import FakeJob, Fate, TakenAnywayError, client_error

from miniwdl_aws_core.batch.arrays import CALLS, read_calls
from miniwdl_aws_core.batch.tags import TaskTags
from miniwdl_aws_hooks import JobChanges, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

SCATTER = """
version 1.1
workflow w {
    input { Int n = 12 }
    scatter (i in range(n)) { call one { input: i = i } }
    output { Array[Int] doubled = one.doubled  Array[String] ids = one.id  Array[File] made = one.made }
}
task one {
    input { Int i }
    command <<<
        COMMAND
        echo complaint ~{i} >&2
        echo $AWS_BATCH_JOB_ID${AWS_BATCH_JOB_ARRAY_INDEX-}${AWS_BATCH_JOB_ARRAY_SIZE-} >id; echo ~{i} > made
        echo $((2 * ~{i}))
    >>>
    output { Int doubled = read_int(stdout())  String id = read_string("id")  File made = "made" }
    runtime { RUNTIME }
}
"""


def scatter(command: str = "", runtime: str = "") -> str:
    return SCATTER.replace("COMMAND", command).replace("RUNTIME", runtime)


DOUBLED = [2 * number for number in range(12)]
TRIED_AGAIN = "case $PWD in */work) "
"""Begins what only the first job of a task does."""


@pytest.fixture(autouse=True)
def _pressure(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one job go alone, and the others wait."""
    monkeypatch.setattr("miniwdl_aws_batch_backend.process.engine.BURST", 1)
    monkeypatch.setattr("miniwdl_aws_core.batch.lookup.PAUSES", (0.0, 0.0, 0.0))
    run.options["scheduler"]["task_concurrency"] = 50


def children(run: Any) -> list[FakeJob]:
    return [job for job in run.batch.submitted if job.index is not None]


def alone(run: Any) -> list[FakeJob]:
    return [job for job in run.batch.submitted if job.index is None]


def test_jobs_that_wait_go_together(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    folder, outputs = run(scatter())
    assert outputs["doubled"] == DOUBLED
    assert [Path(made).read_text() for made in outputs["made"]] == [f"{number}\n" for number in range(12)]
    assert sorted(outputs["ids"]) == sorted(job.job_id for job in run.batch.submitted), "and no index is in sight"
    assert len(children(run)) >= 8
    assert run.batch.calls["submit_job"] <= 4
    assert run.batch.calls["register_job_definition"] == 1
    for number in range(12):
        home = folder / f"call-one-{number:02d}"
        assert (home / "stderr.txt").read_text() == f"complaint {number}\n"
        assert (home / "exit_code").read_text() == "0\n"
        assert not (home / "work").is_symlink()
    assert not (folder / "arrays").exists()
    said = [record.getMessage() for record in caplog.records if "array job submitted" in record.getMessage()]
    assert len(said) == len(run.batch.arrays)


def test_children_are_told_of_one_by_one(run: Any) -> None:
    run(scatter())
    for job in run.batch.submitted:
        changes = [change for change in run.plugin.changes if change.job_id == job.job_id]
        assert (changes[0].status, changes[-1].status) == ("SUBMITTED", "SUCCEEDED")
        assert changes[-1].log_stream


def test_whoever_may_describe_the_array_can_tell_the_calls(run: Any) -> None:
    folder, outputs = run(scatter())
    told = {}
    for parent, jobs in run.batch.arrays.items():
        request = jobs[0].request
        tags = TaskTags.read(request["tags"])
        assert tags is not None
        assert (tags.run_dir, tags.task, tags.number) == (folder.name, "one", 1)
        assert tags.call.startswith("call-one-")
        calls = read_calls(request["parameters"][CALLS])
        told.update({f"{parent}:{index}": call for index, call in enumerate(calls)})
    expected = {job_id: f"call-one-{n:02d}" for n, job_id in enumerate(outputs["ids"]) if ":" in job_id}
    assert told == expected


@pytest.mark.parametrize(("option", "rate"), [("off", 50), ("auto", 1000)])
def test_what_need_not_wait_goes_alone(run: Any, monkeypatch: pytest.MonkeyPatch, option: str, rate: int) -> None:
    if option == "auto":
        monkeypatch.setattr("miniwdl_aws_batch_backend.process.engine.BURST", 100)
    _, outputs = run(scatter(), options={"aws": {"array": option, "submit_rate": rate}})
    assert outputs["doubled"] == DOUBLED
    assert len(alone(run)) == 12


def test_jobs_that_differ_are_kept_apart(run: Any) -> None:
    class Apart:
        @hookimpl
        def miniwdl_aws_prepare_job(self, context: Any) -> JobChanges:
            return JobChanges(tags={"parity": str(int(context.run_id[-1]) % 2)})

    run.manager.register(Apart())
    _, outputs = run(scatter())
    assert outputs["doubled"] == DOUBLED
    assert children(run)
    for parent, jobs in run.batch.arrays.items():
        numbers = {int(call[-1]) % 2 for call in read_calls(jobs[0].request["parameters"][CALLS])}
        assert numbers == {int(jobs[0].request["tags"]["parity"])}, parent


def test_memory_that_differs_keeps_apart(run: Any) -> None:
    _, outputs = run(scatter(runtime='memory: "~{1 + i % 2} GiB"'))
    assert outputs["doubled"] == DOUBLED
    for jobs in run.batch.arrays.values():
        calls = read_calls(jobs[0].request["parameters"][CALLS])
        assert len({int(call[-1]) % 2 for call in calls}) == 1


@pytest.mark.parametrize("isolation", ["run", "none"])
def test_the_folder_is_outside_of_what_jobs_can_write_to(run: Any, isolation: str) -> None:
    seen: list[bool] = []

    def look(job: FakeJob) -> None:
        if job.index is not None:
            folder = Path(job.request["containerOverrides"]["command"][4])
            seen.append((folder / "0").is_file() and folder.parent.parent.name != "jobs")

    run.batch.on_submit = look
    run(scatter(), options={"aws": {"isolation": isolation}})
    assert seen
    assert all(seen)


def test_a_child_that_fails_is_tried_again_alone(run: Any) -> None:
    _, outputs = run(scatter(f"{TRIED_AGAIN} [ ~{{i % 2}} = 0 ] || exit 5;; esac", "maxRetries: 1"))
    assert outputs["doubled"] == DOUBLED
    again = [job for job in run.batch.submitted if "-try2-" in job.request["jobName"]]
    assert len(again) == 6
    assert all(job.index is None for job in again)


def test_a_child_that_loses_its_host_goes_to_the_fallback_queue_alone(run: Any) -> None:
    run.batch.fates = [Fate(), Fate(), Fate(lose_host=True), Fate()]
    _, outputs = run(
        scatter(f"{TRIED_AGAIN} sleep 0.5;; esac", "preemptible: 1"), options={"aws": {"task_queue_fallback": "spare"}}
    )
    assert outputs["doubled"] == DOUBLED
    assert [(job.request["jobQueue"], job.index) for job in run.batch.submitted[12:]] == [("spare", None)]


def test_memory_grows_for_the_child_that_ran_out_of_it(run: Any) -> None:
    oom = "OutOfMemoryError: Container killed due to memory usage"
    run.batch.fates = [Fate(reason=oom)] * 12
    _, outputs = run(
        scatter(f"{TRIED_AGAIN} [ ~{{i}} != 7 ] || exit 137;; esac", 'memory: "4 GiB" maxRetries: 1'),
        options={"aws": {"memory_retry_multiplier": 2}},
    )
    assert outputs["doubled"] == DOUBLED
    asked = [job.request["containerOverrides"]["resourceRequirements"][1]["value"] for job in run.batch.submitted]
    assert asked[12:] == [str(8192 - 409 - 256)]


@pytest.mark.parametrize(
    "fate", [Fate(never_start="Task failed to start - CannotPullContainerError: context canceled"),
             Fate(mount_missing=True), Fate(hide_exit=True)]
)  # fmt: skip
def test_a_fault_of_the_infrastructure_hits_one_child(run: Any, fate: Fate) -> None:
    run.batch.fates = [Fate(), Fate(), fate]
    _, outputs = run(scatter())
    assert outputs["doubled"] == DOUBLED
    assert len(run.batch.submitted) == 13


def test_an_array_without_an_answer_is_found(run: Any) -> None:
    run.batch.errors["submit_job"] = [None, TakenAnywayError()]
    run.batch.list_lag = 2
    _, outputs = run(scatter())
    assert outputs["doubled"] == DOUBLED
    assert len(run.batch.submitted) == 12
    assert run.batch.calls["list_jobs"] <= 3 + 3, "all children look for a second array together"
    assert not run.batch.calls["terminate_job"] + run.batch.calls["terminate_jobs"], "and what has ended is let be"


def begin_some(run: Any, chosen: Callable[[int], bool]) -> Callable[[FakeJob], None]:
    """Have some children of the second array run before those of the first; the first one's come first else."""

    def submitted(job: FakeJob) -> None:
        arrays = list(run.batch.arrays.values())
        if len(arrays) >= 2 and job is arrays[1][-1]:
            for index, child in enumerate(arrays[1]):
                run.batch.begin(child if chosen(index) else arrays[0][index])
            for index, child in enumerate(arrays[1]):
                first = child if chosen(index) else arrays[0][index]
                first.process.wait(60)

    return submitted


def test_of_two_arrays_each_child_that_begins_first_counts(run: Any) -> None:
    run.batch.errors["submit_job"] = [None, TakenAnywayError()]
    run.batch.list_lag = 3
    run.batch.on_submit = begin_some(run, lambda index: index % 2 == 0)
    log = run.root / "log"
    _, outputs = run(scatter(f"echo ~{{i}} >>{log}"))
    assert outputs["doubled"] == DOUBLED
    assert sorted(map(int, log.read_text().split())) == list(range(12)), "each task did its work once"
    assert run.batch.alive == [], "the others wait for no host"


def test_an_array_that_aws_refuses_goes_one_by_one(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    run.batch.errors["submit_job"] = [None, client_error("SubmitJob", "ClientException", "no arrays here")]
    folder, outputs = run(scatter())
    assert outputs["doubled"] == DOUBLED
    assert len(alone(run)) >= 4
    assert "jobs go one by one" in caplog.text
    assert not (folder / "arrays").exists()


def test_what_aws_refuses_one_by_one_fails_one_by_one(run: Any) -> None:
    refusal = client_error("SubmitJob", "ClientException", "not at all")
    run.batch.errors["submit_job"] = [None, *[refusal] * 12]
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(scatter(), options={"scheduler": {"fail_fast": False}})
    assert "not at all" in str(WDL.runtime.error_json(caught.value))


def test_throttled_arrays_are_repeated(run: Any) -> None:
    throttle = client_error("SubmitJob", "TooManyRequestsException", status=429)
    run.batch.errors["submit_job"] = [None, throttle, throttle]
    _, outputs = run(scatter())
    assert outputs["doubled"] == DOUBLED
    assert run.batch.calls["submit_job"] <= 6


def test_children_may_come_long_after_their_array(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miniwdl_aws_batch_backend.process.engine.MAX_LAG", 0.1)

    def late(job: FakeJob) -> None:
        job.fate.missing = 6 if job.index is not None else 0

    run.batch.on_submit = late
    _, outputs = run(scatter())
    assert outputs["doubled"] == DOUBLED
    assert len(run.batch.submitted) == 12


def test_many_children_are_asked_about_by_their_parents(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    parent_asked = run.root / "parent-asked"
    describe = run.batch.describe_jobs

    def describe_jobs(jobs: list[str]) -> dict[str, Any]:
        if run.batch.arrays.keys() & set(jobs):
            parent_asked.touch()
        return describe(jobs)

    monkeypatch.setattr(run.batch, "describe_jobs", describe_jobs)
    run.options["scheduler"]["task_concurrency"] = 130
    # Children go on until their parent is asked about, or a minute has passed.
    wait = f"for _ in $(seq 600); do test -e {parent_asked} && break; sleep 0.1; done"
    _, outputs = run(scatter(wait), {"n": 130})
    assert outputs["doubled"] == [2 * number for number in range(130)]
    assert parent_asked.exists()


def test_a_subworkflow_s_shards_are_told_apart(run: Any) -> None:
    wdl = scatter().replace("workflow w", "workflow inner")
    (run.root / "inner.wdl").write_text(wdl)
    folder, outputs = run("""
        version 1.1
        import "inner.wdl" as lib
        workflow w {
            scatter (j in range(3)) { call lib.inner { input: n = 5 } }
            output { Array[Array[Int]] doubled = inner.doubled }
        }
    """)
    assert outputs["doubled"] == [[0, 2, 4, 6, 8]] * 3
    told = [call for jobs in run.batch.arrays.values() for call in read_calls(jobs[0].request["parameters"][CALLS])]
    assert len(set(told)) == len(told) >= 8
    assert all((folder / call).is_dir() for call in told)
