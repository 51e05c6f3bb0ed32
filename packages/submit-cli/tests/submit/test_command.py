"""The whole command against a cloud in memory; the sibling parts are stand-ins."""

import base64
import io
import json
import lzma
import random
import re
import sys
import zipfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pluggy
import pytest

from miniwdl_aws_core.batch.attempts import WHERE_NOT_AT_FAULT
from miniwdl_aws_core.options.table import Section
from miniwdl_aws_hooks import InputFinding, SubmitEnvironment, SubmitOption, hookimpl
from miniwdl_aws_submit_cli.runs.names import given_name
from miniwdl_aws_submit_cli.submit.command import main
from miniwdl_aws_submit_cli.submit.payload import task_env_file

Outcome = tuple[int, str, str]


@pytest.fixture
def submit(aws: Any, parts: Any, here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run the command; give its exit code, stdout and stderr."""

    def run(*words: str, queue: str = "workflow") -> Outcome:
        code = main(["--workflow-queue", queue, *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def job(aws: Any, job_id: str) -> dict[str, Any]:
    (found,) = aws.describe_jobs(jobs=[job_id])["jobs"]
    return dict(found)


def environment(found: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in found["container"]["environment"]}


def nothing_submitted(aws: Any) -> bool:
    queues = [queue["jobQueueName"] for queue in aws.describe_job_queues()["jobQueues"]]
    return not any(aws.list_jobs(jobQueue=name, filters=ANY)["jobSummaryList"] for name in queues)


ANY = [{"name": "AFTER_CREATED_AT", "values": ["0"]}]


def test_the_job_id_alone_is_on_stdout_and_the_next_commands_on_stderr(
    aws: Any, submit: Callable[..., Outcome]
) -> None:
    code, out, err = submit("hello.wdl", "n=2", "--verbose")
    assert code == 0
    job_id = out.strip()
    found = job(aws, job_id)
    assert re.fullmatch(r"hello-[0-9a-f]{10}", found["jobName"])
    assert {"name": "WDL_SUBMISSION", "value": found["jobName"]} in found["container"]["environment"]
    assert "submitted workflow job hello to" in err
    assert found["container"]["command"] == [
        "miniwdl-run-s3upload", "@payload", "--verbose", "--dir", "/mnt/fsx/miniwdl_run",
    ]  # fmt: skip
    for command in ("status", "logs", "wait", "cancel"):
        assert f"miniwdl-aws {command} {job_id}" in err


def test_the_payload_is_the_workflow_with_its_inputs(aws: Any, submit: Callable[..., Outcome]) -> None:
    variables = environment(job(aws, submit("hello.wdl", "n=2")[1].strip()))
    data = lzma.decompress(base64.urlsafe_b64decode(variables["WDL_PAYLOAD"]), format=lzma.FORMAT_ALONE)
    assert variables["WDL_PAYLOAD_NAME"] == "hello.wdl.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert json.loads(archive.read("default_input.json")) == {"hello.n": 2}


def test_tags_and_environment_give_what_options_do_not(
    aws: Any, submit: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIWDL__AWS__TASK_QUEUE_FALLBACK", "spare")
    monkeypatch.setenv("MINIWDL__CALL_CACHE__GET", "false")
    monkeypatch.setenv("MINIWDL__AWS__S3_UPLOAD_FOLDER", "s3://bucket/out")
    found = job(aws, submit("hello.wdl", "n=2", "--delete-after", "success", "--tag", "Group=x")[1].strip())
    assert {
        "MINIWDL__AWS__TASK_QUEUE": "task",
        "MINIWDL__AWS__TASK_QUEUE_FALLBACK": "spare",
        "MINIWDL__AWS__FS": "fs-0123",
        "MINIWDL__CALL_CACHE__GET": "false",
        "MINIWDL__FILE_IO__ROOT": "/mnt/fsx",
        "AWS_DEFAULT_REGION": "us-west-2",
        "WDL_MOUNT_SENTINEL": "/mnt/fsx/.miniwdl-aws-mounted",
    }.items() <= environment(found).items()
    assert found["container"]["command"][2:] == [
        "--dir", "/mnt/fsx/miniwdl_run", "--s3upload", "s3://bucket/out", "--delete-after", "success",
    ]  # fmt: skip
    assert found["tags"] == {"Group": "x"}
    definition = aws.describe_job_definitions(jobDefinitions=[found["jobDefinition"]])["jobDefinitions"][0]
    assert definition["containerProperties"]["image"] == "registry/workflow:1"


class BackendPoint:
    """The entry point of a part that owns [aws]."""

    value = "backend:Options"

    def load(self) -> type[Section]:
        return type("Options", (Section,), {"section": "aws"})


def test_a_variable_that_nobody_knows_is_refused_before_anything_is_asked(
    aws: Any, submit: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miniwdl_aws_core.options.known.find_points", lambda _group: [BackendPoint()])
    monkeypatch.setenv("MINIWDL__AWS__TASK_QUEU", "task")
    code, out, err = submit("hello.wdl", "n=2", queue="")
    assert (code, out) == (64, "")
    assert "no option MINIWDL__AWS__TASK_QUEU" in err
    assert "did you mean MINIWDL__AWS__TASK_QUEUE?" in err
    assert nothing_submitted(aws)
    assert submit("hello.wdl", "n=2", "--no-env")[0] == 0, "what isn't passed on is nobody's business"


def test_no_env(aws: Any, submit: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIWDL__CALL_CACHE__GET", "false")
    variables = environment(job(aws, submit("hello.wdl", "n=2", "--no-env")[1].strip()))
    assert "MINIWDL__CALL_CACHE__GET" not in variables


def test_equal_jobs_share_one_definition(aws: Any, submit: Callable[..., Outcome]) -> None:
    first = job(aws, submit("hello.wdl", "n=2")[1].strip())
    second = job(aws, submit("hello.wdl", "n=3", "--cpu", "2", "--name", "other")[1].strip())
    assert first["jobDefinition"] == second["jobDefinition"]
    assert [given_name(each["jobName"]) for each in (first, second)] == ["hello", "other"]


def test_local_files_are_staged_and_named_in_the_inputs(
    aws: Any, parts: Any, here: Path, submit: Callable[..., Outcome]
) -> None:
    (here / "r.fq").write_text("reads")
    _code, out, _err = submit("hello.wdl", "n=1", "reads=r.fq", "--s3upload", "s3://bucket/out")
    (request,) = parts.staged
    assert [item.path for item in request.items] == [str(here / "r.fq")]
    assert request.folder == "s3://bucket/miniwdl-aws-staging/"
    assert request.dry_run is False
    data = base64.urlsafe_b64decode(environment(job(aws, out.strip()))["WDL_PAYLOAD"])
    with zipfile.ZipFile(io.BytesIO(lzma.decompress(data, format=lzma.FORMAT_ALONE))) as archive:
        (uri,) = json.loads(archive.read("default_input.json"))["hello.reads"]
    assert uri.startswith("s3://bucket/miniwdl-aws-staging/")


def test_a_large_wdl_travels_through_staging(aws: Any, parts: Any, here: Path, submit: Callable[..., Outcome]) -> None:
    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=100_000))
    text = (here / "hello.wdl").read_text()
    (here / "hello.wdl").write_text(text + "\n".join(f"# {noise[n : n + 100]}" for n in range(0, 100_000, 100)))
    code, out, err = submit("hello.wdl", "n=1")
    assert (code, out) == (64, "")
    assert "must be staged in S3" in err
    _code, out, _err = submit("hello.wdl", "n=1", "--staging", "s3://bucket/st")
    variables = environment(job(aws, out.strip()))
    assert variables["WDL_PAYLOAD"].startswith("s3://bucket/st/")
    assert variables["WDL_PAYLOAD"].endswith("/hello.wdl.zip")
    assert not Path(parts.staged[0].items[0].path).exists()


@pytest.mark.parametrize("wdl", ["hello.wdl", "/mnt/fsx/hello.wdl"])
def test_a_value_of_env_travels_through_staging_alone(
    aws: Any, parts: Any, submit: Callable[..., Outcome], wdl: str
) -> None:
    given = (wdl, "n=1", "--env", "TOKEN=hush-hush", "--env=EMPTY=")
    code, out, err = submit(*given)
    assert (code, out) == (64, "")
    assert "what --env gives, which the job's description would show, must be staged in S3" in err
    assert "--staging" in err
    code, out, err = submit(*given, "--staging", "s3://bucket/st")
    found = job(aws, out.strip())
    assert "@task-env" in found["container"]["command"]
    uri = environment(found)["WDL_TASK_ENV"]
    assert uri.startswith("s3://bucket/st/")
    assert uri.endswith("/task-env.json")
    assert "hush" not in json.dumps(found) + err
    assert not Path(parts.staged[-1].items[0].path).exists()
    assert (
        submit(*given, "--staging", "s3://bucket/st", "--dry-run", "--debug")[2].count("--debug, miniwdl writes") == 1
    )


def test_variables_that_may_be_secrets_travel_through_staging_alone(
    aws: Any, parts: Any, submit: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIWDL__TASK_RUNTIME__ENV", '{"TOKEN": "hush-hush"}')
    monkeypatch.setenv("MINIWDL__SCHEDULER__FAIL_FAST", "true")
    code, _, err = submit("hello.wdl", "n=1")
    assert code == 64
    assert "what MINIWDL__TASK_RUNTIME__ENV gives, which the job's description would show, must be staged" in err
    code, out, err = submit("hello.wdl", "n=1", "--staging", "s3://bucket/st", "--debug")
    found = job(aws, out.strip())
    variables = environment(found)
    assert variables["WDL_TASK_ENV"].endswith("/task-env.json")
    assert variables["MINIWDL__SCHEDULER__FAIL_FAST"] == "true"
    assert "@task-env" not in found["container"]["command"], "nothing is given by --env"
    assert "hush" not in json.dumps(found) + err
    assert "with --debug, miniwdl writes the values of MINIWDL__TASK_RUNTIME__ENV into the log" in err
    code, out, _ = submit("hello.wdl", "n=1", "--no-env")
    assert "WDL_TASK_ENV" not in environment(job(aws, out.strip()))


def test_equal_values_of_env_are_not_to_be_seen_by_the_name_of_their_object() -> None:
    first, second = (task_env_file({"TOKEN": "1234"}, {}) for _ in range(2))
    assert json.loads(first.data)["env"] == json.loads(second.data)["env"] == {"TOKEN": "1234"}
    assert first.data != second.data


def test_dry_run_submits_and_stages_nothing(aws: Any, parts: Any, here: Path, submit: Callable[..., Outcome]) -> None:
    (here / "r.fq").write_text("reads")
    code, out, err = submit("hello.wdl", "n=1", "reads=r.fq", "--staging", "s3://bucket/st", "--dry-run")
    shown = json.loads(out)
    assert code == 0
    assert "nothing was staged or submitted" in err
    assert [request.dry_run for request in parts.staged] == [True]
    assert shown["submitJob"]["jobQueue"] == "workflow"
    assert shown["submitJob"]["retryStrategy"] == WHERE_NOT_AT_FAULT
    assert shown["jobDefinition"]["containerProperties"]["logConfiguration"]["options"]["mode"] == "non-blocking"
    assert shown["staging"]["bytes"] == 5
    values = {item["name"]: item["value"] for item in shown["submitJob"]["containerOverrides"]["environment"]}
    assert values["WDL_PAYLOAD"].endswith(" bytes)")
    assert nothing_submitted(aws)
    assert aws.describe_job_definitions()["jobDefinitions"] == []


@pytest.mark.parametrize(
    ("terminal", "words", "goes_on"), [(True, [], False), (True, ["--yes"], True), (False, [], True)]
)
def test_who_sits_at_a_terminal_is_asked_before_much_is_staged(
    parts: Any, here: Path, submit: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch,
    terminal: bool, words: list[str], goes_on: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "stdin", Namespace(isatty=lambda: terminal))
    (here / "r.fq").write_text("reads")
    submit("hello.wdl", "n=1", "reads=r.fq", "--staging", "s3://bucket/st", *words)
    assert parts.staged[0].confirm("?") is goes_on


@pytest.mark.parametrize(
    "words",
    [
        ["--publish", "export", "--delete-after", "success", "--no-overwrite"],
        ["--upload-as-you-go"],
    ],
)
def test_how_to_publish_travels_in_the_command(aws: Any, submit: Callable[..., Outcome], words: list[str]) -> None:
    words = ["--s3upload", "s3://bucket/out/", *words]
    found = job(aws, submit("hello.wdl", "n=1", "--no-env", *words)[1].strip())
    assert found["container"]["command"][-len(words) :] == words
    assert "MINIWDL__AWS__PUBLISH" not in environment(found)


def test_uploads_on_the_way_that_are_not_possible(aws: Any, submit: Callable[..., Outcome]) -> None:
    for words in ([], ["--s3upload", "s3://bucket/out/", "--no-overwrite"]):
        code, _out, err = submit("hello.wdl", "n=1", "--upload-as-you-go", *words)
        assert (code, "--upload-as-you-go needs --s3upload" in err) == (64, True)
    assert nothing_submitted(aws)


def test_wait_reproduces_success(submit: Callable[..., Outcome]) -> None:
    code, out, err = submit("hello.wdl", "n=1", "--wait")
    assert (code, out.count("\n")) == (0, 1)
    assert "the run succeeded" in err
    assert "first line" not in err


def test_follow_shows_the_log(parts: Any, submit: Callable[..., Outcome]) -> None:
    code, out, err = submit("hello.wdl", "n=1", "-f")
    assert (code, out.count("\n")) == (0, 1)
    assert err.index("first line") < err.index("second line") < err.index("the run succeeded")
    assert parts.followed[0].group == "/aws/batch/job"
    assert parts.followed[0].end_marker == "[miniwdl-aws] end of log"


def test_json_is_one_object(submit: Callable[..., Outcome]) -> None:
    _code, out, _err = submit("hello.wdl", "n=1", "--json", "--wait")
    facts = json.loads(out)
    assert (facts["status"], facts["exitCode"], facts["jobQueue"]) == ("SUCCEEDED", 0, "workflow")
    _code, out, _err = submit("hello.wdl", "n=1", "--json")
    assert sorted(json.loads(out)) == ["jobDefinition", "jobId", "jobName", "jobQueue", "region"]


def test_self_test(aws: Any, submit: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIWDL__AWS__S3_UPLOAD_FOLDER", "s3://bucket/out")
    found = job(aws, submit("--self-test")[1].strip())
    assert found["container"]["command"] == ["miniwdl-run-s3upload", "--self-test", "--dir", "/mnt/fsx/miniwdl_run"]
    found = job(aws, submit("--self-test", "--as-me")[1].strip())
    assert found["container"]["command"][:3] == ["miniwdl-run-s3upload", "--self-test", "--as-me"]
    assert submit("--self-test", "hello.wdl")[0] == 64


@pytest.mark.parametrize(
    ("words", "queue", "message"),
    [
        ([], "workflow", "no WDL is named"),
        (["hello.wdl", "n=1"], "", "--workflow-queue is missing"),
        (["hello.wdl", "n=1"], "nope", "--workflow-queue: there is no job queue nope"),
        (["hello.wdl", "n=1"], "closed", "job queue closed is DISABLED"),
        (["hello.wdl", "n=1"], "bare", "--task-queue is missing"),
        (["hello.wdl", "n=1", "--task-queue", "nope"], "workflow", "--task-queue: there is no job queue nope"),
        (
            ["hello.wdl", "n=1", "--task-queue-fallback", "closed"],
            "workflow",
            "--task-queue-fallback: job queue closed",
        ),
        (["hello.wdl", "n=1", "--task-queue", "task"], "bare", "--image is missing: give --image"),
        (["hello.wdl", "n=1", "--task-queue", "task", "--image", "i"], "bare", "--fsid is missing"),
        (
            ["hello.wdl", "n=1"],
            "fair",
            "job queue fair has a scheduling policy: it takes no job without a share identif",
        ),
        (["hello.wdl", "n=1", "--task-queue", "fair-task"], "workflow", "job queue fair-task has a scheduling policy"),
        (["hello.wdl", "n=1", "--share", "blue"], "workflow", "--share: none of the job queues workflow, task has a"),
        (
            ["hello.wdl", "n=1", "--share", "blue", "--task-queue-fallback", "spare"],
            "fair",
            "--share: job queue spare has no scheduling policy",
        ),
        (["hello.wdl", "n=1", "--share", "team-a"], "fair", "--share must be at most 255 letters and digits"),
        (["hello.wdl", "n=1", "--dir", "/mnt/fsx2/x"], "workflow", "--dir must lie within the mount"),
        (["hello.wdl", "n=1", "--frobnicate"], "workflow", "knows --frobnicate"),
        (["hello.wdl"], "workflow", "missing required inputs for hello: n"),
        (["hello.wdl", "n=1", "reads=no.fq"], "workflow", "File not found: no.fq"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_submitted(
    aws: Any, submit: Callable[..., Outcome], words: list[str], queue: str, message: str
) -> None:
    code, out, err = submit(*words, queue=queue)
    assert (code, out) == (64, "")
    assert message in err.splitlines()[0]
    assert nothing_submitted(aws)


def submitted(out: str) -> tuple[str | None, int | None, str | None]:
    """Share and priority of the workflow job that would be submitted, and the share of its tasks."""
    shown = json.loads(out)
    request = shown["submitJob"]
    variables = {item["name"]: item["value"] for item in request["containerOverrides"]["environment"]}
    return (
        request.get("shareIdentifier"),
        shown["jobDefinition"].get("schedulingPriority"),
        variables.get("MINIWDL__AWS__SHARE_IDENTIFIER"),
    )


@pytest.mark.parametrize(
    ("words", "queue", "found"),
    [
        ([], "fair", ("blue", 0, "blue")),
        (["--share", "red", "--no-env"], "fair", ("red", 0, "red")),
        (["--task-queue", "fair-task"], "workflow", (None, None, "blue")),
        (["--task-queue", "task"], "fair", ("blue", 0, None)),
        (["--share", ""], "workflow", (None, None, None)),
    ],
)
def test_the_share_goes_to_the_queues_that_take_one(
    aws: Any,
    submit: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    queue: str,
    found: tuple[str | None, int | None, str | None],
) -> None:
    monkeypatch.setenv("MINIWDL__AWS__SHARE_IDENTIFIER", "blue")
    code, out, err = submit("hello.wdl", "n=2", "--dry-run", *words, queue=queue)
    assert code == 0, err
    assert submitted(out) == found


def test_aws_is_not_asked_before_the_queue_is_known(
    parts: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    assert main(["hello.wdl"]) == 64
    assert "--workflow-queue is missing" in capsys.readouterr().err
    assert main(["hello.wdl", "--workflow-queue", "q"]) == 69
    assert "there are no AWS credentials" in capsys.readouterr().err


def test_an_endpoint_that_does_not_answer(
    parts: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert main(["hello.wdl", "--workflow-queue", "q"]) == 69
    assert "http://127.0.0.1:9" in capsys.readouterr().err


def test_follow_needs_a_part(
    aws: Any, manager: pluggy.PluginManager, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--workflow-queue", "workflow", "hello.wdl", "n=1", "--follow"]) == 64
    assert "--follow needs miniwdl-aws-cwlogs: pip install miniwdl-aws-cwlogs" in capsys.readouterr().err
    assert nothing_submitted(aws)


class Elsewhere:
    """A plugin whose option takes the run somewhere else."""

    def __init__(self) -> None:
        self.args: list[Namespace] = []

    @hookimpl
    def miniwdl_aws_submit_options(self) -> list[SubmitOption]:
        return [SubmitOption("--elsewhere", "run it elsewhere", self.enter)]

    @contextmanager
    def enter(self, args: Namespace) -> Iterator[SubmitEnvironment]:
        self.args.append(args)
        environ = {
            "MINIWDL__AWS__WORKFLOW_QUEUE": "bare",
            "MINIWDL__AWS__TASK_QUEUE": "task",
            "MINIWDL__AWS__FS": "fs-1",
        }
        yield SubmitEnvironment(environ, lambda: ["outputs are in ./elsewhere"], needs_image=False)


def test_an_option_of_a_plugin_says_where_the_run_goes(
    aws: Any, manager: pluggy.PluginManager, parts: Any, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = Elsewhere()
    manager.register(plugin)
    assert main(["--elsewhere", "hello.wdl", "n=1", "--s3upload", "s3://bucket/x"]) == 0
    out, err = capsys.readouterr()
    assert job(aws, out.strip())["jobQueue"].endswith("/bare")
    assert f"miniwdl-aws status {out.strip()} --elsewhere" in err
    assert err.splitlines()[-1] == "outputs are in ./elsewhere"
    assert (plugin.args[0].waiting, plugin.args[0].s3upload) == (False, "s3://bucket/x")
    assert main(["--elsewhere", "hello.wdl", "n=1", "--wait"]) == 0
    assert (plugin.args[1].waiting, plugin.args[1].s3upload) == (True, None)


class CtrlC:
    """A follower during which the user has enough."""

    @hookimpl
    def miniwdl_aws_follow_logs(self) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_leaves_the_run_alive(manager: pluggy.PluginManager, submit: Callable[..., Outcome]) -> None:
    manager.register(CtrlC())
    code, out, err = submit("hello.wdl", "n=1", "--follow")
    assert code == 130
    assert "the run goes on" in err
    assert f"miniwdl-aws wait {out.strip()} --follow" in err


def test_the_ancestor_is_noticed(submit: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "miniwdl-aws 0" not in submit("hello.wdl", "n=1")[2]
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.12.2" if name == "miniwdl-aws" else "1")
    assert "note: miniwdl-aws 0.12.2, which works with EFS, is installed too" in submit("hello.wdl", "n=1")[2]


READS = "reads=s3://lab/a.fq", "reads=s3://lab/b.fq", "ref=https://lab.org/ref.fa"


def test_inputs_by_uri_are_looked_at_before_the_submission(submit: Callable[..., Outcome], parts: Any) -> None:
    parts.findings = [InputFinding("s3://lab/a.fq", 3 << 30), InputFinding("s3://lab/b.fq", 1 << 30)]
    code, _out, err = submit("hello.wdl", "n=2", *READS)
    assert code == 0
    assert {item.uri: item.name for item in parts.looked_at[0].inputs} == {
        "s3://lab/a.fq": "reads",
        "s3://lab/b.fq": "reads",
        "https://lab.org/ref.fa": "ref",
    }
    assert "note: inputs by URI: 2, 4.0 GiB in all\n" in err
    assert "note: input https://lab.org/ref.fa: read by the job as named, not checked here" in err


def test_an_input_that_no_job_can_read_is_not_submitted(aws: Any, submit: Callable[..., Outcome], parts: Any) -> None:
    parts.findings = [
        InputFinding("s3://lab/b.fq", 1, problem="s3://lab/b.fq is archived", hint="restore it"),
        InputFinding("https://lab.org/ref.fa", problem="it is gone"),
    ]
    code, out, err = submit("hello.wdl", "n=2", *READS)
    assert (code, out) == (64, "")
    assert "input reads: s3://lab/b.fq is archived; 1 more can't be read: ref" in err
    assert "restore it" in err
    assert nothing_submitted(aws)
    assert submit("hello.wdl", "n=2", *READS, "--dry-run")[0] == 64
    code, _out, err = submit("hello.wdl", "n=2", *READS, "--no-check")
    assert code == 0
    assert "input https://lab.org/ref.fa and 2 more: read by the job as named, not checked here" in err


def test_a_doubt_is_a_note_and_said_once(submit: Callable[..., Outcome], parts: Any) -> None:
    parts.findings = [
        InputFinding(uri, doubt="bucket lab is in eu-west-1") for uri in ("s3://lab/a.fq", "s3://lab/b.fq")
    ]
    code, _out, err = submit("hello.wdl", "n=2", *READS)
    assert code == 0
    assert err.count("bucket lab is in eu-west-1") == 1
    assert "input reads: bucket lab" in err


def test_without_a_folder_in_s3_it_is_said_where_the_results_stay(
    aws: Any, parts: Any, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["hello.wdl", "n=1", "--workflow-queue", "workflow"]
    note = "note: without --s3upload the results stay on the shared file system"
    assert main(words) == 0
    assert note in capsys.readouterr().err
    assert main([*words, "--s3upload", "s3://bucket/out"]) == 0
    assert note not in capsys.readouterr().err
