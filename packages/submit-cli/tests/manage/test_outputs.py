"""``miniwdl-aws outputs``, and the outputs at the end of a run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pluggy
import pytest

from miniwdl_aws_hooks import FetchReport, FetchRequest, MiniwdlAwsError, hookimpl
from miniwdl_aws_submit_cli.runs.results import Results, results_in_passing

Outcome = tuple[int, str, str]
FOLDER = "s3://b/out/20260101_000000_hello/"
OUTPUTS = {
    "hello.bam": FOLDER + "bam/a.bam",
    "hello.parts": [FOLDER + "parts/0/x", {"left": FOLDER + "tree/"}],
    "hello.said": ["s3://elsewhere/x", FOLDER, 3, None],
}


class Store:
    """Where the results are."""

    def __init__(self) -> None:
        self.outputs: Any = OUTPUTS
        self.asked: list[FetchRequest] = []
        self.report = FetchReport(3, 1, 2048)

    @hookimpl
    def miniwdl_aws_fetch(self, request: FetchRequest) -> FetchReport:
        if list(request.files) == [FOLDER + "outputs.json"]:
            if self.outputs is None:
                raise MiniwdlAwsError("access denied")
            text = self.outputs if isinstance(self.outputs, str) else json.dumps(self.outputs)
            (Path(request.folder) / "outputs.json").write_text(text)
            return FetchReport(1, 0, 1)
        self.asked.append(request)
        return self.report


@pytest.fixture
def store(manager: pluggy.PluginManager) -> Store:
    found = Store()
    manager.register(found)
    return found


@pytest.fixture
def done(ended: Callable[..., None]) -> None:
    """The run has ended well, and its results are in S3."""
    ended("SUCCEEDED", 0, results=FOLDER, run_dir="/mnt/fsx/r")


def test_they_are_shown(manage: Callable[..., Outcome], done: None, store: Store, job_id: str) -> None:
    code, out, err = manage("outputs", job_id)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"hello.bam\t{FOLDER}bam/a.bam",
        f"hello.parts\t{json.dumps(OUTPUTS['hello.parts'])}",
        f"hello.said\t{json.dumps(OUTPUTS['hello.said'])}",
    ]
    assert manage("outputs", job_id, "bam")[1] == f"hello.bam\t{FOLDER}bam/a.bam\n"
    assert json.loads(manage("outputs", job_id, "--json", "hello.bam")[1]) == {"hello.bam": FOLDER + "bam/a.bam"}


def test_their_files_are_downloaded_to_where_they_lie_below_the_folder(
    manage: Callable[..., Outcome], done: None, store: Store, job_id: str, here: Path
) -> None:
    assert manage("outputs", job_id, "--download", "results") == (
        0, "", "downloaded 3 files, 2.0 KiB, to results; 1 file was there already\n",
    )  # fmt: skip
    (asked,) = store.asked
    assert asked.folder == str(here / "results")
    assert asked.files == {
        FOLDER + "bam/a.bam": "bam/a.bam", FOLDER + "parts/0/x": "parts/0/x", FOLDER + "tree/": "tree/",
    }  # fmt: skip
    assert manage("outputs", job_id, "--download", "results", "said")[2] == "there are no files among these outputs\n"


def test_what_differs_is_named_and_the_code_says_so(
    manage: Callable[..., Outcome], done: None, store: Store, job_id: str
) -> None:
    store.report = FetchReport(0, 0, 0, tuple(f"parts/{number}" for number in range(7)))
    code, _out, err = manage("outputs", job_id, "--download", "results")
    assert code == 1
    assert "differ from the run's: parts/0, parts/1, parts/2, parts/3, parts/4 and 2 more" in err


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ({"status": "SUCCEEDED", "code": 0, "run_dir": "/mnt/r"}, ["shared file system alone in /mnt/r", "--s3upload"]),
        ({"status": "FAILED", "code": 3, "why": "no file", "hint": "do"}, ["exit code 3: no file", "hint: do"]),
        ({"status": "RUNNING", "code": 0}, ["has not ended", "miniwdl-aws wait"]),
    ],
)  # fmt: skip
def test_where_there_are_none_it_is_said_why(
    manage: Callable[..., Outcome], ended: Callable[..., None], store: Store, job_id: str,
    end: dict[str, Any], words: list[str],
) -> None:  # fmt: skip
    ended(end.pop("status"), end.pop("code"), **end)
    code, out, err = manage("outputs", job_id)
    assert (code, out) == (64, "")
    assert all(word in err for word in words)


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000], ids=["cut", "list", "deep"])
def test_what_is_no_outputs_json_is_one_sentence(
    manage: Callable[..., Outcome], done: None, store: Store, job_id: str, content: str
) -> None:
    store.outputs = content
    code, _out, err = manage("outputs", job_id)
    assert code == 69
    assert "is not what miniwdl writes" in err
    assert len(err.splitlines()) == 1


def test_an_unknown_name_is_refused_with_those_there_are(
    manage: Callable[..., Outcome], done: None, store: Store, job_id: str
) -> None:
    code, _out, err = manage("outputs", job_id, "bum")
    assert code == 64
    assert "no output bum" in err
    assert "hello.bam, hello.parts, hello.said" in err


def test_without_the_part_that_reads_them_it_is_named(manage: Callable[..., Outcome], done: None, job_id: str) -> None:
    assert "pip install miniwdl-aws-s3-rails" in manage("outputs", job_id)[2]


def test_status_and_wait_tell_them(manage: Callable[..., Outcome], done: None, store: Store, job_id: str) -> None:
    said = manage("status", job_id)[1].splitlines()
    at = said.index(f"  results: {FOLDER}")
    assert said[at + 1 : at + 4] == [
        "  run directory: /mnt/fsx/r", "  outputs:", f"    hello.bam: {FOLDER}bam/a.bam",
    ]  # fmt: skip
    assert json.loads(manage("status", job_id, "--json")[1])["outputs"] == OUTPUTS
    code, out, err = manage("wait", job_id, "--json")
    assert (code, json.loads(out)["outputs"]) == (0, OUTPUTS)
    assert f"  download: miniwdl-aws outputs {job_id} --download DIR" in err.splitlines()
    store.outputs = None
    assert "outputs:" not in manage("wait", job_id)[2]


def test_of_many_outputs_the_first_are_told() -> None:
    lines = Results(FOLDER, {f"w.o{number}": "x" * 1000 for number in range(20)}).lines()
    assert (len(lines), lines[-1]) == (9, "    and 12 more")
    assert max(map(len, lines)) < 300


def test_a_bucket_out_of_reach_is_not_waited_for(manager: pluggy.PluginManager) -> None:
    from threading import Event

    silent = Event()

    class Silent:
        @hookimpl
        def miniwdl_aws_fetch(self, request: FetchRequest) -> None:
            silent.wait()

    manager.register(Silent())
    assert results_in_passing(manager, FOLDER, patience=0.01) is None
    silent.set()
