"""The command as a user runs it: the real miniwdl, tasks without containers, uploads to a real server."""

import base64
import json
import lzma
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.state import claim_run
from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_hooks.protocol import (
    END_OF_LOG,
    ENV_PAYLOAD,
    ENV_PAYLOAD_NAME,
    ENV_SENTINEL,
    ENV_SUBMISSION,
    PAYLOAD_PLACEHOLDER,
)

# Which server makes no difference to the command; what a server may do otherwise is tested beneath it.
pytestmark = pytest.mark.parametrize("server", ["seaweedfs"], indirect=True)

COMMAND = [sys.executable, "-m", "miniwdl_aws_s3_rails"]

HELLO = """
version 1.2
workflow hello {
  input { File who  Int code = 0 }
  call greet { input: who, code }
  output {
    File greeting = greet.greeting
    Array[File] parts = greet.parts
    String text = "/etc/passwd"
    File same = who
  }
}
task greet {
  input { File who  Int code }
  command <<<
    echo "hello $(cat '~{who}')" > greeting.txt
    for i in 1 2 3; do echo $i > part$i.txt; done
    echo "this is stderr" >&2
    exit ~{code}
  >>>
  output { File greeting = "greeting.txt"  Array[File] parts = glob("part*.txt") }
}
"""

SLOW = """
version 1.1
task slow {
  command { echo started >&2; sleep 60 }
}
"""


