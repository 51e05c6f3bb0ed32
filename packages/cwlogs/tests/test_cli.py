import io
import json
import os
import signal
import subprocess
import sys

import pytest

from miniwdl_aws_cwlogs.cli import main

COMMAND = [sys.executable, "-m", "miniwdl_aws_cwlogs.cli"]


@pytest.fixture
def job(aws, logs):
    aws.jobs["j-1"] = {
        "jobId": "j-1",
        "jobName": "align",
        "status": "SUCCEEDED",
        "stoppedAt": 1000,
        "container": {"logStreamName": "def/default/1"},
    }
    logs.write("def/default/1", "one", "two", at=1_700_000_000_000)
    return aws.jobs["j-1"]


def test_a_job_by_its_id(job, capsys):
    assert main(["j-1"]) == 0
    assert capsys.readouterr() == ("one\ntwo\n", "")


def test_a_stream_by_its_name(job, capsys):
    assert main(["--group", "/aws/batch/job", "--stream", "def/default/1", "--timestamps"]) == 0
    assert capsys.readouterr().out == "2023-11-14T22:13:20.000Z one\n2023-11-14T22:13:20.000Z two\n"


def test_several_streams(job, logs, capsys):
    logs.write("other", "three")
    assert main(["--group", "g", "--stream", "def/default/1", "other", "--stream", "other"]) == 0
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "[def/default/1] one",
        "[def/default/1] two",
        "[other] three",
    ]


def test_several_jobs_are_told_apart(aws, logs, job, capsys):
    aws.jobs["j-2"] = {**job, "jobId": "j-2", "jobName": "sort", "container": {"logStreamName": "def/default/2"}}
    logs.write("def/default/2", "three")
    assert main(["j-1", "j-2"]) == 0
    assert sorted(capsys.readouterr().out.splitlines()) == ["[align] one", "[align] two", "[sort] three"]


def test_following_ends_with_the_job(aws, logs, job, capsys, monkeypatch):
    monkeypatch.setattr("miniwdl_aws_cwlogs.job_watch.DESCRIBE_PERIOD", 0.0)
    job["status"] = "RUNNING"

    def end(_operation):
        if logs.requests["def/default/1"] == 2 and job["status"] == "RUNNING":
            logs.write("def/default/1", "three")
            job["status"] = "SUCCEEDED"

    aws.on_request = end
    assert main(["j-1", "--follow"]) == 0
    assert capsys.readouterr().out == "one\ntwo\nthree\n"


def test_following_goes_on_with_the_next_attempt(aws, logs, job, capsys, monkeypatch):
    monkeypatch.setattr("miniwdl_aws_cwlogs.job_watch.DESCRIBE_PERIOD", 0.0)
    lost = {"statusReason": "Host EC2 (instance i-1) terminated.", "container": {"logStreamName": "def/default/1"}}
    job["status"] = "RUNNING"

    def fare(_operation):
        if logs.requests["def/default/1"] == 2 and job["status"] == "RUNNING" and "attempts" not in job:
            logs.write("def/default/1", "three")
            logs.write("def/default/2", "one again")
            job.update(attempts=[lost], retryStrategy={"attempts": 3}, container={"logStreamName": "def/default/2"})
        if logs.requests["def/default/2"] == 2 and job["status"] == "RUNNING":
            logs.write("def/default/2", "two again")
            job.update(status="SUCCEEDED")

    aws.on_request = fare
    assert main(["j-1", "--follow"]) == 0
    said = "attempt 2 of 3: the host of attempt 1 was lost (Host EC2 (instance i-1) terminated.)\n"
    assert capsys.readouterr() == ("one\ntwo\nthree\none again\ntwo again\n", said)
    assert main(["j-1"]) == 0
    assert capsys.readouterr() == ("one\ntwo\nthree\none again\ntwo again\n", said)


def test_since(job, logs, capsys):
    logs.write("def/default/1", "three", at=1_700_000_100_000)
    assert main(["j-1", "--since", "2023-11-14T22:14:00Z"]) == 0
    assert capsys.readouterr().out == "three\n"


