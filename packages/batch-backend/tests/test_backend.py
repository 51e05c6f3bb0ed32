from __future__ import annotations

import gc
import json
import re
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import WDL
from fake_batch import Fate, TakenAnywayError, client_error

from miniwdl_aws_batch_backend.failures.waiting import QueueWait
from miniwdl_aws_batch_backend.process.termination import TerminationWatch
from miniwdl_aws_core.batch.tags import TaskTags

if TYPE_CHECKING:
    from collections.abc import Callable

HELLO = """
version 1.1
task hello {
    input { String who = "world" }
    command <<< echo "hello ~{who}"; echo complaint >&2 >>>
    output { String said = read_string(stdout()) }
    runtime { docker: "ubuntu:22.04" cpu: 2 memory: "2 GiB" }
}
"""


def failing(command: str, runtime: str = "") -> str:
    return f"""
    version 1.1
    task failing {{
        command <<< {command} >>>
        output {{ String said = read_string(stdout()) }}
        runtime {{ {runtime} }}
    }}
    """


def error_of(caught: pytest.ExceptionInfo[BaseException]) -> dict:
    return WDL.runtime.error_json(caught.value)["cause"]


def test_a_task_runs(run) -> None:
    folder, outputs = run(HELLO, {"who": "moon"})
    assert outputs == {"said": "hello moon"}
    assert (folder / "stderr.txt").read_text() == "complaint\n"
    assert (folder / "exit_code").read_text() == "0\n"
    (job,) = run.batch.submitted
    assert job.request["containerOverrides"]["resourceRequirements"] == [
        {"type": "VCPU", "value": "2"},
        {"type": "MEMORY", "value": str(2048 - 102 - 256)},
    ]
    assert TaskTags.read(job.request["tags"]) == TaskTags(folder.name, "", "hello", 1)
    states = [(change.previous, change.status) for change in run.plugin.changes]
    assert states[0] == (None, "SUBMITTED")
    assert states[-1] == ("RUNNING", "SUCCEEDED")
    assert run.plugin.changes[-1].log_stream


@pytest.mark.parametrize(("before", "after"), [(700, 10_000), (50_000, 50_000)])
def test_garbage_is_collected_less_often_but_never_more_often(run, before: int, after: int) -> None:
    gc.set_threshold(before)
    run("version 1.1\ntask t { command { true } output {} }")
    assert gc.get_threshold()[0] == after


def test_what_is_under_way_gets_its_time_when_the_process_ends(run, monkeypatch) -> None:
    ends: list[Any] = []
    monkeypatch.setattr("atexit.register", ends.append)
    run(HELLO)
    assert {"Hosts.close", "TaskDefinitions.close"} <= {end.__qualname__ for end in ends}


def test_equal_tasks_share_a_definition(run) -> None:
    _, outputs = run("""
        version 1.1
        workflow many {
            scatter (i in range(7)) { call one { input: i = i } }
            output { Array[Int] doubled = one.doubled }
        }
        task one {
            input { Int i }
            command <<< echo $((2 * ~{i})) >>>
            output { Int doubled = read_int(stdout()) }
        }
    """)
    assert outputs == {"doubled": [0, 2, 4, 6, 8, 10, 12]}
    assert run.batch.calls["submit_job"] == 7
    assert run.batch.calls["register_job_definition"] == 1
    assert run.batch.calls["describe_job_definitions"] == 1


CACHE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/docker-hub"
REWRITE = {"aws": {"image_rewrite": json.dumps({"docker.io": CACHE, "quay.io": CACHE.replace("docker-hub", "quay")})}}


