"""Results on their way back, from a real server."""

from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_hooks import EnvironSettings, FetchReport, FetchRequest
from miniwdl_aws_s3_rails.errors import TransferError
from miniwdl_aws_s3_rails.fetch import fetch
from miniwdl_aws_s3_rails.plugin import miniwdl_aws_fetch
from miniwdl_aws_s3_rails.transfer.engine import Engine

# Which server makes no difference to where files are put; what a server may do otherwise is tested beneath it.
pytestmark = pytest.mark.parametrize("server", ["seaweedfs"], indirect=True)


@pytest.fixture
def bring(engine: Engine, bucket: Any, tmp_path: Path) -> Any:
    """Fetch by keys."""
    said: list[str] = []

    def ask(**files: str) -> FetchReport:
        wanted = {bucket.uri(key): name for key, name in files["files"].items()}  # type: ignore[attr-defined]
        return fetch(FetchRequest(str(tmp_path / "here"), wanted, EnvironSettings({}), said.append), engine)

    return lambda files: ask(files=files)


def test_files_and_folders_come_and_what_is_there_stays(bring: Any, bucket: Any, tmp_path: Path) -> None:
    bucket["run/a/x.txt"], bucket["run/d/1/y"], bucket["run/d/z"], bucket["run/empty"] = b"x", b"y" * 9, b"z", b""
    files = {"run/a/x.txt": "a/x.txt", "run/d/": "d/", "run/empty": "empty"}
    here = tmp_path / "here"
    assert bring(files) == FetchReport(4, 0, 11)
    assert {str(path.relative_to(here)): path.read_bytes() for path in here.rglob("*") if path.is_file()} == {
        "a/x.txt": b"x", "d/1/y": b"y" * 9, "d/z": b"z", "empty": b"",
    }  # fmt: skip
    assert bring(files) == FetchReport(0, 4, 0)
    (here / "a/x.txt").write_bytes(b"X")
    (here / "d/z").unlink()
    assert bring(files) == FetchReport(1, 2, 1, ("a/x.txt",))
    assert (here / "a/x.txt").read_bytes() == b"X"


@pytest.mark.parametrize("size", [0, 12_000_000])
def test_a_large_object_is_compared_too(bring: Any, bucket: Any, tmp_path: Path, size: int) -> None:
    bucket["big"] = b"b" * size
    assert bring({"big": "big"}).fetched == 1
    assert bring({"big": "big"}).present == 1
    with (tmp_path / "here/big").open("r+b") as file:
        file.seek(size // 2)
        file.write(b"c")
    assert bring({"big": "big"}).differing == ("big",)


def test_what_comes_before_something_is_missing_stays_out(bring: Any, bucket: Any, tmp_path: Path) -> None:
    bucket["a"] = b"a"
    for missing in ("gone", "gone/"):
        with pytest.raises(AwsError, match=r"does not exist|nothing under"):
            bring({"a": "a", missing: "gone"})
    assert not (tmp_path / "here").exists()


def test_no_name_leads_out_of_the_folder_and_no_link_is_followed(bring: Any, bucket: Any, tmp_path: Path) -> None:
    bucket["a"] = b"a"
    here, out = tmp_path / "here", tmp_path / "out"
    out.mkdir()
    for name in ("../out/a", "b/../../out/a", "/etc/passwd.new"):
        with pytest.raises(TransferError):
            bring({"a": name})
    (here / "link").symlink_to(out)
    with pytest.raises(TransferError):
        bring({"a": "link/a"})
    (here / "a").symlink_to(out / "a")
    assert bring({"a": "a"}).differing == ("a",)
    assert list(out.iterdir()) == []
    assert not [path for path in here.iterdir() if path.name.startswith(".")]


def test_two_results_can_not_be_one_file(bring: Any, bucket: Any) -> None:
    bucket["a"], bucket["b"] = b"a", b"b"
    with pytest.raises(TransferError, match="would both be x"):
        bring({"a": "x", "b": "x"})


def test_where_nothing_can_be_written_it_is_one_sentence(bring: Any, bucket: Any, tmp_path: Path) -> None:
    bucket["a"] = b"a"
    (tmp_path / "here").write_text("a file")
    with pytest.raises(TransferError, match=r"can't write to .*here: File exists"):
        bring({"a": "a"})


def test_other_places_are_left_to_others(server: str) -> None:
    request = FetchRequest("/nowhere", {"s3://b/k": "k", "gs://b/k": "j"}, EnvironSettings({}))
    assert miniwdl_aws_fetch(request) is None


def test_more_than_the_limit_does_not_come(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    bucket["a"], bucket["b"] = b"a" * 3, b"b" * 2
    here = tmp_path / "here"

    def ask(limit: int | None) -> FetchReport:
        files = {bucket.uri("a"): "a", bucket.uri("b"): "b"}
        return fetch(FetchRequest(str(here), files, EnvironSettings({}), limit=limit), engine)

    with pytest.raises(TransferError, match="5 B are more than the 4 B that may come"):
        ask(4)
    assert not here.exists()
    assert ask(5).fetched == 2
