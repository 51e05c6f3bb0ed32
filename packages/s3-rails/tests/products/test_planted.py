"""What tasks plant in a run directory is neither followed nor believed: nothing that lies elsewhere leaves it."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_hooks import EnvironSettings, ExitCode, PublishReport, PublishRequest
from miniwdl_aws_s3_rails.errors import UploadError
from miniwdl_aws_s3_rails.products.ending import LARGEST, Ending
from miniwdl_aws_s3_rails.products.finished_run import FinishedRun, Layout, upload_run
from miniwdl_aws_s3_rails.products.s3_publisher import publish
from miniwdl_aws_s3_rails.transfer.engine import Engine
from miniwdl_aws_s3_rails.workflow_job.run_s3upload import main

# Which server makes no difference to what is read here, or not.
pytestmark = pytest.mark.parametrize("server", ["seaweedfs"], indirect=True)

SECRET = "AWS_SECRET_ACCESS_KEY=do-not-tell"

NAME = "20250101_000000_wf"

START = '2025-01-01 00:00:00.000 wdl.w:wf NOTICE workflow start :: name: "wf", dir: "/mnt/fsx/run"\n'
DONE = "2025-01-01 00:00:01.000 wdl.w:wf NOTICE done\n"
FAILED = '2025-01-01 00:00:01.000 wdl.w:wf ERROR call failure propagating :: from: "call-t"\n'


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder outside the run directory, with files that are named like the run's own."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("environ", "x.txt", "workflow.log", "stderr.txt"):
        (folder / name).write_text(SECRET)
    return folder


@pytest.fixture
def run_dir(root: Path) -> Path:
    run_dir = root / NAME
    work = run_dir / "call-t/work"
    work.mkdir(parents=True)
    (work / "x.txt").write_text("data")
    (run_dir / "call-t/stderr.txt").write_text("oh no")
    (run_dir / "out/x").mkdir(parents=True)
    (run_dir / "out/x/x.txt").symlink_to("../../call-t/work/x.txt")
    (run_dir / "inputs.json").write_text("{}")
    (run_dir / "workflow.log").write_text(START + DONE)
    (run_dir / "outputs.json").write_text(json.dumps(outputs_of(run_dir)))
    return run_dir


def outputs_of(run_dir: Path) -> dict[str, str]:
    return {"wf.x": str(run_dir / "out/x/x.txt")}


def clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def plant_link(path: Path, secret: Path) -> None:
    clear(path)
    path.symlink_to(secret / "environ")


def plant_folder_above(path: Path, secret: Path) -> None:
    clear(path.parent)
    path.parent.symlink_to(secret)


def plant_pipe(path: Path, _secret: Path) -> None:
    clear(path)
    os.mkfifo(path)


def plant_directory(path: Path, _secret: Path) -> None:
    clear(path)
    path.mkdir()


Plant = Callable[[Path, Path], None]

PLANTS = pytest.mark.parametrize("plant", [plant_link, plant_folder_above, plant_pipe, plant_directory])


def everything(bucket: Any) -> str:
    return "".join(key + bucket[key].decode() for key in bucket.keys())  # noqa: SIM118 - not a dict


class TestSending:
    """Between the collecting of products and the sending of each, a task of another call may still do as it likes."""

    @pytest.fixture
    def run(self, root: Path, run_dir: Path) -> FinishedRun:
        return FinishedRun(run_dir, Layout(root), EnvironSettings({}), Ending(outputs_of(run_dir)))

    @pytest.fixture
    def upload(self, engine: Engine, bucket: Any) -> Callable[..., None]:
        """Upload a run; meanwhile, just before a file is sent, something else takes its place."""

        def call(run: FinishedRun, swap: Callable[[], None], name: str) -> None:
            def send(request: PublishRequest) -> PublishReport:
                if name in request.files:
                    swap()
                return publish(request, engine)

            upload_run(run, bucket.uri("run/"), send)

        return call

    @PLANTS
    def test_an_output(
        self, run: FinishedRun, upload: Callable[..., None], bucket: Any, secret: Path, plant: Plant
    ) -> None:
        with pytest.raises(UploadError, match=r"x/x\.txt \("):
            upload(run, lambda: plant(run.run_dir / "call-t/work/x.txt", secret), "x/x.txt")
        assert "do-not-tell" not in everything(bucket)
        assert bucket.keys() == ["run/workflow.log"]

    @PLANTS
    def test_an_output_that_is_in_s3_already(
        self, run: FinishedRun, upload: Callable[..., None], bucket: Any, secret: Path, plant: Plant
    ) -> None:
        """Whether it is equal is found out by reading it: a guess at a secret could be confirmed that way."""
        bucket["run/x/x.txt"] = bucket["run/x/y.txt"] = bucket["run/x/z.txt"] = SECRET.encode()
        (run.run_dir / "call-t/work/x.txt").write_text("x" * len(SECRET))
        with pytest.raises(UploadError, match=r"x/x\.txt \("):
            upload(run, lambda: plant(run.run_dir / "call-t/work/x.txt", secret), "x/x.txt")

    @pytest.mark.parametrize("plant", [plant_link, plant_pipe, plant_directory])
    def test_a_log(
        self, run: FinishedRun, upload: Callable[..., None], bucket: Any, secret: Path, plant: Plant
    ) -> None:
        with pytest.raises(UploadError, match=r"workflow\.log \("):
            upload(run, lambda: plant(run.run_dir / "workflow.log", secret), "workflow.log")
        assert "do-not-tell" not in everything(bucket)

    @pytest.mark.parametrize("when", ["before", "meanwhile"])
    @PLANTS
    def test_the_failing_tasks_standard_error(
        self, run: FinishedRun, upload: Callable[..., None], bucket: Any, secret: Path, plant: Plant, when: str
    ) -> None:
        stderr = run.run_dir / "call-t/stderr.txt"
        error = {"error": "RunFailed", "cause": {"error": "CommandFailed", "stderr_file": str(stderr)}}
        run = replace(run, ending=Ending(None, error))

        def swap() -> None:
            plant(stderr, secret)

        if when == "before":
            if plant is plant_folder_above:
                clear(run.run_dir / "out")  # its link leads through that folder, too
            swap()
            upload(run, lambda: None, "error.json")
            assert json.loads(bucket["run/error.json"]) == error
        else:
            with pytest.raises(UploadError, match=r"CommandFailed_stderr\.txt \("):
                upload(run, swap, "error.json")
        assert "do-not-tell" not in everything(bucket)

    def test_what_is_made_for_the_upload_is_not_written_where_tasks_can(
        self, run: FinishedRun, upload: Callable[..., None], bucket: Any, secret: Path
    ) -> None:
        victim = secret / "environ"
        for name in ("upload_manifest.json", "outputs.s3.json", "error.s3.json"):
            for planted in (name, f"{name}.tmp"):
                (run.run_dir / planted).symlink_to(victim)
        before = sorted(path.name for path in run.run_dir.iterdir())
        upload(run, lambda: None, "outputs.json")
        upload(replace(run, ending=Ending(None, {"error": "RunFailed"})), lambda: None, "error.json")
        assert victim.read_text() == SECRET
        assert sorted(path.name for path in run.run_dir.iterdir()) == before

    def test_a_forged_outputs_json_and_a_planted_error_json(
        self, run: FinishedRun, upload: Callable[..., None], bucket: Any
    ) -> None:
        (run.run_dir / "outputs.json").write_text('{"wf.x": "forged"}')
        (run.run_dir / "error.json").write_text('{"error": "forged"}')
        upload(run, lambda: None, "outputs.json")
        assert json.loads(bucket["run/outputs.json"]) == {"wf.x": bucket.uri("run/x/x.txt")}
        upload(replace(run, ending=Ending(None, {"error": "RunFailed"})), lambda: None, "error.json")
        assert json.loads(bucket["run/error.json"]) == {"error": "RunFailed"}
        assert "run/outputs.json" not in bucket.keys()  # noqa: SIM118 - not a dict


def plant_huge(path: Path, _secret: Path) -> None:
    with path.open("wb") as file:
        file.truncate(LARGEST["error.json"] + 1)


def plant_text(text: str) -> Plant:
    def plant(path: Path, _secret: Path) -> None:
        path.write_text(text, errors="surrogateescape")

    plant.__name__ = text[:20]
    return plant


DEEP = "[" * 100_000 + "]" * 100_000

ODD_CONTENT = pytest.mark.parametrize(
    "plant",
    [
        plant_link, plant_pipe, plant_directory, plant_huge,
        *map(plant_text, ["", "not JSON", "[]", '"text"', "NaN", '{"\udcff": 1}']),
        *map(plant_text, [DEEP, '{"cause": ' + DEEP + "}", '{"a":' * 950 + "1" + "}" * 950]),
    ],
    ids=lambda plant: plant.__name__,
)  # fmt: skip

ODD_ERRORS = pytest.mark.parametrize(
    "error",
    [
        {"cause": None}, {"cause": []}, {"cause": "text"}, {"cause": {"stderr_file": 1, "stdout_file": []}},
        {"cause": {"dir": {}}}, {"cause": {"dir": "a\0b"}}, {"dir": [], "cause": {"dir": "/"}},
        {"cause": {"stderr_file": "SECRET/environ", "stdout_file": "SECRET/stderr.txt"}},
        {"cause": {"dir": "SECRET"}}, {"dir": "SECRET", "cause": {"stderr_file": "SECRET/../elsewhere/environ"}},
        {"dir": "SECRET", "cause": {"stderr_file": "SECRET/\ud800"}}, {"cause": {"dir": "RUN/../../elsewhere"}},
        {"cause": {"stderr_file": "RUN/call-t/../../../elsewhere/environ"}}, {"cause": {"stderr_file": "RUN"}},
    ],
    ids=str,
)  # fmt: skip


@pytest.fixture
def results(request: pytest.FixtureRequest) -> Any:
    """A bucket of one server: which one makes no difference here."""
    return request.getfixturevalue("bucket")


@pytest.fixture
def upload_only(
    run_dir: Path, results: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Upload the run directory by the command, and return all that it printed."""
    monkeypatch.setenv("MINIWDL__FILE_IO__ROOT", str(run_dir.parent))

    def call(*options: str, code: int = ExitCode.OK) -> str:
        assert main(["--upload-only", str(run_dir), "--s3upload", results.uri("run/"), *options]) == code
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        text = printed.out + printed.err
        assert "do-not-tell" not in text + everything(results)
        return text

    return call