def test_images_come_from_a_cache(run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    run(HELLO, options=REWRITE)
    assert run.batch.definitions[0]["containerProperties"]["image"] == f"{CACHE}/library/ubuntu:22.04"
    assert "docker-hub-library-ubuntu-22-04" in run.batch.definitions[0]["jobDefinitionName"]
    told = [record.getMessage() for record in caplog.records if "image_rewrite" in record.getMessage()]
    assert len(told) == 1
    assert '"ubuntu:22.04"' in told[0]
    assert f"{CACHE}/library/ubuntu:22.04" in told[0]


def test_what_an_image_became_is_said_aloud_once(run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    run(
        """
        version 1.1
        workflow many { scatter (i in range(5)) { call one { input: i = i } } }
        task one { input { Int i } command { true } output {} runtime { docker: "ubuntu:22.04" } }
        """,
        options=REWRITE,
    )
    levels = [record.levelname for record in caplog.records if "image_rewrite" in record.getMessage()]
    assert sorted(levels) == ["INFO"] * 4 + ["NOTICE"]


def test_an_image_of_another_registry_is_left_as_it_is(run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    run(HELLO.replace("ubuntu:22.04", "ghcr.io/lab/tool:1"), options=REWRITE)
    assert run.batch.definitions[0]["containerProperties"]["image"] == "ghcr.io/lab/tool:1"
    assert "image_rewrite" not in caplog.text


def test_what_can_not_be_pulled_is_named_as_the_task_has_it_too(run) -> None:
    run.batch.fates = [Fate(never_start="CannotPullContainerError: unauthorized")]
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(HELLO, options=REWRITE)
    info = error_of(caught)
    assert info["message"].endswith(
        f"([aws] image_rewrite made {CACHE}/library/ubuntu:22.04 of the task's ubuntu:22.04)"
    )
    assert (info["image"], info["imageOfTask"]) == (f"{CACHE}/library/ubuntu:22.04", "ubuntu:22.04")


def test_other_failures_say_it_in_the_error_file_alone(run) -> None:
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(HELLO.replace("complaint >&2", "complaint >&2; exit 3"), options=REWRITE)
    info = error_of(caught)
    assert "image_rewrite" not in info["explanation"]
    assert info["imageOfTask"] == "ubuntu:22.04"
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("exit 3"))
    assert "imageOfTask" not in error_of(caught)


SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:registries/lab-AbCdEf"
ROLE = "arn:aws:iam::123456789012:role/execution"
LOGIN = {"repository_credentials": json.dumps({"docker.io": SECRET.replace("lab", "hub"), "docker.io/lab": SECRET})}


def properties_of(run, image: str, runtime: str = "", **options: str) -> dict[str, Any]:
    run(HELLO.replace('"ubuntu:22.04"', f'"{image}" {runtime}'), options={"aws": {**LOGIN, **options}})
    return run.batch.definitions[-1]["containerProperties"]


def test_a_private_image_comes_with_a_secret(run) -> None:
    role = {"container_properties": json.dumps({"executionRoleArn": ROLE})}
    made = properties_of(run, "lab/tool:1", **role)
    assert (made["repositoryCredentials"], made["executionRoleArn"]) == ({"credentialsParameter": SECRET}, ROLE)
    made = properties_of(run, "ubuntu:22.04", f'executionRoleArn: "{ROLE}"')
    assert made["repositoryCredentials"] == {"credentialsParameter": SECRET.replace("lab", "hub")}
    assert "repositoryCredentials" not in properties_of(run, "quay.io/lab/tool:1", **role)
    # A cache in ECR is asked by the host's role.
    assert "repositoryCredentials" not in properties_of(run, "lab/tool:1", **REWRITE["aws"])


def test_the_secret_of_a_registry_counts_for_more_than_one_for_all(run) -> None:
    both = {"executionRoleArn": ROLE, "repositoryCredentials": {"credentialsParameter": "another"}}
    role = {"container_properties": json.dumps(both)}
    assert properties_of(run, "lab/tool:1", **role)["repositoryCredentials"] == {"credentialsParameter": SECRET}
    assert properties_of(run, "quay.io/a", **role)["repositoryCredentials"] == {"credentialsParameter": "another"}


def test_a_login_without_an_execution_role_is_refused(run) -> None:
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        properties_of(run, "lab/tool:1")
    said = error_of(caught)["message"]
    assert said.startswith("task hello: AWS Batch logs in for the image lab/tool:1 by an execution role only")
    assert "executionRoleArn in [aws] container_properties" in said
    assert not run.batch.submitted


def test_isolation_gives_the_folder_of_jobs_alone_for_writing(run) -> None:
    folder, _ = run(
        """
        version 1.1
        workflow w { call t }
        task t { command <<< >>> command <<< true >>> }
    """.replace("command <<< >>> ", "")
    )
    points = run.batch.definitions[0]["containerProperties"]["mountPoints"]
    assert points == [
        {"containerPath": str(run.root), "sourceVolume": "fsx", "readOnly": True},
        {"containerPath": str(folder / "jobs"), "sourceVolume": "miniwdl-jobs", "readOnly": False},
    ]
    run(HELLO, options={"aws": {"isolation": "none"}})
    points = run.batch.definitions[1]["containerProperties"]["mountPoints"]
    assert points == [{"containerPath": str(run.root), "sourceVolume": "fsx", "readOnly": False}]


ONE_BY_ONE = """
    version 1.1
    workflow w {
        call t as first
        call t as second { input: after = first.done }
    }
    task t {
        input { String after = "" }
        command <<< true >>>
        output { String done = "" }
    }
"""


def test_a_definition_that_somebody_deregisters_is_registered_again(run, caplog) -> None:
    def sweep(job: Any) -> None:
        run.batch.deregister_job_definition(job.request["jobDefinition"])

    run.batch.on_submit = sweep
    run(ONE_BY_ONE)
    assert run.batch.calls["register_job_definition"] == 2
    assert run.batch.calls["submit_job"] == 3, "one of them was refused"
    assert "registered a job definition again that was deregistered" in caplog.text


def test_a_job_that_is_refused_for_another_reason_registers_nothing(run) -> None:
    run.batch.queues = ()
    with pytest.raises(WDL.runtime.RunFailed):
        run(ONE_BY_ONE)
    assert (run.batch.calls["register_job_definition"], run.batch.calls["submit_job"]) == (1, 1)


@pytest.mark.parametrize(
    ("isolation", "parent", "tags"),
    [
        ("run", None, {"miniwdl-run-dir": "{dir}"}),
        ("run", "w1", {"miniwdl-run-dir": "{dir}", "AWS_BATCH_PARENT_JOB_ID": "w1"}),
        ("none", "w1", None),
    ],
)
def test_a_definition_of_one_run_says_of_which(run, monkeypatch, isolation, parent, tags) -> None:
    if parent:
        monkeypatch.setenv("AWS_BATCH_JOB_ID", parent)
    folder, _ = run(HELLO, options={"aws": {"isolation": isolation}})
    expected = tags and {key: value.format(dir=folder.name) for key, value in tags.items()}
    assert run.batch.definitions[0].get("tags") == expected
    assert str(run.batch.submitted[0].request["jobName"]).startswith("w1-") is bool(parent)


def test_a_way_into_the_container_is_made_where_it_is_asked_for(run) -> None:
    run(HELLO)
    run(HELLO, options={"aws": {"enable_execute_command": True}})
    made = [item["containerProperties"].get("enableExecuteCommand") for item in run.batch.definitions]
    assert made == [None, True]


def test_a_failing_command(run) -> None:
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("echo oops >&2; exit 42"))
    info = error_of(caught)
    assert info["error"] == "CommandFailed"
    assert info["exit_status"] == 42
    assert info["class"] == "tool-error"
    assert info["stderr"] == ["oops"]
    assert info["jobId"] in run.batch.jobs
    assert info["logStreamName"]
    detail = json.loads(Path(info["dir"], "batch_job.json").read_text())
    assert detail["status"] == "FAILED"


def test_retries_keep_their_files_apart(run) -> None:
    folder, outputs = run(
        """
        version 1.1
        task flaky {
            input { File f }
            command <<<
                cat ~{f}; cat _miniwdl_inputs/0/x.txt
                echo "try in $(basename "$PWD")"; echo "err $(basename "$PWD")" >&2
                echo made > made
                [ "$(basename "$PWD")" = work3 ]
            >>>
            output {
                Array[String] said = read_lines(stdout())
                File made = "made"
            }
            runtime { maxRetries: 2 }
        }
    """,
        {"f": make(run.root / "x.txt", "data\n")},
    )
    assert outputs["said"] == ["data", "data", "try in work3"]
    assert Path(outputs["made"]).read_text() == "made\n"
    assert Path(outputs["made"]).resolve().parent.name == "work3"
    for number in ("", "2", "3"):
        assert (folder / f"work{number}" / "made").exists()
        assert (folder / f"stdout{number}.txt").read_text() == f"data\ndata\ntry in work{number}\n"
        assert (folder / f"stderr{number}.txt").read_text() == f"err work{number}\n"


def make(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_absolute_paths_in_the_work_directory_are_outputs_and_others_are_not(run) -> None:
    folder, outputs = run(
        failing('[ "$(basename "$PWD")" = work2 ] && echo x > y && echo "$PWD/y"', "maxRetries: 1").replace(
            "String said = read_string(stdout())", "File made = read_string(stdout())"
        )
    )
    assert Path(outputs["made"]).resolve() == folder / "work2" / "y"
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("echo /etc/passwd").replace("String said", "File said"))
    assert error_of(caught)["error"] == "OutputError"
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("echo $PWD/../command").replace("String said", "File said"))
    assert error_of(caught)["error"] == "OutputError"


