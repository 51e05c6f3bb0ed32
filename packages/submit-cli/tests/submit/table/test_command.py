"""Many runs by one command, against a cloud in memory."""

import base64
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.aws.codes import Kind
from miniwdl_aws_hooks import InputFinding
from miniwdl_aws_submit_cli.errors import RefusedError
from miniwdl_aws_submit_cli.manage.command import main as manage
from miniwdl_aws_submit_cli.runs.batch import Batch
from miniwdl_aws_submit_cli.submit.command import main

Outcome = tuple[int, str, str]
Submit = Callable[..., Outcome]

TABLE = "n\tgreeting\tlabel\n1\thello\tA\n2\t\tB\n3\thi there\tC\n"


@pytest.fixture
def submit(
    aws: Any, parts: Any, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Submit:
    """Run the command with a table; give its exit code, stdout and stderr."""
    monkeypatch.setenv("MINIWDL__AWS__WORKFLOW_QUEUE", "workflow")

    def run(*words: str, table: str = TABLE) -> Outcome:
        (here / "samples.tsv").write_text(table)
        code = main(["hello.wdl", "--runs", "samples.tsv", *words])
        return (code, *capsys.readouterr())

    return run


@pytest.fixture
def managed(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run(*words: str) -> Outcome:
        return (manage(words), *capsys.readouterr())

    return run


def jobs(aws: Any) -> dict[int, dict[str, Any]]:
    """Workflow jobs by row."""
    listed = aws.list_jobs(jobQueue="workflow", filters=[{"name": "AFTER_CREATED_AT", "values": ["0"]}])
    ids = [job["jobId"] for job in listed["jobSummaryList"]]
    found = aws.describe_jobs(jobs=ids)["jobs"] if ids else []
    return {int(job["tags"]["miniwdl-batch-row"]): job for job in found}


def inputs(job: dict[str, Any]) -> dict[str, Any]:
    variables = {item["name"]: item["value"] for item in job["container"]["environment"]}
    data = lzma.decompress(base64.urlsafe_b64decode(variables["WDL_PAYLOAD"]), format=lzma.FORMAT_ALONE)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return dict(json.loads(archive.read("default_input.json")))


LABELLED = ("--s3upload", "s3://bucket/out/~{label}/", "--name", "run-~{label}", "--tag", "Label=~{label}")


def test_each_row_is_a_run(aws: Any, submit: Submit) -> None:
    code, out, err = submit(*LABELLED)
    assert code == 0, err
    batch = out.strip()
    assert batch.startswith("samples-")
    found = jobs(aws)
    assert [inputs(found[row]) for row in (1, 2, 3)] == [
        {"hello.n": 1, "hello.greeting": "hello"},
        {"hello.n": 2},
        {"hello.n": 3, "hello.greeting": "hi there"},
    ]
    assert [found[row]["container"]["command"][-1] for row in (1, 2, 3)] == [f"s3://bucket/out/{x}/" for x in "ABC"]
    assert [found[row]["jobName"][:6] for row in (1, 2, 3)] == ["run-A-", "run-B-", "run-C-"]
    assert {job["tags"]["miniwdl-batch"] for job in found.values()} == {batch}
    assert found[2]["tags"]["Label"] == "B"
    for command in ("list", "wait", "cancel"):
        assert f"miniwdl-aws {command} --batch {batch}" in err


def test_a_dry_run_is_a_table(aws: Any, submit: Submit) -> None:
    code, out, err = submit(*LABELLED, "--dry-run")
    header, *rows = out.splitlines()
    assert (code, jobs(aws)) == (0, {})
    assert header.split() == ["ROW", "n", "greeting", "label", "NAME", "RESULTS", "RUN"]
    assert rows[2].split() == ["3", "3", "hi", "there", "C", "run-C", "s3://bucket/out/C/", "new"]
    assert "would get 3 runs" in err
    told = json.loads(submit(*LABELLED, "--dry-run", "--json")[1])
    assert [(row["row"], row["results"], row["thereAs"]) for row in told[:1]] == [(1, "s3://bucket/out/A/", None)]
    assert "submitJob" in told[0]


@pytest.mark.parametrize(
    ("table", "words", "says"),
    [
        ("n\n1\nx\n", (), "samples.tsv, row 2: input n must be Int, not 'x'"),
        ("n\tflag\n1\ty\n", (), "samples.tsv, row 1: column flag: hello has no such input"),
        ("n\n1\n1\n", (), "samples.tsv, row 2: it runs the same as row 1"),
        ("n\n1\n2\n", ("--s3upload", "s3://bucket/out/"), "rows 1 and 2 would write their results to s3://bucket/out/"),
        ("n\tref\n1\t\n2\tmissing.fa\n", (), "samples.tsv, row 2: input ref"),
        ("greeting\nx\n", (), "samples.tsv, row 1: "),
        ("n\n1\n", ("n=3",), "row 1: column n: the command line gives this input, too"),
        ("n\n1\n", ("--name", "~{x}"), "samples.tsv, row 1: ~{x}: there is no column 'x'"),
        ("n\tx\n1\ta/b\n", ("--name", "~{x}"), "samples.tsv, row 1: --name"),
        ("n\n1\n2", ("-i", "-"), "samples.tsv, row 1: -i - can be read once"),
        ("n\n1\n2", ("--follow",), "--follow shows the log of one run"),
        ("n\n1\n2", ("--batch", "a b"), "--batch: a name has"),
    ],
)
def test_what_is_wrong_names_row_and_column_before_anything_is_submitted(
    aws: Any, submit: Submit, table: str, words: tuple[str, ...], says: str
) -> None:
    code, out, err = submit(*words, table=table)
    assert (code, out, jobs(aws)) == (64, "", {})
    assert says in err


def test_what_can_not_be_read_of_s3_names_its_row(aws: Any, submit: Submit, parts: Any) -> None:
    parts.findings = [InputFinding("s3://bucket/2.fa", problem="s3://bucket/2.fa does not exist")]
    code, _out, err = submit(table="n\tref\n1\ts3://bucket/1.fa\n2\ts3://bucket/2.fa\n")
    assert (code, jobs(aws)) == (64, {})
    assert "input ref of row 2: s3://bucket/2.fa does not exist" in err
    assert len(parts.looked_at) == 1, "all are looked at in one go"


def test_a_file_of_many_rows_is_staged_once(aws: Any, submit: Submit, parts: Any, here: Path) -> None:
    (here / "ref.fa").write_text("ACGT")
    code, _out, _err = submit(*LABELLED, "ref=ref.fa", "--staging", "s3://bucket/staging/")
    assert code == 0
    assert [len(request.items) for request in parts.staged] == [1]
    assert inputs(jobs(aws)[3])["hello.ref"].startswith("s3://bucket/staging/")


def test_an_array_is_a_list_in_one_cell(aws: Any, submit: Submit) -> None:
    assert submit(table='n\treads\n1\t["s3://bucket/1.fq", "s3://bucket/2.fq"]\n')[0] == 0
    assert inputs(jobs(aws)[1])["hello.reads"] == ["s3://bucket/1.fq", "s3://bucket/2.fq"]


def test_the_same_table_again_submits_only_what_is_missing(
    aws: Any, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Batch._send_job
    monkeypatch.setattr("miniwdl_aws_submit_cli.submit.table.sending.AT_ONCE", 1)

    def refused(self: Batch, request: dict[str, Any], rate: Any) -> str:
        if request["tags"]["miniwdl-batch-row"] == "2":
            raise RefusedError("can't submit the workflow job: no more", kind=Kind.REFUSED)
        return send(self, request, rate)

    monkeypatch.setattr(Batch, "_send_job", refused)
    code, out, err = submit(*LABELLED)
    assert code == 69
    assert "1 row of batch" in err
    assert set(jobs(aws)) == {1}
    monkeypatch.setattr(Batch, "_send_job", send)
    first = jobs(aws)[1]["jobId"]
    code, again, err = submit(*LABELLED)
    assert (code, again) == (0, out)
    assert f"note: row 1 has a run already, and is not submitted again: {first}" in err
    assert "submitted 2 runs" in err
    assert jobs(aws)[1]["jobId"] == first
    assert set(jobs(aws)) == {1, 2, 3}
    assert "submitted 0 runs" in submit(*LABELLED)[2]


def test_rows_of_another_batch_are_submitted_again_only_by_name(aws: Any, submit: Submit) -> None:
    batch = submit(*LABELLED)[1].strip()
    longer = TABLE + "4\t\tD\n"
    code, _out, err = submit(*LABELLED, table=longer)
    assert code == 64
    assert f"3 rows have runs already in batch {batch}, as row 1: {jobs(aws)[1]['jobId']}" in err
    assert set(jobs(aws)) == {1, 2, 3}
    assert "submitted 1 run to" in submit(*LABELLED, "--batch", batch, table=longer)[2]
    assert set(jobs(aws)) == {1, 2, 3, 4}
    assert "submitted 4 runs" in submit(*LABELLED, "--batch", "once-more", table=longer)[2]


def test_a_throttled_submission_makes_all_slower(aws: Any, submit: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    submit_job = Batch.submit
    monkeypatch.setattr("time.sleep", lambda _seconds: None)

    def watched(self: Batch, request: Any, tell: Any, rate: Any) -> str:
        rate.throttled()
        rates.append(rate.rate)
        return submit_job(self, request, tell, rate)

    monkeypatch.setattr(Batch, "submit", watched)
    assert submit(*LABELLED)[0] == 0
    assert max(rates) < 25


def test_a_batch_is_listed_waited_for_and_cancelled(aws: Any, submit: Submit, managed: Callable[..., Outcome]) -> None:
    assert submit("--batch", "other", table="n\n7\n")[0] == 0
    code, out, err = submit(*LABELLED, "--wait", "--json")
    batch = json.loads(managed("list", "--json", "--since", "1h")[1])[0]["batch"]
    assert code == 0
    assert [(row["row"], row["state"]) for row in json.loads(out)] == [
        (1, "succeeded"),
        (2, "succeeded"),
        (3, "succeeded"),
    ]
    assert f"3 runs of batch {batch}: 3 succeeded" in err
    listed = json.loads(managed("list", "--batch", batch, "--json")[1])
    assert [(run["row"], run["name"]) for run in listed] == [(1, "run-A"), (2, "run-B"), (3, "run-C")]
    assert managed("wait", "--batch", batch)[0] == 0
    code, out, err = managed("cancel", "--batch", batch, "--json")
    assert json.loads(out)["workflowJobsStopped"] == []
    assert "3 runs had ended before" in err
    assert managed("wait", "--batch", "nobody")[0] == 64
    assert "the newest: " in managed("cancel", "--batch", "nobody")[2]
    assert "neither is given" in managed("wait")[2]
    assert "both is given" in managed("cancel", "last", "--batch", batch)[2]


def test_folders_of_new_runs_are_looked_at_and_no_others(submit: Submit, parts: Any) -> None:
    words = ("--s3upload", "s3://bucket/~{label}/", "--batch", "one")
    code, _out, err = submit(*words, table="n\tlabel\n1\tA\n2\tB\n")
    assert (code, "note: --s3upload: s3://bucket/A/ is known" in err) == (0, True)
    assert sorted(context.folder for context in parts.destinations) == ["s3://bucket/A/", "s3://bucket/B/"]
    parts.destinations.clear()
    code, _out, err = submit(*words, table="n\tlabel\n1\tA\n2\tB\n3\tC\n")
    assert (code, [context.folder for context in parts.destinations]) == (0, ["s3://bucket/C/"])
