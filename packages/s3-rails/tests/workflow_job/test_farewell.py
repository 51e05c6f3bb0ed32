"""What a workflow job says at its end, against something that takes it as AWS Batch would."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from miniwdl_aws_core.batch.run_end import RunEnd
from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_s3_rails.workflow_job.farewell import Farewell

JOB = {"AWS_BATCH_JOB_ID": "j", "WDL_SUBMISSION": "hello-0123"}
ARN = "arn:aws:batch:eu-west-1:123456789012:job/j"
FAILED = {"error": "RunFailed", "workflow": "w", "dir": "/r", "cause": {"error": "E", "message": "no (such) file"}}


class Batch(ThreadingHTTPServer):
    """Answers DescribeJobs and TagResource."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tagged: dict[str, dict[str, str]] = {}
        self.status = 200
        self.was_tagged = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Batch

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"jobs": [{"jobArn": ARN}]}
        if self.path.startswith("/v1/tags/"):
            tags = self.server.tagged.setdefault(unquote(self.path.removeprefix("/v1/tags/")), {})
            tags.update(body["tags"])
            self.server.was_tagged.set()
            answer = {}
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def batch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Batch]:
    server = Batch()
    monkeypatch.setenv("AWS_ENDPOINT_URL_BATCH", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_job_is_tagged_with_how_the_run_ended(batch: Batch) -> None:
    farewell = Farewell()
    farewell.ran(FAILED, 2)
    farewell.uploaded("s3://b/out/r/")
    farewell.say(JOB)
    assert RunEnd.read(batch.tagged[ARN]) == RunEnd("workflow w: no (such) file", "", "/r", "s3://b/out/r/")


def test_what_fails_around_a_run_is_the_reason_too(batch: Batch) -> None:
    farewell = Farewell()
    farewell.ran({"dir": "/r", "outputs": {}}, 0)
    farewell.failed(ConfigurationError("no such bucket", hint="make one"))
    assert farewell.end == RunEnd("no such bucket", "make one", "/r")
    farewell = Farewell()
    farewell.ran(FAILED, 2)
    farewell.failed(ConfigurationError("no such bucket"))
    assert farewell.end.why == "workflow w: no (such) file; besides, no such bucket"


def test_a_run_that_was_stopped_failed_for_that(batch: Batch) -> None:
    farewell = Farewell()
    farewell.ran({**FAILED, "cause": {"error": "Terminated"}}, 2)
    farewell.deleted()
    assert farewell.end == RunEnd()


@pytest.mark.parametrize("environ", [{}, {"AWS_BATCH_JOB_ID": "j"}, {"WDL_SUBMISSION": "x"}])
def test_what_is_no_job_of_a_run_tells_nobody(batch: Batch, environ: dict[str, str]) -> None:
    farewell = Farewell()
    farewell.ran(FAILED, 2)
    farewell.say(environ)
    assert batch.tagged == {}


def test_that_it_can_not_be_told_is_said_in_the_log(batch: Batch, caplog: pytest.LogCaptureFixture) -> None:
    batch.status = 403
    farewell = Farewell()
    farewell.ran(FAILED, 2)
    farewell.say(JOB)
    assert "could not be told how the run ended: can't look up this job" in caplog.text


def test_where_the_run_will_be_is_said_as_it_begins(batch: Batch) -> None:
    farewell = Farewell()
    farewell.begins("/mnt/r", "s3://b/out/r/", JOB)
    farewell.ran({"dir": "/mnt/r", "outputs": {}}, 0)
    farewell.failed(ConfigurationError("no such bucket"))
    farewell.say(JOB)
    assert RunEnd.read(batch.tagged[ARN]) == RunEnd("no such bucket", "", "/mnt/r", results_to="s3://b/out/r/")


def test_a_run_directory_that_is_gone_is_not_named_any_more(batch: Batch) -> None:
    farewell = Farewell()
    farewell.begins("/mnt/r", "s3://b/out/r/", JOB)
    farewell.uploaded("s3://b/out/r/")
    farewell.deleted()
    farewell.say(JOB)
    assert RunEnd.read(batch.tagged[ARN]).run_dir == ""


def test_a_job_says_where_its_run_is_while_that_goes_on(batch: Batch, tmp_path: Path) -> None:
    (tmp_path / "t.wdl").write_text('version 1.1\ntask t { command { while [ ! -e "$GO" ]; do sleep 0.1; done } }\n')
    environ = {
        **os.environ, **JOB, "GO": str(tmp_path / "go"), "MINIWDL__SCHEDULER__CONTAINER_BACKEND": "bare",
        "MINIWDL__FILE_IO__ROOT": str(tmp_path), "MINIWDL__AWS__S3_UPLOAD_FOLDER": "",
    }  # fmt: skip
    command = [sys.executable, "-m", "miniwdl_aws_s3_rails", "t.wdl", "--dir", str(tmp_path / "run")]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as job:
        assert batch.was_tagged.wait(60)
        assert job.poll() is None
        (tmp_path / "go").touch()
    run_dir = Path(RunEnd.read(batch.tagged[ARN]).run_dir)
    assert run_dir.parent == tmp_path / "run"
    assert (run_dir / "task.log").exists()