LINKS = """
    version 1.2
    task links {
        input { File bam  Directory panel  String last }
        command <<<
            ln -s ~{bam} x.bam; ln -s ~{panel}/a.txt a.txt; ln -s ~{panel} d; ln -s x.bam again
            LAST
        >>>
        output { File x = "x.bam"  File a = "a.txt"  Directory d = "d"  File again = "again"  File named = last }
    }
"""


@pytest.fixture
def linked(run) -> dict[str, str]:
    (run.root / "panel").mkdir()
    make(run.root / "secret", "secret")
    make(run.root / "panel" / "a.txt", "a")
    return {"bam": make(run.root / "reads.bam", "reads"), "panel": str(run.root / "panel"), "last": "again"}


@pytest.mark.parametrize("isolation", ["run", "none"])
def test_links_to_inputs_are_outputs(run, linked, isolation: str) -> None:
    """Under their own names, wherever the link leads once more; also when the call is found in the call cache."""
    options = {
        "aws": {"isolation": isolation},
        "call_cache": {"put": True, "get": True, "dir": str(run.root / "calls")},
        "file_io": {"delete_work": "success"},
    }
    for _ in range(2):
        _, outputs = run(LINKS.replace("LAST", "true"), linked, options)
        assert [Path(outputs[name]).name for name in ("x", "a", "d", "again")] == ["x.bam", "a.txt", "d", "again"]
        assert [Path(outputs[name]).read_text() for name in ("x", "a", "again")] == ["reads", "a", "reads"]
        assert (Path(outputs["d"]) / "a.txt").read_text() == "a"
        assert Path(outputs["x"]).resolve() == run.root / "reads.bam"
    assert run.batch.calls["submit_job"] == 1


