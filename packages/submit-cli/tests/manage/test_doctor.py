"""``miniwdl-aws doctor``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pluggy
import pytest
from botocore.exceptions import ClientError

from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_core.options.table import Section
from miniwdl_aws_hooks import Check, CheckState, MiniwdlAwsError, PreflightContext, TaskNeeds, hookimpl

Outcome = tuple[int, str, str]


class Checks:
    """A plugin with checks."""

    def __init__(self, *found: Check, error: MiniwdlAwsError | None = None) -> None:
        self.found = found
        self.error = error

    @hookimpl
    def miniwdl_aws_preflight(self) -> tuple[Check, ...]:
        if self.error:
            raise self.error
        return self.found


def test_doctor_is_content(
    manager: pluggy.PluginManager, manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIWDL__AWS__STAGING", "s3://bucket/st")
    manager.register(Checks(Check("licence", CheckState.WARNING, "ends soon", "renew it")), name="licences")
    code, out, err = manage("doctor")
    assert err.endswith(" 0 failed, 1 warning\n")
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert code == 0
    assert {line[0] for line in lines} == {"ok", "warning", "hint:"}
    assert "renew it" in out
    assert "registry/workflow:1" in out


def test_doctor_fails_and_asks_everybody(
    manager: pluggy.PluginManager, manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIWDL__AWS__WORKFLOW_QUEUE", "closed")
    manager.register(Checks(error=MiniwdlAwsError("no licence", hint="buy one")), name="licences")
    manager.register(Checks(Check("moon", CheckState.OK, "is up")), name="moon")
    code, out, err = manage("doctor")
    assert code == 1
    assert err.endswith(" 4 failed, 1 warning\n")
    found = {item["subject"]: item for item in json.loads(manage("doctor", "--json")[1])}
    nothing = {"why": None, "command": None}
    assert found["moon"] == {"state": "ok", "subject": "moon", "message": "is up", "hint": None, **nothing}
    assert found["licences"] == {
        "state": "failed", "subject": "licences", "message": "no licence", "hint": "buy one", **nothing,
    }  # fmt: skip
    assert "job queue closed is DISABLED" in out
    assert "FAILED   licences" in out
    assert "hint: buy one" in out
    assert "is up" in out


@pytest.mark.parametrize(
    ("queue", "share", "state", "message"),
    [
        ("fair", "", "failed", "job queue fair has a scheduling policy: it takes no job without a share identifier"),
        ("fair", "blue", "ok", "blue, for the workflow job and task jobs"),
        ("workflow", "blue", "failed", "[aws] share_identifier: none of the job queues workflow, task has a"),
        ("workflow", "", None, ""),
    ],
)
def test_doctor_tells_queues_that_would_refuse_jobs_for_their_share(
    manage: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
    queue: str,
    share: str,
    state: str | None,
    message: str,
) -> None:
    monkeypatch.setenv("MINIWDL__AWS__WORKFLOW_QUEUE", queue)
    monkeypatch.setenv("MINIWDL__AWS__SHARE_IDENTIFIER", share)
    found = {item["subject"]: item for item in json.loads(manage("doctor", "--json")[1])}.get("share identifier", {})
    assert found.get("state") == state
    assert found.get("message", "").startswith(message)


class FsxPoint:
    """The entry point of a part that owns [fsx]."""

    value = "fsx:Options"

    def load(self) -> type[Section]:
        return type("Options", (Section,), {"section": "fsx"})


def test_doctor_finds_variables_that_nobody_knows(
    manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miniwdl_aws_core.options.known.find_points", lambda _group: [FsxPoint()])
    monkeypatch.setenv("MINIWDL__FSX__PRELOD", "true")
    found = {item["subject"]: item for item in json.loads(manage("doctor", "--json")[1])}
    assert found["configuration"]["state"] == "failed"
    assert "MINIWDL__FSX__PRELOD" in found["configuration"]["message"]


def test_doctor_says_why_something_matters_and_what_to_type(
    manager: pluggy.PluginManager, manage: Callable[..., Outcome]
) -> None:
    why, command = "jobs would wait for ever", "aws batch update-compute-environment --state ENABLED"
    manager.register(Checks(Check("hosts", CheckState.WARNING, "are off", why=why, command=command)), name="hosts")
    _code, out, _err = manage("doctor")
    assert [line.strip() for line in out.splitlines() if "why:" in line or "run:" in line] == [
        f"why: {why}",
        f"run: {command}",
    ]
    found = {item["subject"]: item for item in json.loads(manage("doctor", "--json")[1])}
    assert (found["hosts"]["why"], found["hosts"]["command"]) == (why, command)


def test_doctor_does_not_fail_for_what_it_may_not_look_at(
    manager: pluggy.PluginManager, manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIWDL__AWS__STAGING", "s3://bucket/st")
    denied = AwsError("can't count the moons: permission is missing", kind=Kind.DENIED, hint="allow moon:Count")
    manager.register(Checks(error=denied), name="moons")
    code, out, err = manage("doctor")
    assert code == 0
    assert err.endswith(" 0 failed, 0 warnings, 1 unknown\n")
    assert "unknown  moons" in out
    assert "hint: allow moon:Count" in out


class Asked:
    """A plugin that keeps what it is asked."""

    def __init__(self) -> None:
        self.tasks: list[TaskNeeds] = []

    @hookimpl
    def miniwdl_aws_preflight(self, context: PreflightContext) -> tuple[Check, ...]:
        self.tasks += context.tasks
        return ()


WDL = """version 1.1
workflow w { input { File reads
  Int n }
  call t { input: cpu = n, gib = ceil(size(reads, "MB")) } }