def test_json(job, capsys):
    assert main(["j-1", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines] == ["one", "two"]
    assert lines[0]["stream"] == "def/default/1"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 64, "name either a JOB_ID, or --group and --stream"),
        (["j-1", "--group", "g", "--stream", "s"], 64, "name either"),
        (["--group", "g"], 64, "--group and --stream belong together"),
        (["--stream", "s"], 64, "--group and --stream belong together"),
        (["j-1", "--since", "soon"], 64, "--since takes"),
        (["j-1", "--rate", "0"], 64, "--rate must be above 0"),
        (["j-9"], 1, "AWS Batch does not know job j-9"),
        (["--group", "g", "--stream", "nobody"], 69, "The specified log stream does not exist"),
        (["j-1", "--profile", "lab"], 64, "lab"),
    ],
)
def test_bad_input_is_one_sentence(job, capsys, arguments, code, message):
    assert main(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("miniwdl-aws-logs: ")
    assert message in captured.err.splitlines()[0]
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--bogus"], "see miniwdl-aws-logs --help"),
        (["j-1", "--rate", "fast"], "see miniwdl-aws-logs --help"),
        (["--fol"], "did you mean --follow?"),
    ],
)
def test_wrong_options_exit_with_the_usage_code(capsys, arguments, hint):
    assert main(arguments) == 64
    assert capsys.readouterr().err.splitlines()[1] == f"  hint: {hint}"


def test_refusals(aws, job, capsys):
    aws.refuse = (403, "AccessDeniedException", "User: alice is not authorized to perform: batch:DescribeJobs")
    assert main(["j-1"]) == 69
    assert "alice is not authorized" in capsys.readouterr().err


def test_an_endpoint_that_is_not_there(aws, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert main(["j-1"]) == 69
    assert "Could not connect" in capsys.readouterr().err


def test_output_that_cannot_be_encoded(job, logs, monkeypatch):
    logs.write("def/default/1", "wörld \ud800")
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert main(["j-1"]) == 0
    assert raw.getvalue() == b"one\ntwo\nw\\xf6rld \\ud800\n"


EVIL = "\x1b[31mred\x1b]52;c;cm0=\x07\x1b[2J\x9b2J\x1bc\u202e\u2066\u200b\x7f\nsecond\ud800"


def test_a_pipe_gets_text(job, logs, capsys):
    logs.write("def/default/1", EVIL, at=1_700_000_100_000)
    assert main(["j-1", "--since", "2023-11-14T22:13:21Z"]) == 0
    assert capsys.readouterr().out == "red\nsecond\\ud800\n"


def test_a_terminal_gets_colours_and_nothing_else(job, logs, capsys, monkeypatch):
    logs.write("def/default/1", EVIL, at=1_700_000_100_000)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["j-1", "--since", "2023-11-14T22:13:21Z"]) == 0
    assert capsys.readouterr().out == "\x1b[31mred\x1b[0m\nsecond\\ud800\n"


def test_json_has_everything(job, logs, capsys):
    logs.write("def/default/1", EVIL, at=1_700_000_100_000)
    assert main(["j-1", "--since", "2023-11-14T22:13:21Z", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == EVIL


def test_an_error_stays_in_its_line(job, capsys):
    assert main(["j\x1b]0;title\x07\n  hint: \u202eeven this"]) != 0
    assert capsys.readouterr().err.splitlines()[0].endswith("job j   hint: even this in this region")
    assert main(["--bogus\x1bc\nline"]) == 64
    assert capsys.readouterr().err.splitlines()[0] == "miniwdl-aws-logs: unrecognized arguments: --bogus line"


def test_a_reader_that_has_seen_enough(job, logs):
    logs.page_size = 1000
    logs.write("def/default/1", *["x" * 1000] * 5000)
    shell = f"{sys.executable} -m miniwdl_aws_cwlogs.cli j-1 | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "one\n", "")


def test_ctrl_c_is_quiet(aws, job):
    job["status"] = "RUNNING"
    with subprocess.Popen(
        [*COMMAND, "j-1", "-f"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert [process.stdout.readline(), process.stdout.readline()] == ["one\n", "two\n"]
        os.kill(process.pid, signal.SIGINT)
        try:
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (130, "", "")


def test_help_does_not_load_botocore():
    code = """
import sys
from miniwdl_aws_cwlogs.cli import main
try:
    main(["--help"])
except SystemExit:
    print("botocore" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "usage: miniwdl-aws-logs" in done.stdout
    assert done.stdout.splitlines()[-1] == "False"