@pytest.mark.parametrize(
    "last",
    [
        "ln -s ROOT/secret s",
        "ln -s ~{panel}/../secret s",
        "ln -sf ROOT/secret ~{bam}; ln -s ~{bam} s",
        "ln -s ../command s",
    ],
)
def test_links_to_anything_else_are_not(run, linked, last: str) -> None:
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(LINKS.replace("LAST", last.replace("ROOT", str(run.root))), {**linked, "last": "s"})
    info = error_of(caught)
    assert info["error"] == "OutputError"
    # Where the link to the input was put in another place, each output that goes by it is one outside.
    expected = "outside its working directory: (s|x.bam|again)" if "-sf" in last else "outside its working directory: s"
    assert re.search(f"{expected}(/.*)?$", info["message"])


@pytest.mark.parametrize("linked_folder", [False, True])
@pytest.mark.parametrize("copies", [False, True])
def test_a_directory_lies_beside_files_of_its_folder(run, linked_folder: bool, copies: bool) -> None:
    """As plain miniwdl shows them to a task, on later tries, too; and ``find`` goes through a Directory as before."""
    for sample in ("s1", "s2"):
        index = run.root / sample / "x_index"
        index.parent.mkdir()
        real = run.root / "cache" / sample / "x_index" if linked_folder else index
        real.mkdir(parents=True)
        make(real / "part", f"{sample} index")
        if linked_folder:
            index.symlink_to(real)
        make(run.root / sample / "x.bam", f"{sample} reads")
    _, outputs = run(
        """
        version 1.2
        task looks {
            input { Array[File] reads  Array[Directory] indexes }
            command <<<
                for bam in ~{sep=" " reads}; do cat "$(dirname "$bam")/x_index/part"; echo; done
                for index in ~{sep=" " indexes}; do find "$index" -type f -exec cat {} \\; ; echo; done
                [ "$(basename "$PWD")" = work2 ]
            >>>
            output { Array[String] said = read_lines(stdout()) }
            runtime { maxRetries: 1 }
        }
    """,
        {
            "reads": [str(run.root / sample / "x.bam") for sample in ("s1", "s2")],
            "indexes": [str(run.root / sample / "x_index") for sample in ("s2", "s1")],
        },
        {"file_io": {"copy_input_files": copies}},
    )
    assert outputs["said"] == ["s1 index", "s2 index", "s2 index", "s1 index"]


def test_copied_inputs_on_retries(run) -> None:
    _, outputs = run(
        """
        version 1.1
        task eats {
            input { File f }
            command <<<
                cat ~{f}; rm ~{f}
                [ "$(basename "$PWD")" = work2 ]
            >>>
            output { String said = read_string(stdout()) }
            runtime { maxRetries: 1 }
        }
    """,
        {"f": make(run.root / "x.txt", "data")},
        {"file_io": {"copy_input_files": True}},
    )
    assert outputs["said"] == "data"
    assert (run.root / "x.txt").read_text() == "data"


def test_a_temporary_directory_and_environment_of_each_try(run) -> None:
    _, outputs = run(
        failing(
            '[ -w "$TMPDIR" ] && echo "$(basename "$(dirname "$TMPDIR")")" "$TOKEN"; [ -d ../work2 ]', "maxRetries: 1"
        ),
        options={"file_io": {"mount_tmpdir": True}, "task_runtime": {"env": {"TOKEN": "it's"}}},
    )
    assert outputs["said"] == "work2 it's"
    assert "TOKEN" not in json.dumps(run.batch.submitted[0].request)


def test_written_files_survive_between_tries(run) -> None:
    _, outputs = run(
        """
        version 1.1
        task reads {
            input { Array[String] lines = ["a", "b"] }
            command <<< cat ~{write_lines(lines)}; [ "$(basename "$PWD")" = work2 ] >>>
            output { Array[String] said = read_lines(stdout()) }
            runtime { maxRetries: 1 }
        }
    """,
        options={"file_io": {"delete_work": "failure"}},
    )
    assert outputs["said"] == ["a", "b"]


def test_delete_work_after_success(run) -> None:
    folder, outputs = run(
        failing("echo x > x; echo y"), options={"file_io": {"delete_work": "success", "output_hardlinks": True}}
    )
    assert outputs["said"] == "y"
    assert not (folder / "work").exists()
    assert (folder / "stdout.txt").exists()


def test_return_codes(run) -> None:
    _, outputs = run(failing("echo fine; exit 3", "returnCodes: [0, 3]"))
    assert outputs["said"] == "fine"
    _, outputs = run(failing("echo fine; exit 9", 'returnCodes: "*"'))
    assert outputs["said"] == "fine"


def test_an_empty_command_needs_no_job(run) -> None:
    run("version 1.1\ntask nothing { command <<< >>> }")
    assert not run.batch.submitted


def test_task_attempt(run) -> None:
    _, outputs = run("""
        version 1.2
        task counts {
            command <<< echo "attempt ~{task.attempt}"; [ ~{task.attempt} = 1 ] >>>
            output { String said = read_string(stdout()) }
            requirements { max_retries: 1 }
        }
    """)
    assert outputs["said"] == "attempt 1"