class Command:
    """The command in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            **os.environ,
            "MINIWDL__SCHEDULER__CONTAINER_BACKEND": "bare",
            "MINIWDL__FILE_IO__ROOT": str(folder),
        }
        (folder / "hello.wdl").write_text(HELLO)
        (folder / "slow.wdl").write_text(SLOW)
        (folder / "who.txt").write_text("world")

    def __call__(self, *arguments: str, **environ: str) -> "Result":
        done = subprocess.run(
            [*COMMAND, *arguments], cwd=self.folder, env={**self.environ, **environ}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    def run_dirs(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("20*_*") if path.is_dir())


class Result:
    def __init__(self, code: int, stdout: str, stderr: str) -> None:
        self.code, self.stdout, self.stderr = code, stdout, stderr
        assert stderr.splitlines()[-1] == END_OF_LOG

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.stdout)
        return document


@pytest.fixture
def command(tmp_path: Path) -> Command:
    folder = tmp_path.resolve() / "fsx"
    folder.mkdir()
    return Command(folder)


def test_success(command: Command, bucket: Any) -> None:
    bucket["in/big world.txt"] = b"world"
    result = command("hello.wdl", f"who={bucket.uri('in/big world.txt')}", "--s3upload", bucket.uri("out"))
    assert result.code == 0, result.stderr
    (run_dir,) = command.run_dirs()
    folder = bucket.uri(f"out/{run_dir.name}/")
    expected = {
        "hello.greeting": folder + "greeting/greeting.txt",
        "hello.parts": [f"{folder}parts/{i - 1}/part{i}.txt" for i in (1, 2, 3)],
        "hello.text": "/etc/passwd",
        "hello.same": folder + "same/big world.txt",
    }
    assert result.document == {"dir": str(run_dir), "outputs": expected, "s3upload": folder}
    prefix = f"out/{run_dir.name}/"
    assert json.loads(bucket[prefix + "outputs.json"]) == expected
    assert bucket[prefix + "greeting/greeting.txt"] == b"hello world\n"
    assert b"workflow start" in bucket[prefix + "workflow.log"]
    assert len([key for key in bucket.keys() if key.startswith(prefix)]) == 8  # noqa: SIM118 - not a dict
    assert "uploaded 8 objects" in result.stderr


def test_failure(command: Command, bucket: Any) -> None:
    result = command("hello.wdl", "who=who.txt", "code=42", "--s3upload", bucket.uri("out/"))
    assert result.code == 42
    assert result.document["s3upload"] == bucket.uri("out/")
    assert result.document["cause"]["exit_status"] == 42
    assert sorted(bucket.keys()) == [
        "out/CommandFailed_stderr.txt", "out/CommandFailed_stdout.txt", "out/error.json",
        "out/upload_manifest.json", "out/workflow.log",
    ]  # fmt: skip
    assert b"this is stderr" in bucket["out/CommandFailed_stderr.txt"]
    cause = json.loads(bucket["out/error.json"])["cause"]
    assert cause["stderr_s3file"] == bucket.uri("out/CommandFailed_stderr.txt")


def test_call_cache(command: Command, bucket: Any) -> None:
    cache = {f"MINIWDL__CALL_CACHE__{key}": "true" for key in ("GET", "PUT")}
    cache["MINIWDL__CALL_CACHE__DIR"] = str(command.folder / "call_cache")
    arguments = ("hello.wdl", "who=who.txt", "--s3upload", bucket.uri("out"))
    first, second = command(*arguments, **cache), command(*arguments, **cache)
    assert "call cache hit" in second.stderr
    folder = second.document["s3upload"]
    assert folder != first.document["s3upload"]
    assert second.document["outputs"]["hello.greeting"] == folder + "greeting/greeting.txt"
    assert bucket[folder.removeprefix(bucket.uri()) + "greeting/greeting.txt"] == b"hello world\n"
    assert str(second.document["outputs"]) == str(first.document["outputs"]).replace(first.document["s3upload"], folder)


def test_without_an_upload_it_is_miniwdl_run(command: Command) -> None:
    (command.folder / "mounted").touch()
    result = command("hello.wdl", "who=who.txt", **{ENV_SENTINEL: str(command.folder / "mounted")})
    assert result.code == 0
    assert Path(result.document["outputs"]["hello.greeting"]).read_text() == "hello world\n"
    assert "s3upload" not in result.document


@pytest.mark.parametrize("upload", [False, True])
@pytest.mark.parametrize(("code", "reader"), [(ExitCode.FAILED, "/dev/full"), (0, None)])
def test_nobody_takes_the_answer(command: Command, bucket: Any, upload: bool, code: int, reader: str | None) -> None:
    """A full disk is said, and a pipe that nobody reads is none of the run's business."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") if reader is None else Path(reader).open("wb") as answer:
        done = subprocess.run(
            [*COMMAND, "hello.wdl", "who=who.txt", *(["--s3upload", bucket.uri("out/")] if upload else [])],
            cwd=command.folder, env=command.environ, stdout=answer, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert ("can't write to standard output: No space left on device" in done.stderr) is (code != 0)
    assert done.stderr.splitlines()[-1] == END_OF_LOG
    assert "Traceback" not in done.stderr
    assert ("out/outputs.json" in bucket.keys()) is upload  # noqa: SIM118 - not a dict


FORGING = """
import json, sys
from pathlib import Path
import miniwdl_aws_s3_rails.workflow_job.run_s3upload as command
run_child = command.run_child
def and_then_a_task_writes(*arguments):
    done = run_child(*arguments)
    Path("out.json").write_text(json.dumps({"dir": sys.argv.pop(), "outputs": {}}))
    return done
command.run_child = and_then_a_task_writes
sys.exit(command.main(sys.argv[1:-1]))
"""


@pytest.mark.parametrize("option", [("-o", "out.json"), ("-oout.json",)])
def test_output_json_that_a_task_replaces(command: Command, bucket: Any, option: tuple[str, ...]) -> None:
    """What miniwdl says counts, and ends up in the file."""
    forged = command.folder / "20250101_000000_other"
    (forged / "out/x").mkdir(parents=True)
    (forged / "out/x/secret").write_text("not yours")
    arguments = ["hello.wdl", "who=who.txt", *option, "--s3upload", bucket.uri("out/"), "--delete-after", "always"]
    done = subprocess.run(
        [sys.executable, "-c", FORGING, *arguments, str(forged)],
        cwd=command.folder, env=command.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert bucket["out/greeting/greeting.txt"] == b"hello world\n"
    assert command.run_dirs() == [forged]
    document = json.loads(done.stdout)
    assert document["s3upload"] == bucket.uri("out/")
    assert json.loads(bucket["out/outputs.json"]) == document["outputs"]
    said = json.loads((command.folder / "out.json").read_text())
    assert said["dir"] == document["dir"] != str(forged)


HOSTILE = """
version 1.2
workflow hostile {
  input { String elsewhere  Int code = 0 }
  call plant { input: elsewhere, code }
  output { String done = plant.done  File data = plant.data }
}
task plant {
  input { String elsewhere  Int code }
  command <<<
    echo data > data.txt
    cd ../..
    for name in upload_manifest.json outputs.s3.json error.s3.json; do
      ln -s '~{elsewhere}/environ' $name.tmp
      ln -s '~{elsewhere}/environ' $name
    done
    [ ~{code} = 0 ] && ln -s '~{elsewhere}/environ' error.json || echo '{"forged": true}' > outputs.json
    rm call-plant/stderr.txt
    ln -s '~{elsewhere}/environ' call-plant/stderr.txt
    exit ~{code}
  >>>
  output { String done = "done"  File data = "data.txt" }
}
"""


@pytest.mark.parametrize("code", [0, 42])
def test_a_task_that_plants_links_in_its_run_directory(command: Command, bucket: Any, code: int) -> None:
    victim = command.folder.parent / "elsewhere/environ"
    victim.parent.mkdir()
    victim.write_text("AWS_SECRET_ACCESS_KEY=do-not-tell")
    (command.folder / "hostile.wdl").write_text(HOSTILE)
    result = command(
        "hostile.wdl", f"elsewhere={victim.parent}", f"code={code}", "--s3upload", bucket.uri("out/"),
        "--delete-after", "always",
    )  # fmt: skip
    assert result.code == code
    sent = {key: bucket[key].decode() for key in bucket.keys()}  # noqa: SIM118 - not a dict
    assert "do-not-tell" not in f"{sent}{result.stdout}{result.stderr}"
    assert victim.read_text() == "AWS_SECRET_ACCESS_KEY=do-not-tell"
    assert ("out/outputs.json" in sent) is (code == 0) is ("out/error.json" not in sent)
    assert "forged" not in str(sent)
    assert command.run_dirs() == []


# All words with both ends are in test_rundir.py; `always`, and `success` after a success, delete in other tests here.
@pytest.mark.parametrize(("when", "deleted"), [("success", False), ("failure", True)])
def test_delete_after(command: Command, bucket: Any, when: str, deleted: bool) -> None:
    environ = {"MINIWDL__AWS__S3_UPLOAD_FOLDER": bucket.uri("out/"), "MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD": when}
    result = command("hello.wdl", "who=who.txt", "code=3", **environ)
    assert result.code == 3
    assert command.run_dirs() == ([] if deleted else [Path(result.document["dir"])])
    assert "S3_UPLOAD" not in result.stderr, "miniwdl does not warn of what is for us"


def test_upload_that_fails_keeps_everything_and_can_be_finished(command: Command, bucket: Any) -> None:
    """A File output is replaced by a link after the run: its upload is refused, everything else is there."""
    sabotage = command.folder / "sabotage.py"
    sabotage.write_text(
        "from pathlib import Path\n"
        "import miniwdl_aws_s3_rails.products.finished_run as upload\n"
        "original = upload.upload_run\n"
        "def sabotaged(run, *args):\n"
        "    file = next(run.run_dir.glob('call-greet/work/greeting.txt'))\n"
        "    file.rename(file.with_name('aside')); file.symlink_to('/etc/passwd')\n"
        "    try:\n"
        "        return original(run, *args)\n"
        "    finally:\n"
        "        file.unlink(); file.with_name('aside').rename(file)\n"
        "upload.upload_run = sabotaged\n"
        "from miniwdl_aws_s3_rails.workflow_job.run_s3upload import main\n"
        "raise SystemExit(main())\n"
    )
    arguments = [sys.executable, str(sabotage), "hello.wdl", "who=who.txt", "--s3upload", bucket.uri("out/")]
    arguments += ["--delete-after", "always"]
    done = subprocess.run(
        arguments, cwd=command.folder, env=command.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.UPLOAD_FAILED
    assert "greeting/greeting.txt (its link was changed" in done.stderr
    assert json.loads(done.stdout)["outputs"]["hello.greeting"].startswith("/")
    (run_dir,) = command.run_dirs()
    assert "out/parts/0/part1.txt" in bucket.keys()  # noqa: SIM118 - not a dict
    assert "out/outputs.json" not in bucket.keys()  # noqa: SIM118 - not a dict
    finished = command("--upload-only", str(run_dir), "--s3upload", bucket.uri("out/"), "--delete-after", "success")
    assert finished.code == 0
    assert "5 were there already" in finished.stderr
    assert bucket["out/greeting/greeting.txt"] == b"hello world\n"
    assert json.loads(bucket["out/outputs.json"]) == finished.document["outputs"]
    assert command.run_dirs() == []


EVIL = "a\x1b]52;c;cm0=\x07\x1b[2J\x9b2J\u202e\u200bb\n  hint: c"
EVIL_KEY = "a\x9b2J\u202e\u200bb"  # moto refuses keys that don't fit in XML


def test_names_stay_in_their_lines(command: Command, bucket: Any) -> None:
    refused = command("--upload-only", EVIL, "--s3upload", bucket.uri("out/"))
    assert "b   hint: c is not a run directory" in refused.stderr.splitlines()[0]
    run_dir = command("hello.wdl", "who=who.txt").document["dir"]
    finished = command("--upload-only", run_dir, "--s3upload", bucket.uri(f"{EVIL_KEY}/"))
    assert finished.code == 0
    assert any(line.endswith(f"to {bucket.uri('ab/')}") for line in finished.stderr.splitlines())
    for text in (refused.stderr, finished.stderr, finished.stdout):
        assert all(line.isprintable() for line in text.split("\n"))
    assert finished.document["s3upload"] == bucket.uri(f"{EVIL_KEY}/")


def test_payload(command: Command, bucket: Any) -> None:
    subprocess.run(
        [sys.executable, "-m", "WDL", "zip", "hello.wdl", "-o", "hello.wdl.zip"],
        cwd=command.folder, env=command.environ, check=True, capture_output=True,
    )  # fmt: skip
    data = (command.folder / "hello.wdl.zip").read_bytes()
    bucket["staged/hello.wdl.zip"] = data
    inline = base64.urlsafe_b64encode(lzma.compress(data, format=lzma.FORMAT_ALONE)).decode()
    for payload in (inline, bucket.uri("staged/hello.wdl.zip")):
        environ = {ENV_PAYLOAD: payload, ENV_PAYLOAD_NAME: "hello.wdl.zip"}
        result = command(PAYLOAD_PLACEHOLDER, "who=who.txt", "--dir", str(command.folder), **environ)
        assert result.code == 0, result.stderr


def nothing_ran(command: Command, result: Result) -> str:
    assert command.run_dirs() == []
    assert "Traceback" not in result.stderr
    (message,) = [line for line in result.stderr.splitlines() if line.startswith("miniwdl-run-s3upload: ")]
    return message


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "message"),
    [
        (["--s3upload", "s3://no-such-bucket/x"], {}, ExitCode.REFUSED, "can't write to s3://no-such-bucket/x"),
        (["--s3upload", "s3://bucket/x"], {"AWS_ACCESS_KEY_ID": ""}, ExitCode.REFUSED, "there are no AWS credentials"),
        (
            ["--s3upload", "s3://bucket/x"],
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
            ExitCode.REFUSED,
            "AWS can't be reached",
        ),
        (["--s3upload", "s3:/b/x"], {}, ExitCode.USAGE, "--s3upload must begin with s3://, and 's3:/b/x' does not"),
        (["--s3upload", "demo/x"], {}, ExitCode.USAGE, "--s3upload must begin with s3://, and 'demo/x' does not"),
        (["--s3upload", "gs://b/x"], {}, ExitCode.REFUSED, "no plugin can upload to gs://b/x"),
        (["--delete-after", "always"], {}, ExitCode.USAGE, "--delete-after needs --s3upload"),
        ([], {ENV_SENTINEL: "/mnt/fsx/.mounted"}, ExitCode.MOUNT_MISSING, "file system is not mounted here"),
        ([PAYLOAD_PLACEHOLDER], {}, ExitCode.USAGE, "WDL_PAYLOAD is not set"),
    ],
)
def test_found_out_before_anything_runs(
    command: Command, arguments: list[str], environ: Mapping[str, str], code: int, message: str
) -> None:
    result = command("hello.wdl", "who=who.txt", *arguments, **environ)
    assert message in nothing_ran(command, result)
    assert result.code == code


def test_no_arguments(command: Command) -> None:
    result = command()
    assert result.code == ExitCode.USAGE
    assert "no WDL is given" in nothing_ran(command, result)


def test_of_two_jobs_of_one_submission_the_first_runs(command: Command) -> None:
    def job(job_id: str, submission: str = "hello-1f") -> Result:
        return command("hello.wdl", "who=who.txt", AWS_BATCH_JOB_ID=job_id, **{ENV_SUBMISSION: submission})

    assert job("first").code == 0
    second = job("second")
    assert second.code == ExitCode.ALREADY_BEGUN
    assert "job first runs it" in second.stderr
    assert len(command.run_dirs()) == 1
    assert job("first").code == 0, "a second attempt of the same job"
    assert job("third", "hello-2f").code == 0
    assert job("fourth", "../x").code == ExitCode.USAGE
    assert ENV_SUBMISSION not in second.stderr


@pytest.mark.parametrize(("attempt", "code"), [("1", ExitCode.ALREADY_BEGUN), ("2", 0)])
def test_an_attempt_on_a_host_that_only_seemed_lost_uploads_nothing(
    command: Command, bucket: Any, attempt: str, code: int
) -> None:
    claim_run(str(command.folder), "hello-1f", "job", 2)
    environ = {"AWS_BATCH_JOB_ID": "job", "AWS_BATCH_JOB_ATTEMPT": attempt, ENV_SUBMISSION: "hello-1f"}
    result = command("hello.wdl", "who=who.txt", "--s3upload", bucket.uri("out/"), **environ)
    assert result.code == code
    assert ("attempt 1 ends, and uploads nothing" in result.stderr) is (attempt == "1")
    assert ("out/outputs.json" in bucket.keys()) is (attempt == "2")  # noqa: SIM118 - not a dict


def test_invalid_workflow_keeps_miniwdls_exit_code(command: Command, bucket: Any) -> None:
    (command.folder / "bad.wdl").write_text("version 1.1\nworkflow {")
    result = command("bad.wdl", "--s3upload", bucket.uri("out/"))
    assert result.code == 2
    assert result.document["error"] == "SyntaxError"
    assert bucket.keys() == []


def test_stopping_the_job_stops_the_run_and_uploads_its_log(command: Command, bucket: Any) -> None:
    arguments = [*COMMAND, "slow.wdl", "--verbose", "--s3upload", bucket.uri("out/")]
    with subprocess.Popen(
        arguments, cwd=command.folder, env=command.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as job:
        assert job.stderr is not None
        for line in job.stderr:
            if "started" in line:
                job.send_signal(signal.SIGTERM)
                break
        stdout, stderr = job.communicate()
    assert job.returncode == ExitCode.TERMINATED
    assert json.loads(stdout)["cause"]["error"] == "Terminated"
    assert stderr.splitlines()[-1] == END_OF_LOG
    assert sorted(bucket.keys()) == [
        "out/CommandFailed_stderr.txt", "out/CommandFailed_stdout.txt", "out/error.json", "out/task.log",
        "out/upload_manifest.json",
    ]  # fmt: skip


def test_on_ones_own_machine_no_marker_ends_the_log() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "AWS_BATCH_JOB_ID"}
    done = subprocess.run([*COMMAND, "--publish", "never"], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.USAGE
    assert END_OF_LOG not in done.stderr


def test_wrong_options_exit_with_the_usage_code() -> None:
    """In a process of its own, since the command sets up logging."""
    done = subprocess.run(
        [sys.executable, "-m", "miniwdl_aws_s3_rails", "--delete-after", "sometimes", "x.wdl"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    first, *others = done.stderr.splitlines()
    assert done.returncode == ExitCode.USAGE
    assert first.startswith("miniwdl-run-s3upload: argument --delete-after: invalid choice: 'sometimes'")
    assert END_OF_LOG in others, "whoever follows the job's log sees its end"
