"""Every command of miniwdl-aws against three runs of one local cloud: one failed, one was cancelled, one is live."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pexpect
import psutil
import pytest

from miniwdl_aws_core.batch.run_end import without_end
from miniwdl_aws_local_cloud import CloudSettings, LocalCloud

from .conftest import BIN, WDL, Finished, Shell
from .interrupting import press_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 60.0
NEVER = "0" * 8 + "-0000" * 3 + "-" + "0" * 12

GATED = """version 1.1
workflow {name} {{
    input {{ String gate }}
    scatter (i in range(2)) {{ call hold {{ input: i = i, gate = gate }} }}
}}
task hold {{
    input {{ Int i  String gate }}
    command <<<
        echo "holding ~{{i}}" >&2
        for _ in $(seq 12000); do [ -e "~{{gate}}" ] && exit 0; sleep 0.1; done
        exit 9
    >>>
    output {{}}
}}
"""


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.05)


@dataclass
class Runs:
    """The runs, and the commands about them."""

    shell: Shell
    failed: str
    cancelled: str
    live: str
    gate: Path
    cancelling: Finished

    def manage(self, *words: str) -> Finished:
        return self.shell.run("miniwdl-aws", *words)

    def good(self, *words: str) -> str:
        done = self.manage(*words)
        assert done.code == 0, done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        """Check that it is refused in one sentence, perhaps with a hint."""
        done = self.manage(*words)
        lines = done.stderr.splitlines()
        assert (done.code, done.stdout) == (64, ""), done.stderr
        assert len(lines) <= 2, done.stderr
        assert lines[0].startswith("miniwdl-aws: ")
        assert all(line.startswith("  hint: ") for line in lines[1:])
        return lines[0]

    def submit(self, name: str, gate: Path, *options: str) -> str:
        source = self.shell.cwd / f"{name}.wdl"
        source.write_text(GATED.format(name=name))
        done = self.shell.submit(str(source), f"gate={gate}", *options)
        assert done.code == 0, done.stderr
        return done.job_id

    def running_tasks(self, job_id: str) -> list[Any]:
        return [job for job in self.shell.children(job_id) if job["status"] == "RUNNING"]

    def pty(self, command: str, *words: str) -> pexpect.spawn:
        return pexpect.spawn(
            str(BIN / command), list(words), cwd=self.shell.cwd, env={**self.shell.environ, "TERM": "xterm"},
            encoding="utf-8", timeout=PATIENCE, dimensions=(40, 200),
        )  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("manage")
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    with LocalCloud(folder / "cloud", CloudSettings(slots=20)) as cloud:
        names = {"MINIWDL__AWS__WORKFLOW_QUEUE": "workflow", "MINIWDL__AWS__WORKFLOW_IMAGE": "none"}
        shell = Shell(cloud, folder, {**kept, "HOME": str(folder), **cloud.environ, **names})
        gate = Path(cloud.environ["MINIWDL__FILE_IO__ROOT"]) / "gate"
        found = Runs(shell, "", "", "", gate, Finished(0, "", ""))
        failing = shell.submit(str(WDL / "failing.wdl"), "code=3", "--tag", "kind=bad", "--tag", "team=a")
        assert failing.code == 0, failing.stderr
        found.failed = failing.job_id
        found.cancelled = found.submit("dropped", gate, "--tag", "team=a")
        until(lambda: len(found.running_tasks(found.cancelled)) == 2, "the tasks to cancel run")
        found.cancelling = found.manage("cancel", "dropped")
        found.live = found.submit("live", gate, "--tag", "team=b")
        until(lambda: len(found.running_tasks(found.live)) == 2, "the live run's tasks run")
        until(lambda: shell.job(found.failed)["status"] == "FAILED", "the failing run has failed")
        yield found
        gate.touch()
        assert found.manage("wait", found.live).code == 0, "the live run went on through all of it, to its good end"


def listed(text: str) -> list[str]:
    return [item["name"] for item in json.loads(text)]


def test_cancel_stopped_the_run_and_its_tasks(runs: Runs) -> None:
    done = runs.cancelling
    assert (done.code, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    assert lines[0] == f"stopping workflow job {runs.cancelled}"
    assert lines[-1].startswith("stopped the workflow job, ")
    assert {job["status"] for job in runs.shell.children(runs.cancelled)} == {"FAILED"}


def test_cancel_once_more_is_no_error(runs: Runs) -> None:
    report = json.loads(runs.good("cancel", runs.cancelled, "--json"))
    assert report == {"jobId": runs.cancelled, "workflowJobStopped": False, "taskJobsStopped": []}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ["live", "dropped", "failing"]),
        (("--state", "active"), ["live"]),
        (("--state", "failed"), ["failing"]),
        (("--state", "stopped"), ["dropped"]),
        (("--state", "failed", "--state", "running"), ["live", "failing"]),
        (("--state", "succeeded"), []),
        (("--since", "1h"), ["live", "dropped", "failing"]),
        (("--since", "2100-01-01"), []),
        (("--tag", "team=a"), ["dropped", "failing"]),
        (("--tag", "team=a", "--tag", "kind=bad"), ["failing"]),
        (("--tag", "team=a", "--state", "active"), []),
    ],
)
def test_list(runs: Runs, words: tuple[str, ...], names: list[str]) -> None:
    assert listed(runs.good("list", "--json", *words)) == names
    table = [line.split() for line in runs.good("list", *words).splitlines()]
    assert [row[3] for row in table[1:]] == names
    assert not table or table[0][:5] == ["STATE", "AGE", "DURATION", "NAME", "RUN"]


def test_status(runs: Runs) -> None:
    failed = runs.good("status", "failing").splitlines()
    assert failed[0].startswith(f"failing  {runs.failed}  failed")
    assert failed[1].startswith("the run failed with exit code 3")
    assert failed[2].startswith("└─ fail  failed")
    assert "exit 3" in failed[2]
    assert "the run was stopped" in runs.good("status", runs.cancelled)
    live = runs.good("status", "last")
    assert live.startswith(f"live  {runs.live}  running")
    assert [line.split()[1:3] for line in live.splitlines() if "─ hold" in line] == [
        ["hold-0", "running"], ["hold-1", "running"],
    ]  # fmt: skip
    described = json.loads(runs.good("status", "last", "--json"))
    jobs = {job["jobId"] for job in runs.shell.children(runs.live)}
    assert {item["job_id"] for call in described["calls"] for item in call["tries"]} == jobs


def test_a_run_has_many_names(runs: Runs) -> None:
    words = [runs.live, "last", "live"]
    others = (runs.failed, runs.cancelled)
    prefix = next(
        runs.live[:length]
        for length in range(1, 36)
        if not any(other.startswith(runs.live[:length]) for other in others)
    )
    assert {runs.good("status", word).split()[1] for word in [*words, prefix]} == {runs.live}


@pytest.mark.parametrize("command", ["status", "logs", "wait", "cancel", "rerun"])
@pytest.mark.parametrize(
    ("word", "message"),
    [("nosuch", "there is no run nosuch in queue workflow"), (NEVER, f"AWS Batch does not know job {NEVER}")],
)
def test_an_unknown_run_is_one_sentence(runs: Runs, command: str, word: str, message: str) -> None:
    assert message in runs.refused(command, word)


def test_a_beginning_of_two_ids_is_one_sentence(runs: Runs) -> None:
    """Of 17 ids, two begin with the same digit; they live in another queue, where they trouble nobody."""
    batch = runs.shell.client("batch")
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "16"}]
    container = {"image": "none", "command": ["true"], "resourceRequirements": needs}
    batch.register_job_definition(jobDefinitionName="nothing", type="container", containerProperties=container)
    digits = [
        batch.submit_job(jobName=f"n{number}", jobQueue="task-fallback", jobDefinition="nothing")["jobId"][0]
        for number in range(17)
    ]
    twice = next(digit for digit in digits if digits.count(digit) > 1)
    message = runs.refused("status", twice, "--workflow-queue", "task-fallback")
    assert f"{digits.count(twice)} runs in queue task-fallback begin with {twice}: {twice}" in message


def test_logs_of_a_finished_run(runs: Runs) -> None:
    began = time.monotonic()
    workflow = runs.good("logs", "failing").splitlines()
    one = time.monotonic() - began  # on a busy machine, seconds in which nobody waits
    assert any("NOTICE workflow start" in line for line in workflow)
    assert "[miniwdl-aws] end of log" not in workflow
    assert runs.good("logs", "failing", "--follow").splitlines() == workflow, "all of it is there already"
    assert runs.good("logs", "failing", "--task", "fail") == "fail | something went wrong in here\n"
    everything = runs.good("logs", "failing", "--all").splitlines()
    assert everything == [*(f"failing | {line}" for line in workflow), "fail | something went wrong in here"]
    found = runs.good("logs", "failing", "--grep", r"workflow start|went wrong").splitlines()
    assert found == [line for line in workflow if "workflow start" in line or "went wrong" in line]
    assert runs.good("logs", "failing", "--since", "1h").splitlines() == workflow
    assert runs.good("logs", "failing", "--since", "2100-01-01") == ""
    (event,) = map(json.loads, runs.good("logs", "failing", "--task", "fail", "--json").splitlines())
    assert (event["from"], event["message"]) == ("fail", "something went wrong in here")
    assert abs(event["timestamp"] / 1000 - time.time()) < 600
    (job,) = runs.shell.children(runs.failed)
    assert event["stream"] == job["container"]["logStreamName"]
    assert time.monotonic() - began < 20 + 20 * one, "nobody waits for more of a log that is complete"


def test_logs_of_a_live_run(runs: Runs) -> None:
    assert runs.good("logs", "live", "--task", "hold-1") == "hold-1 | holding 1\n"
    assert sorted(runs.good("logs", "live", "--task", "hold").splitlines()) == [
        "hold-0 | holding 0", "hold-1 | holding 1",
    ]  # fmt: skip
    with runs.pty("miniwdl-aws", "logs", "live", "--all", "--follow") as followed:
        followed.expect_exact("holding")
        followed.expect_exact("holding")
        followed.sendintr()
        followed.expect_exact("interrupted; the run goes on")
        followed.expect(pexpect.EOF)
        followed.wait()
    assert followed.exitstatus == 130


def test_shell_says_where_to_look_instead(runs: Runs) -> None:
    assert "call hold-0 runs on the local cloud, which has no way into" in runs.refused("shell", runs.live, "hold-0")
    assert "2 calls of that name run: hold-" in runs.refused("shell", runs.live, "hold")
    assert "runs no more" in runs.refused("shell", runs.cancelled, "hold-1")


def test_a_queue_that_is_not_there_is_refused_by_aws(runs: Runs) -> None:
    done = runs.manage("list", "--workflow-queue", "nosuch")
    assert (done.code, done.stdout) == (69, "")
    assert done.stderr.splitlines()[0].endswith("Job queue nosuch does not exist (ClientException)")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("logs", "live", "--task", "nosuch"), "--task nosuch: run"),
        (("logs", "live", "--grep", "("), "--grep (: not a regular expression"),
        (("logs", "live", "--since", "soon"), "--since takes an age"),
        (("list", "--since", "1x"), "--since takes an age"),
        (("list", "--tag", "team"), "--tag takes KEY=VALUE, not 'team'"),
        (("list", "--state", "lost"), "argument --state: invalid choice: 'lost'"),
        (("status",), "RUN"),
        (("nosuch",), "invalid choice: 'nosuch'"),
    ],
)
def test_bad_input_is_one_sentence(runs: Runs, words: tuple[str, ...], message: str) -> None:
    assert message in runs.refused(*words)


def test_wait_ends_as_the_run_ended(runs: Runs) -> None:
    failed = runs.manage("wait", "failing", "--json")
    assert failed.code == 3
    assert json.loads(failed.stdout)["exitCode"] == 3
    said = runs.manage("wait", "failing", "--follow").stderr
    assert "the run failed with exit code 3" in said
    assert "something went wrong in here" in said, "the failing task's last words are in the error"
    (job,) = runs.shell.children(runs.failed)
    assert job["container"]["logStreamName"] in said
    assert runs.manage("wait", runs.cancelled).code == runs.manage("wait", "dropped").code == 143


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_leaves_the_run_alive(runs: Runs, times: int) -> None:
    with runs.pty("miniwdl-aws", "wait", "live", "--follow", "--task", "hold-0") as waiting:
        waiting.expect_exact("hold-0 | holding 0")
        said = press_ctrl_c(waiting, times)
    if times == 1:
        assert "interrupted; the run goes on" in said
        for command in ("status", f"wait {runs.live} --follow", "cancel"):
            assert f"miniwdl-aws {command.split()[0]} {runs.live}" in said
    assert runs.shell.job(runs.live)["status"] == "RUNNING"


def test_rerun_submits_the_same(runs: Runs) -> None:
    done = runs.manage("rerun", "failing", "--wait", "--json")
    assert done.code == 3, done.stderr
    again = json.loads(done.stdout)
    assert again["jobId"] != runs.failed
    first, second = runs.shell.job(runs.failed), runs.shell.job(again["jobId"])
    assert second["jobDefinition"] == first["jobDefinition"]
    assert without_end(second["tags"]) == without_end(first["tags"])
    assert second["container"]["command"] == first["container"]["command"]


def definitions_of_runs(runs: Runs) -> dict[str, str]:
    """Workflow jobs by the active definitions that one run alone can use."""
    found = runs.shell.client("batch").describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    return {
        item["jobDefinitionArn"]: item["tags"]["AWS_BATCH_PARENT_JOB_ID"]
        for item in found
        if "miniwdl-run-dir" in item["tags"]
    }


def test_runs_that_have_ended_in_whatever_way_leave_no_definition(runs: Runs) -> None:
    ended = {runs.failed: "FAILED", runs.cancelled: "FAILED"}
    assert {job_id: runs.shell.job(job_id)["status"] for job_id in ended} == ended
    (definition,) = {job["jobDefinition"] for job in runs.running_tasks(runs.live)}
    assert definitions_of_runs(runs) == {definition: runs.live}
    assert "stay registered" not in runs.good("logs", runs.failed), "no request has failed"


def test_sweep_stops_what_a_killed_workflow_job_left(runs: Runs) -> None:
    assert runs.manage("sweep").stderr == "no task job is left without its workflow job\n"
    lost = runs.submit("orphaning", runs.gate)
    until(lambda: len(runs.running_tasks(lost)) == 2, "the tasks run that will be left")
    for process in psutil.process_iter():
        try:
            mine = process.environ().get("AWS_BATCH_JOB_ID") == lost
        except psutil.Error:
            continue
        if mine:
            process.send_signal(signal.SIGKILL)
    until(lambda: runs.shell.job(lost)["status"] == "FAILED", "the workflow job is gone")
    left = {job["jobId"] for job in runs.running_tasks(lost)}
    assert len(left) == 2

    (definition,) = (arn for arn, run in definitions_of_runs(runs).items() if run == lost)

    found = runs.manage("sweep")
    assert found.code == 0
    assert {line.split()[0] for line in found.stdout.splitlines()} == {*left, definition.rpartition("/")[2]}
    assert "2 task jobs without a workflow job; --yes stops them" in found.stderr
    assert len(runs.running_tasks(lost)) == 2, "it only listed them"
    assert "1 job definition of runs that have ended; --yes deregisters it" in found.stderr
    listed = json.loads(runs.good("sweep", "--json"))
    assert {item.get("jobId") or item["jobDefinition"]: item["parent"] for item in listed} == dict.fromkeys(
        {*left, definition}, lost
    )
    swept = runs.manage("sweep", "--yes").stderr
    assert "stopped 2 task jobs\nderegistered 1 job definition of" in swept
    assert set(definitions_of_runs(runs).values()) == {runs.live}
    until(lambda: not runs.running_tasks(lost), "they are stopped")
    assert runs.manage("sweep").stderr == "no task job is left without its workflow job\n"
    assert len(runs.running_tasks(runs.live)) == 2, "those of the live run go on"


def test_doctor_is_content_with_a_local_cloud(runs: Runs) -> None:
    checks = runs.good("doctor", "--wdl", str(WDL / "hello.wdl")).splitlines()
    assert len(checks) > 8
    assert any(line.startswith("ok  tasks on job queue task ") for line in checks)
    assert all(line.startswith("ok ") for line in checks), "\n".join(checks)


def test_doctor_fails_where_something_is_wrong(runs: Runs) -> None:
    done = runs.shell.run("miniwdl-aws", "doctor", env={"MINIWDL__AWS__FS": "fs-0123456789abcdef0"})
    assert done.code == 1
    assert any(line.startswith("FAILED") and "fs-0123456789abcdef0" in line for line in done.stdout.splitlines())


COMPLETE = r"""
eval "$(register-python-argcomplete miniwdl-aws-submit miniwdl-aws)"
offered() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMPREPLY=()
    "$(complete -p "$1" | sed 's/.*-F \([^ ]*\).*/\1/')" "$1" "${@: -1}" ""
    printf '%s\n' "${COMPREPLY[@]}"
}
"""


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("miniwdl-aws sw", {"sweep"}),
        ("miniwdl-aws status l", {"last", "live"}),
        ("miniwdl-aws-submit --delete-after f", {"failure"}),
        ("miniwdl-aws-submit --follow-t", {"--follow-task"}),
    ],
)
def test_bash_completes_after_the_documented_line(runs: Runs, words: str, offered: set[str]) -> None:
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{COMPLETE}\noffered {words}"],
        env={**runs.shell.environ, "PATH": f"{BIN}:{runs.shell.environ['PATH']}"},
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert {word.strip() for word in done.stdout.split()} == offered, done.stderr


def test_a_log_group_of_ones_own_is_read_by_whoever_reads_logs(shell: Shell) -> None:
    """A task's log configuration counts for the commands of a run, for its follower and for the reader of any job."""
    configuration = {"logDriver": "awslogs", "options": {"awslogs-group": "/lab/jobs"}}
    properties = json.dumps({"logConfiguration": configuration})
    submitted = shell.submit(
        str(WDL / "hello.wdl"), "--no-cache", "--follow", "--follow-task", "greet", "--plain",
        env={"MINIWDL__AWS__CONTAINER_PROPERTIES": properties},
    )  # fmt: skip
    assert submitted.code == 0, submitted.stderr
    assert "greet-0 | greeting Ada\n" in submitted.stderr
    (job,) = shell.children(submitted.job_id)
    assert shell.run("miniwdl-aws", "logs", submitted.job_id, "--task", "greet").stdout == "greet-0 | greeting Ada\n"
    assert shell.run("miniwdl-aws-logs", job["jobId"]).stdout == "greeting Ada\n"
    assert job["tags"]["miniwdl-call"] == "call-greet-0"