def test_a_lost_host_is_an_interruption_then_the_fallback_queue_is_used(run) -> None:
    run.batch.fates = [Fate(lose_host=True), Fate(lose_host=True)]
    _, outputs = run(
        failing("[ -d ../work3 ] || sleep 60; echo done", "preemptible: 2"),
        options={"aws": {"task_queue_fallback": "spare"}},
    )
    assert outputs["said"] == "done"
    assert [job.request["jobQueue"] for job in run.batch.submitted] == ["task", "task", "spare"]


def test_a_task_for_arm64_goes_to_queues_of_its_own(run) -> None:
    run.batch.queues = ("task", "spare", "arm", "arm-spare")
    run.batch.fates = [Fate(lose_host=True)]
    run(
        failing("[ -d ../work2 ] || sleep 60; echo done", 'preemptible: 1 architecture: "aarch64"'),
        options={"aws": {"task_queue_fallback": "spare", "task_queue_arm64": "arm",
                         "task_queue_fallback_arm64": "arm-spare"}},
    )  # fmt: skip
    assert [job.request["jobQueue"] for job in run.batch.submitted] == ["arm", "arm-spare"]
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("echo", 'architecture: "arm64"'))
    assert "no job queue for it is configured (set [aws] task_queue_arm64" in error_of(caught)["message"]
    assert len(run.batch.submitted) == 2


def test_a_lost_host_without_preemptible_fails(run) -> None:
    run.batch.fates = [Fate(lose_host=True)]
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("sleep 60"))
    info = error_of(caught)
    assert info["error"] == "Interrupted"
    assert info["class"] == "host-lost"
    assert info["instanceId"] == "i-0123456789abcdef0"


def test_infrastructure_faults_have_their_own_budget(run) -> None:
    broken = "Task failed to start - CannotPullContainerError: context canceled"
    run.batch.fates = [Fate(never_start=broken), Fate(mount_missing=True)]
    _, outputs = run(failing("echo $(basename $PWD)"))
    assert outputs["said"] == "work3"
    run.batch.fates = [Fate(never_start=broken) for _ in range(3)]
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("echo"), options={"aws": {"infrastructure_retries": 2}})
    assert error_of(caught)["class"] == "image-transient"
    assert not run.batch.fates


def test_pauses_before_further_jobs_grow(run, monkeypatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(TerminationWatch, "pause", lambda _self, seconds, _flag: waited.append(seconds))
    busy = "CannotPullContainerError: Error response from daemon: toomanyrequests: Rate exceeded"
    run.batch.fates = [*[Fate(never_start=busy)] * 5, Fate(entrypoint=["sh", "-c", "exit 143"])]
    with pytest.raises(WDL.runtime.RunFailed):
        run(failing("echo", "maxRetries: 1"), options={"aws": {"retry_wait": 10, "infrastructure_retries": 4}})
    assert len(run.batch.submitted) == 6
    bounds = zip(waited, (10, 30, 90, 270, 300), strict=True)
    assert all(longest / 2 <= seconds <= longest for seconds, longest in bounds), waited


def test_what_retries_cannot_help_is_not_retried(run) -> None:
    run.batch.fates = [Fate(never_start="CannotPullContainerError: unauthorized")]
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("echo", "maxRetries: 3"))
    assert error_of(caught)["class"] == "image-forbidden"
    assert len(run.batch.submitted) == 1


@pytest.mark.parametrize(
    ("entrypoint", "code"),
    [
        (["echo"], 0),
        ([sys.executable], 1),
        (["false"], 1),
        (["bash", "-c"], 0),
        (["sh", "-c", "exec $*", "--"], 0),
    ],
    ids=["echo", "python3", "false", "bash -c", "unquoted"],
)
def test_an_entrypoint_that_does_not_run_the_command(run, entrypoint: list[str], code: int) -> None:
    run.batch.fates = [Fate(entrypoint=entrypoint)]
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("echo done", 'docker: "quay.io/some/tool:1" maxRetries: 3 returnCodes: "*"'))
    info = error_of(caught)
    assert info["class"] == "image-entrypoint"
    assert info["exitCode"] == code
    assert "the image quay.io/some/tool:1 has an ENTRYPOINT" in info["message"]
    assert len(run.batch.submitted) == 1, "another try would end the same way"


@pytest.mark.parametrize("entrypoint", [["env", "--"], ["sh", "-c", 'exec "$@"', "--"]], ids=["env", "exec"])
def test_an_entrypoint_that_runs_the_command(run, entrypoint: list[str]) -> None:
    run.batch.fates = [Fate(entrypoint=entrypoint)]
    _, outputs = run(failing("echo done"))
    assert outputs["said"] == "done"


def test_a_command_that_removes_its_claim_has_begun_all_the_same(run) -> None:
    _, outputs = run(failing("rm ../claim; echo done"))
    assert outputs["said"] == "done"