class TestUploadOnly:
    """There is no exit code: the run's log decides."""

    @ODD_CONTENT
    def test_a_planted_error_json_decides_nothing(
        self, run_dir: Path, upload_only: Callable[..., str], engine: Engine, secret: Path, plant: Plant
    ) -> None:
        plant(run_dir / "error.json", secret)
        assert '"wf.x": "s3://' in upload_only("--delete-after", "success")
        assert not run_dir.exists()

    @ODD_CONTENT
    def test_whatever_it_holds_it_is_a_warning_at_most(
        self, run_dir: Path, upload_only: Callable[..., str], secret: Path, plant: Plant, caplog: Any
    ) -> None:
        (run_dir / "workflow.log").write_text(START + FAILED)
        (run_dir / "outputs.json").unlink()
        plant(run_dir / "error.json", secret)
        text = upload_only()
        assert '"outputs"' not in text
        assert "error.json is left out, since it is not what miniwdl writes" in caplog.text

    @ODD_ERRORS
    def test_whatever_it_names(
        self, run_dir: Path, upload_only: Callable[..., str], results: Any, secret: Path, error: Any
    ) -> None:
        (run_dir / "workflow.log").write_text(START + FAILED)
        (run_dir / "outputs.json").unlink()
        content = json.dumps(error).replace("SECRET", str(secret)).replace("RUN", str(run_dir))
        (run_dir / "error.json").write_text(content)
        upload_only()
        assert json.loads(results["run/error.json"]) == json.loads(content)
        assert results.keys() == ["run/error.json", "run/upload_manifest.json", "run/workflow.log", "run/x/x.txt"]

    def test_a_true_error_json_leads_to_the_streams(
        self, run_dir: Path, upload_only: Callable[..., str], results: Any
    ) -> None:
        (run_dir / "workflow.log").write_text(START + FAILED)
        (run_dir / "outputs.json").unlink()
        moved = run_dir.parent / "elsewhere" / NAME  # by which name miniwdl knew it
        error = {"dir": str(moved), "cause": {"stderr_file": str(moved / "call-t/stderr.txt")}}
        (run_dir / "error.json").write_text(json.dumps(error))
        upload_only()
        assert results["run/CommandFailed_stderr.txt"] == b"oh no"

    @pytest.mark.parametrize(
        ("log", "succeeded"),
        [
            (START + DONE, True),
            (START + DONE.replace("done", "done (cached)"), True),
            (START + FAILED + START + DONE, True),
            (START + DONE + START, False),
            (START + FAILED, False),
            (START + DONE + FAILED, False),
            (START, False),
            ("", False),
            (START + DONE.replace("wdl.w:wf", "wdl.w:wf.t:call-t"), False),
            (START + DONE.replace("wdl.w:wf NOTICE", "wdl.w:wf.t:call-t.stderr VERBOSE " + DONE.strip()), False),
            (START + DONE.replace("done", "done with it"), False),
        ],
    )
    def test_a_planted_outputs_json_is_not_believed_without_the_log(
        self, run_dir: Path, upload_only: Callable[..., str], results: Any, log: str, succeeded: bool, caplog: Any
    ) -> None:
        (run_dir / "workflow.log").write_text(log)
        (run_dir / "error.json").write_text("{}")
        text = upload_only("--delete-after", "failure")
        assert ('"outputs"' in text) is ("run/outputs.json" in results.keys()) is succeeded  # noqa: SIM118 - not a dict
        assert run_dir.exists() is succeeded
        assert ("outputs.json is left out" in caplog.text) is not succeeded

    @pytest.mark.parametrize("plant", [plant_link, plant_pipe, plant_directory])
    def test_a_planted_log_makes_no_run(
        self, run_dir: Path, upload_only: Callable[..., str], secret: Path, plant: Plant
    ) -> None:
        plant(run_dir / "workflow.log", secret)
        assert "is not a run directory" in upload_only(code=ExitCode.USAGE)