task t { input { Int cpu
  Int gib }
  command {}
  runtime { cpu: cpu
    memory: "~{gib} GiB" } }
"""


@pytest.mark.parametrize(
    ("words", "runtime", "unknown"),
    [
        (("--wdl", "w.wdl", "n=3", "reads=reads.fq"), {"cpu": 3, "memory": "2 GiB"}, {}),
        (("n=3", "reads=reads.fq", "--wdl", "w.wdl"), {"cpu": 3, "memory": "2 GiB"}, {}),
        (("--wdl", "w.wdl", "-i", "in.json", "--json"), {"cpu": 4, "memory": "2 GiB"}, {}),
        (("--wdl", "w.wdl", "-i", "in.json", "n=5"), {"cpu": 5, "memory": "2 GiB"}, {}),
        (("--wdl", "w.wdl", "n=3"), {"cpu": 3}, {"memory": "the input reads, which is not given"}),
    ],
)
def test_doctor_tells_plugins_what_tasks_ask_for(
    manager: pluggy.PluginManager,
    manage: Callable[..., Outcome],
    here: Path,
    words: tuple[str, ...],
    runtime: dict[str, object],
    unknown: dict[str, str],
) -> None:
    (here / "w.wdl").write_text(WDL)
    (here / "reads.fq").write_bytes(b"x" * 1_500_000)
    (here / "in.json").write_text(json.dumps({"w.n": 4, "w.reads": "reads.fq"}))
    asked = Asked()
    manager.register(asked, name="asked")
    manage("doctor", *words)
    assert asked.tasks == [TaskNeeds("t", "t", runtime, unknown)]


def test_doctor_says_what_it_can_not_read(manage: Callable[..., Outcome], here: Path) -> None:
    assert here
    assert "/mnt/fsx/w.wdl is read by the workflow job" in manage("doctor", "--wdl", "/mnt/fsx/w.wdl")[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("n=3",), "n=3 is an input of no workflow"),
        (("-i", "in.json"), "-i in.json is an input of no workflow"),
        (("--wdl", "missing.wdl"), "missing.wdl"),
        (("--wdl", "hello.wdl", "m=3"), "m"),
    ],
)
def test_doctor_refuses_wrong_inputs(
    manage: Callable[..., Outcome], here: Path, words: tuple[str, ...], message: str
) -> None:
    assert here
    code, out, err = manage("doctor", *words)
    assert code not in (0, 1)
    assert out == ""
    assert message in err
    assert "Traceback" not in err


ROLE = "arn:aws:iam::123456789012:role/lab/miniwdl-workflow"


class Iam:
    """IAM's policy simulator."""

    def __init__(self, *denied: str, error: str = "") -> None:
        self.denied, self.error = denied, error

    def simulate_principal_policy(self, **request: Any) -> dict[str, Any]:
        if self.error:
            response = {"Error": {"Code": self.error, "Message": "no"}, "ResponseMetadata": {}}
            raise ClientError(response, "SimulatePrincipalPolicy")  # type: ignore[arg-type]
        assert request["PolicySourceArn"] == ROLE
        results = [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": "implicitDeny" if action in self.denied else "allowed",
            }
            for action in request["ActionNames"]
            for resource in request["ResourceArns"]
        ]
        return {"EvaluationResults": results, "IsTruncated": False}


@pytest.mark.parametrize(
    ("iam", "state", "words"),
    [
        (Iam(), "ok", "its policies allow what every run needs"),
        (Iam("s3:PutObject"), "warning", "its policies don't allow s3:PutObject on arn:aws:s3:::lab/x"),
        (Iam("batch:SubmitJob", "s3:PutObject"), "failed", ":job-queue/task; nor s3:PutObject"),
        (Iam(error="AccessDenied"), "unknown", "not checked: can't simulate"),
        (Iam(error="UnsupportedOperation"), None, ""),
        (Iam(error="NoSuchEntity"), "warning", "NoSuchEntity"),
    ],
)
def test_doctor_asks_what_the_role_of_workflow_jobs_may_do(
    manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, iam: Iam, state: str | None, words: str
) -> None:
    monkeypatch.setattr("miniwdl_aws_submit_cli.preflight.connect_to", lambda *_names: iam)
    monkeypatch.setenv("MINIWDL__AWS__WORKFLOW_ROLE", ROLE)
    monkeypatch.setenv("MINIWDL__AWS__S3_UPLOAD_FOLDER", "s3://lab/out/")
    found = {item["subject"]: item for item in json.loads(manage("doctor", "--json")[1])}
    checked = found.get("workflow role miniwdl-workflow", {})
    assert checked.get("state") == state
    assert words in checked.get("message", "")


def test_doctor_asks_nothing_about_the_role_of_hosts(
    manage: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIWDL__AWS__WORKFLOW_ROLE", "")
    assert "workflow role" not in manage("doctor")[1]