def test_memory_grows_after_running_out_of_it(run) -> None:
    oom = "OutOfMemoryError: Container killed due to memory usage"
    run.batch.fates = [Fate(reason=oom), Fate(reason=oom)]
    run(
        failing("[ -d ../work3 ] || exit 137; echo", 'memory: "4 GiB" maxRetries: 2'),
        options={"aws": {"memory_retry_multiplier": 2, "memory_retry_max": 12}},
    )
    asked = [job.request["containerOverrides"]["resourceRequirements"][1]["value"] for job in run.batch.submitted]
    assert asked == [str(4096 - 204 - 256), str(8192 - 409 - 256), str(12288 - 614 - 256)]


def test_a_failed_job_whose_command_ended_well_runs_again(run) -> None:
    run.batch.fates = [Fate(hide_exit=True)]
    _, outputs = run(failing("echo $(basename $PWD)"))
    assert outputs["said"] == "work2"


def test_a_job_may_be_missing_for_a_while(run) -> None:
    run.batch.fates = [Fate(missing=4)]
    _, outputs = run(HELLO)
    assert outputs["said"] == "hello world"
    assert len(run.batch.submitted) == 1


def test_a_job_that_vanishes_is_replaced(run, monkeypatch) -> None:
    monkeypatch.setattr("miniwdl_aws_batch_backend.process.engine.MAX_LAG", 0.1)
    run.batch.fates = [Fate(vanish=True)]
    _, outputs = run(HELLO)
    assert outputs["said"] == "hello world"
    assert [job.terminated for job in run.batch.submitted] == [True, False]


def test_throttled_submissions_are_repeated(run) -> None:
    run.batch.errors["submit_job"] = [client_error("SubmitJob", "TooManyRequestsException", status=429)] * 2
    _, outputs = run(HELLO)
    assert outputs["said"] == "hello world"
    assert len(run.batch.submitted) == 1


def test_a_submission_that_AWS_took_is_not_repeated(run) -> None:  # noqa: N802
    run.batch.errors["submit_job"] = [TakenAnywayError()]
    _, outputs = run(HELLO)
    assert outputs["said"] == "hello world"
    assert len(run.batch.submitted) == 1


def test_failing_polls_fail_no_task(run) -> None:
    run.batch.errors["describe_jobs"] = [client_error("DescribeJobs", "AccessDeniedException")] * 3
    _, outputs = run(HELLO)
    assert outputs["said"] == "hello world"


def test_an_unknown_queue(run) -> None:
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(HELLO, options={"aws": {"task_queue": "nowhere"}})
    assert "JobQueue nowhere not found" in error_of(caught)["message"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"aws": {"task_queue": ""}}, "[aws] task_queue"),
        ({"aws": {"job_timeout": 5}}, "[aws] job_timeout must be a time between 60 and 2147483647 seconds"),
        ({"file_io": {"root": "/"}}, "[file_io] root"),
    ],
)
def test_wrong_configuration(run, options, words) -> None:
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(HELLO, options=options)
    assert words in error_of(caught)["message"]
    assert not run.batch.submitted


def test_nothing_to_mount(run) -> None:
    run.plugin.mounts = []
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(HELLO)
    assert "--fsid" in error_of(caught)["message"]


def test_tasks_count_towards_the_configured_share_or_one_of_their_own(run) -> None:
    for_all = {"aws": {"share_identifier": "blue"}}
    run(failing("echo"), options=for_all)
    run(failing("echo 2", 'shareIdentifier: "red" schedulingPriority: 7'), options=for_all)
    run(failing("echo 3"))
    asked = [
        (job.request.get("shareIdentifier"), job.request.get("schedulingPriorityOverride"))
        for job in run.batch.submitted
    ]
    assert asked == [("blue", None), ("red", 7), (None, None)]
    assert [item.get("schedulingPriority") for item in run.batch.definitions] == [0, 0, None], "AWS wants one"


def test_a_wrong_hint_names_the_task(run) -> None:
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("echo", 'schedulingPriority: "high"'))
    assert "task failing: runtime.schedulingPriority" in error_of(caught)["message"]


@pytest.mark.parametrize(
    "runtime",
    ["cpu: -1", "cpu: 1e9", "maxRetries: -1", "preemptible: 1000000", 'memory: "99999 TiB"', 'ulimits: ["nofile=9:1"]'],
)
def test_what_is_beyond_sense_is_refused_before_anything_is_submitted(run, runtime) -> None:
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("echo", runtime))
    assert error_of(caught)["message"].startswith(f"task failing: runtime.{runtime.partition(':')[0]} must be ")
    assert run.batch.submitted == []


def test_hints_reach_AWS(run) -> None:  # noqa: N802
    run(failing("echo", 'queue: "spare" sharedMemorySize: 64 ulimits: ["nofile=10:20"] gpu: true acceleratorCount: 2'))
    request = run.batch.submitted[0].request
    properties = run.batch.definitions[0]["containerProperties"]
    assert request["jobQueue"] == "spare"
    assert request["containerOverrides"]["resourceRequirements"][2] == {"type": "GPU", "value": "2"}
    assert properties["linuxParameters"] == {"sharedMemorySize": 64}
    assert properties["ulimits"] == [{"name": "nofile", "softLimit": 10, "hardLimit": 20}]


