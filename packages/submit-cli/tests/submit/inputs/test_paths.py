"""Inputs that name files of this machine: which one is wrong, and what was probably meant."""

import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.passthrough import read_arguments
from miniwdl_aws_submit_cli.submit.workflow_source import RunSource, read_source

WDL = """version 1.2
struct Sample {
  File reads
}
workflow wf {
  input {
    File? file
    Array[File] files = []
    Directory? folder
    Sample? sample
  }
}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("wf.wdl").write_text(WDL)
    Path("reads.fq").touch()
    Path("panel/empty").mkdir(parents=True)
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket")
    return tmp_path


def read(*words: str) -> RunSource:
    with ExitStack() as stack:
        return read_source(read_arguments(["wf.wdl", *words], (), "/mnt/fsx", {}), "/mnt/fsx", stack)


def refusal(*words: str) -> tuple[str, str | None]:
    with pytest.raises(WorkflowError) as caught:
        read(*words)
    return caught.value.message, caught.value.hint


FILE_MEANT = "name a file in it, or declare the input as a Directory"
FOLDER_MEANT = "name the folder that it is in, or declare the input as a File"
MAKE_ONE = "make a file of its content first"


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("file=raeds.fq", "file: File not found: raeds.fq", "it would be {here}/raeds.fq; did you mean reads.fq?"),
        ("file=x/raeds.fq", "file: File not found: x/raeds.fq", "it would be {here}/x/raeds.fq"),
        ("file=/nowhere", "file: File not found: /nowhere", None),
        ("file=", "file: File not found: its path is empty", None),
        ('sample={"reads": "no.fq"}', "sample: File not found: no.fq", "it would be {here}/no.fq"),
        ("files=panel", "files: File not found: panel is a folder", FILE_MEANT),
        ("folder=reads.fq", "folder: Directory not found: reads.fq is a file", FOLDER_MEANT),
        ("file=s3://b/reads/", "file: s3://b/reads/ is a folder, and a File is meant", FILE_MEANT),
        ("files=panel/", "files: panel/ is a folder, and a File is meant", FILE_MEANT),
        ("file=pipe", "file: pipe is a named pipe, not a File", MAKE_ONE),
        ("folder=socket", "folder: socket is a socket, not a Directory", MAKE_ONE),
        ("file=/dev/null", "file: /dev/null is a device, not a File", MAKE_ONE),
    ],
)
def test_what_is_wrong_is_said_by_the_name_of_the_input(here: Path, word: str, message: str, hint: str | None) -> None:
    assert refusal(word) == (f"input {message}", hint and hint.format(here=here))


def test_an_input_that_there_is_not(here: Path) -> None:
    assert refusal("fiel=reads.fq") == ("wf has no input fiel", "did you mean file?")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('{"wf.files": ["raeds.fq"]}', "input files: File not found: raeds.fq", "did you mean reads.fq?"),
        (
            '{"wf.files": ["a", "s3://b/x/"]}',
            "input wf.files[1]: s3://b/x/ is a folder, and a File is meant",
            FILE_MEANT,
        ),
        ('{"wf.flies": []}', "wf has no input wf.flies", "did you mean files?"),
    ],
)
@pytest.mark.parametrize("form", ["text", "file"])
def test_likewise_in_a_file_of_inputs(here: Path, text: str, message: str, hint: str, form: str) -> None:
    Path("inputs.json").write_text(text)
    said = refusal("-i", text if form == "text" else "inputs.json")
    assert said[0] == message
    assert hint in str(said[1])


def test_links_that_leave_a_folder_travel(here: Path) -> None:
    """What a link leads to belongs to the folder, as the documentation says; miniwdl itself refuses such a folder."""
    Path("panel/elsewhere").symlink_to(here / "reads.fq")
    (item,) = read("folder=panel").local_files
    assert (item.path, item.directory) == (str(here / "panel"), True)