@pytest.mark.parametrize(
    ("runtime", "options", "seconds"),
    [
        ("", {}, 7 * 86400),
        ("", {"aws": {"job_timeout": "2h"}}, 7200),
        ('timeout: "36h"', {"aws": {"job_timeout": "2h"}}, 129600),
        ("timeout: 90", {}, 90),
    ],
)
def test_a_try_ends_after_the_timeout_of_the_task_or_else_of_all(run, runtime, options, seconds) -> None:
    run(failing("echo", runtime), options=options)
    assert run.batch.submitted[0].request["timeout"] == {"attemptDurationSeconds": seconds}


def test_a_listener_that_breaks_stops_nothing(run) -> None:
    class Broken:
        from miniwdl_aws_hooks import hookimpl

        @hookimpl
        def miniwdl_aws_job_changed(self, change) -> None:
            raise ValueError("broken")

    run.manager.register(Broken())
    _, outputs = run(HELLO)
    assert outputs["said"] == "hello world"
    assert run.plugin.changes


def test_stopped_by_somebody_else(run) -> None:
    run.batch.on_submit = lambda job: run.batch.terminate_job(job.job_id, "I said so")
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("sleep 60", "maxRetries: 1"))
    info = error_of(caught)
    assert info["class"] == "stopped-by-user"
    assert "I said so" in info["message"]
    assert len(run.batch.submitted) == 1


STUCK = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement is higher than that can be met"


def test_a_job_that_is_stuck_is_explained_and_given_up(run, caplog) -> None:
    run.batch.fates = [Fate(waiting=10**6, runnable_reason=STUCK)]
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("true", "maxRetries: 1"), options={"aws": {"runnable_timeout": 0.3}})
    info = error_of(caught)
    assert info["class"] == "stuck-in-queue"
    assert STUCK in info["message"]
    assert "add larger ones" in info["message"]
    assert [job.terminated for job in run.batch.submitted] == [True]
    assert any("AWS Batch job waits for a host" in text and "add larger ones" in text for text in caplog.messages)


LICENCES = 'consumableResources: { "aligner-licence": 2 }'


def test_a_task_holds_licences(run) -> None:
    run(failing("echo", LICENCES))
    (job,) = run.batch.submitted
    needs = [{"consumableResource": "aligner-licence", "quantity": 2}]
    assert job.request["consumableResourcePropertiesOverride"] == {"consumableResourceList": needs}
    assert "aligner-licence" not in json.dumps(job.definition)
    run(failing("echo"))
    assert "consumableResourcePropertiesOverride" not in run.batch.submitted[1].request


@pytest.mark.parametrize("reason", [None, STUCK])
def test_a_task_that_waits_says_which_licences_it_needs(run, caplog, monkeypatch, reason: str | None) -> None:
    monkeypatch.setattr("miniwdl_aws_batch_backend.jobs.job.QueueWait", partial(QueueWait, report_after=0.01))
    caplog.set_level("INFO")
    run.batch.fates = [Fate(waiting=3, runnable_reason=reason)]
    run(failing("echo", LICENCES))
    told = [text for text in caplog.messages if "waits for a host" in text and (not reason or reason in text)]
    assert told
    assert all('consumableResources: {"aligner-licence": 2}' in text for text in told)


def test_licences_are_checked(run) -> None:
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing("echo", 'consumableResources: { "a b": 1 }'))
    assert "task failing: runtime.consumableResources must be an object" in error_of(caught)["message"]


def test_a_reason_that_passes_fails_nothing(run) -> None:
    run.batch.fates = [Fate(waiting=3, runnable_reason=STUCK)]
    _, outputs = run(HELLO, options={"aws": {"runnable_timeout": 30}})
    assert outputs["said"] == "hello world"


class Unanswered:
    """Stands before describe_jobs: some requests are refused, from the moment something was told."""

    def __init__(self, batch: Any, *, after: Callable[[list[Any]], bool], times: int) -> None:
        self.describe, self.after, self.left, self.begun = batch.describe_jobs, after, times, False
        batch.describe_jobs = self

    def __call__(self, jobs: list[str]) -> Any:
        if self.begun and self.left:
            self.left -= 1
            raise client_error("DescribeJobs", "AccessDeniedException")
        answer = self.describe(jobs)
        self.begun = self.begun or self.after(answer["jobs"])
        return answer


def test_a_missing_job_is_kept_while_AWS_cannot_be_asked(run, monkeypatch) -> None:  # noqa: N802
    monkeypatch.setattr("miniwdl_aws_batch_backend.process.engine.MAX_LAG", 0)
    run.batch.fates = [Fate(missing=2)]
    doorman = Unanswered(run.batch, after=lambda jobs: not jobs, times=5)
    _, outputs = run(HELLO)
    assert outputs["said"] == "hello world"
    assert len(run.batch.submitted) == 1
    assert doorman.left == 0


def test_a_stuck_job_is_kept_while_AWS_cannot_be_asked(run) -> None:  # noqa: N802
    run.batch.fates = [Fate(waiting=1, runnable_reason=STUCK)]
    doorman = Unanswered(run.batch, after=lambda jobs: jobs[0].get("statusReason") == STUCK, times=6)
    _, outputs = run(HELLO, options={"aws": {"runnable_timeout": 0.1}})
    assert outputs["said"] == "hello world"
    assert doorman.left == 0


@pytest.fixture
def no_pauses(monkeypatch) -> None:
    monkeypatch.setattr("miniwdl_aws_core.batch.lookup.PAUSES", (0.0, 0.0, 0.0))


def test_a_submission_that_is_found_late_is_not_repeated(run, no_pauses) -> None:
    run.batch.errors["submit_job"] = [TakenAnywayError()]
    run.batch.list_lag = 2
    run(HELLO)
    assert len(run.batch.submitted) == 1


COUNTS = """
    version 1.1
    task counts {
        input { String log }
        command <<< echo x >> "~{log}"; sleep 0.2; wc -l < "~{log}"; echo "$AWS_BATCH_JOB_ID" >&2 >>>
        output { Int runs = read_int(stdout()) }
    }
"""


def begins(run, number: int) -> Callable[[Any], None]:
    """Have the n-th job that is submitted run before any other."""

    def submitted(_job: Any) -> None:
        jobs = run.batch.submitted
        if len(jobs) == 2:
            run.batch.begin(jobs[number])
            deadline = time.monotonic() + 60
            while not any(run.root.rglob("claim*")):
                assert time.monotonic() < deadline

    return submitted


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_submissions_the_first_job_to_begin_counts(run, no_pauses, first: int) -> None:
    """AWS tells of the second one alone, whichever begins."""
    run.batch.errors["submit_job"] = [TakenAnywayError()]
    run.batch.list_lag = 3
    run.batch.on_submit = begins(run, first)
    folder, outputs = run(COUNTS, {"log": str(run.root / "log")})
    assert len(run.batch.submitted) == 2
    assert outputs["runs"] == 1
    assert (folder / "stderr.txt").read_text().strip() == run.batch.submitted[first].job_id
    assert run.batch.alive == [], "the other one waits for no host"


def test_a_job_that_has_begun_and_is_unknown_is_an_infrastructure_fault(run, no_pauses) -> None:
    def somebody_else_has_begun(job: Any) -> None:
        if len(run.batch.submitted) == 1:
            work = Path(next(word for word in job.request["containerOverrides"]["command"] if word.endswith("/work")))
            (work.parent / "claim").symlink_to("11111111-2222-3333-4444-555555555555")

    run.batch.on_submit = somebody_else_has_begun
    _, outputs = run(HELLO)
    assert outputs["said"] == "hello world"
    assert [job.exit_code for job in run.batch.submitted] == [73, 0]


def test_a_run_that_ends_leaves_no_job_that_it_was_not_told_of(run, no_pauses) -> None:
    run.batch.errors["submit_job"] = [TakenAnywayError()]
    run.batch.list_lag = 3
    run.batch.fates = [Fate(waiting=99), Fate(never_start="CannotPullContainerError: unauthorized")]
    with pytest.raises(WDL.runtime.RunFailed):
        run(HELLO)
    assert len(run.batch.submitted) == 2
    assert run.batch.alive == []


@pytest.mark.parametrize("verbose", [True, False])
def test_planted_links_lead_nowhere(run, tmp_path: Path, caplog, verbose: bool) -> None:
    """What the workflow job alone can read is neither in what is told of a failed task, nor overwritten."""
    caplog.set_level("VERBOSE" if verbose else "INFO")
    secret = tmp_path / "environ"
    secret.write_text("AWS_SECRET_ACCESS_KEY=geheim\n")
    command = """
        until [ -e ../stderr.txt ]; do sleep 0.05; done
        for f in ../stderr.txt ../stdout.txt ../exit_code batch_job.json ../batch_job.json; do ln -sf SECRET $f; done
        exit 3
    """
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(failing(command.replace("SECRET", str(secret))))
    told = json.dumps(WDL.runtime.error_json(caught.value)) + caplog.text
    told += "".join(path.read_text() for path in (run.root / "runs").rglob("*.json") if not path.is_symlink())
    assert "geheim" not in told
    assert secret.read_text() == "AWS_SECRET_ACCESS_KEY=geheim\n"


@pytest.mark.parametrize("given", [{}, {"task_concurrency": 0}, {"task_concurrency": 7}, {"call_concurrency": 7}])
def test_a_run_that_is_as_small_as_its_host_is_told_of_it(run, caplog: Any, given: dict[str, int]) -> None:
    run.options["scheduler"] = {"container_backend": "aws_batch", **given}
    run(HELLO)
    assert ("[scheduler] task_concurrency is at miniwdl's default" in caplog.text) is (7 not in given.values())
