import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_hooks import StageItem, StageRequest
from miniwdl_aws_s3_rails.errors import OptionError, TransferError
from miniwdl_aws_s3_rails.inside_miniwdl.places import layout
from miniwdl_aws_s3_rails.staging.contents import WORTH_COPYING
from miniwdl_aws_s3_rails.staging.stage import stage
from miniwdl_aws_s3_rails.transfer import copying
from miniwdl_aws_s3_rails.transfer.engine import Engine
from miniwdl_aws_s3_rails.transfer.reach.access import S3Access
from miniwdl_aws_s3_rails.transfer.receiver import Receiver
from miniwdl_aws_s3_rails.transfer.writing import PutOptions


def run(engine: Engine, bucket: Any, *items: StageItem, **options: Any) -> Any:
    return stage(StageRequest(items, bucket.uri("staging"), **options), engine)


def test_file_by_content_under_its_own_name(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    path = tmp_path / "reads 1.fq"
    path.write_bytes(b"ACGT")
    result = run(engine, bucket, StageItem(str(path)))
    key = f"staging/sha256/{hashlib.sha256(b'ACGT').hexdigest()}/reads 1.fq"
    assert result.uris == {str(path): bucket.uri(key)}
    assert (result.size, result.uploaded) == (4, 4)
    assert bucket[key] == b"ACGT"


def test_travels_once(engine: Engine, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [StageItem(str(tmp_path / name)) for name in ("a", "b")]
    for item in items:
        Path(item.path).write_text(item.path)
    first = run(engine, bucket, *items)
    again = run(engine, bucket, *items)
    assert again.uris == first.uris
    assert (again.size, again.uploaded) == (first.size, 0)


def test_same_content_under_other_names_keeps_the_names(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("same")
    result = run(engine, bucket, *(StageItem(str(tmp_path / name)) for name in ("a.txt", "b.txt")))
    assert sorted(Path(uri).name for uri in result.uris.values()) == ["a.txt", "b.txt"]


def folder_of(uri: str) -> str:
    return uri.rpartition("/")[0]


def test_files_of_one_folder_stay_together(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    """As plain miniwdl shows them to a task: by the folder in which the user sees them."""
    paths = [tmp_path / sample / name for sample in ("s1", "s2") for name in ("calls.tab", "calls.tab.idx")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text("same" if path.suffix == ".idx" else str(path))
    (tmp_path / "s1/linked.tab").symlink_to(tmp_path / "s2/calls.tab")
    paths.append(tmp_path / "s1/linked.tab")
    uris = run(engine, bucket, *(StageItem(str(path)) for path in reversed(paths))).uris
    assert {path: bucket[uris[str(path)].removeprefix(bucket.uri())] for path in paths} == {
        path: path.read_bytes() for path in paths
    }
    assert all(uris[str(path)].endswith(f"/{path.name}") for path in paths)
    for one in paths:
        for other in paths:
            together = folder_of(uris[str(one)]) == folder_of(uris[str(other)])
            assert together == (one.parent == other.parent), (one, other)
    assert run(engine, bucket, *(StageItem(str(path)) for path in paths)).uris == uris
    assert run(engine, bucket, *(StageItem(str(path)) for path in paths)).uploaded == 0


def test_files_and_folders_of_one_folder_stay_together(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    """As plain miniwdl shows them to a task; a large file of a folder doesn't travel again for a new neighbour."""
    for sample in ("s1", "s2"):
        (tmp_path / sample / "x_index").mkdir(parents=True)
        (tmp_path / sample / "x_index/part").write_bytes(sample.encode() * (WORTH_COPYING // 2))
        (tmp_path / sample / "x.bam").write_text("reads")
    folders = [StageItem(str(tmp_path / sample / "x_index"), directory=True) for sample in ("s1", "s2")]
    files = [StageItem(str(tmp_path / sample / "x.bam")) for sample in ("s1", "s2")]
    alone = run(engine, bucket, *folders)
    both = run(engine, bucket, *folders, *files)
    assert both.uploaded == 2 * len("reads")
    for folder, file in zip(folders, files, strict=True):
        uri = both.uris[folder.path]
        assert uri == f"{folder_of(both.uris[file.path])}/x_index/"
        assert uri != alone.uris[folder.path]
        assert bucket[f"{uri}part".removeprefix(bucket.uri())] == Path(folder.path, "part").read_bytes()
    assert folder_of(both.uris[files[0].path]) != folder_of(both.uris[files[1].path])
    assert run(engine, bucket, *files, *folders).uris == both.uris
    assert run(engine, bucket, *folders).uris == alone.uris


@pytest.mark.parametrize(
    ("size", "in_parts"), [(WORTH_COPYING, True), (WORTH_COPYING, False), (WORTH_COPYING - 1, False)]
)
def test_a_large_file_with_another_neighbour_is_copied(
    engine: Engine, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, in_parts: bool
) -> None:
    monkeypatch.setattr(copying.copy_object, "__kwdefaults__", {"limit": size - in_parts, "part": 5 * MIB})
    large = StageItem(str(tmp_path / "reads.bam"))
    index = StageItem(str(tmp_path / "reads.bam.bai"))
    content = os.urandom(size)
    Path(large.path).write_bytes(content)
    Path(large.path).chmod(0o755)
    Path(index.path).write_text("index")
    run(engine, bucket, large)
    said: list[str] = []
    run(engine, bucket, large, index, dry_run=True, progress=said.append)
    assert any(line.startswith("would copy") for line in said) == (size == WORTH_COPYING)
    together = run(engine, bucket, large, index)
    assert together.uploaded == (5 if size == WORTH_COPYING else size + 5)
    key = together.uris[large.path].removeprefix(bucket.uri())
    assert bucket[key] == content
    head = bucket.client.head_object(Bucket=bucket.name, Key=key)
    assert head["Metadata"]["file-permissions"] == "0100755", "a copy is as executable as what was staged"


def test_a_copy_that_is_gone_is_sent_again(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    """A lifecycle rule may have deleted it, and left the note of it."""
    large, other = (StageItem(str(tmp_path / name)) for name in ("reads.bam", "reads.bam.bai"))
    Path(large.path).write_bytes(bytes(WORTH_COPYING))
    Path(other.path).touch()
    (uri,) = run(engine, bucket, large).uris.values()
    bucket.client.delete_object(Bucket=bucket.name, Key=uri.removeprefix(bucket.uri()))
    assert run(engine, bucket, large, other).uploaded == WORTH_COPYING


@pytest.mark.parametrize("note", ["elsewhere/secret", "\0", "x" * 2000])
def test_a_note_that_leads_elsewhere_is_not_followed(engine: Engine, bucket: Any, tmp_path: Path, note: str) -> None:
    large = StageItem(str(tmp_path / "reads.bam"))
    content = bytes(WORTH_COPYING)
    Path(large.path).write_bytes(content)
    bucket["elsewhere/secret"] = b"s" * WORTH_COPYING
    bucket[f"staging/content/{hashlib.sha256(content).hexdigest()}"] = note.encode()
    assert run(engine, bucket, large).uploaded == WORTH_COPYING


def test_programs_arrive_as_programs(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    top = tmp_path / "tools"
    (top / "empty").mkdir(parents=True)
    modes = {"run.sh": 0o750, "large": 0o755, "data.txt": 0o644, "tab\there": 0o700}
    for name, mode in modes.items():
        (top / name).write_bytes(os.urandom(12 * MIB if name == "large" else 100))
        (top / name).chmod(mode)
    (uri,) = run(engine, bucket, StageItem(str(top), directory=True)).uris.values()
    root = S3Uri.parse(uri)
    _, files = layout(root, engine.find_all(root))
    copy = tmp_path / "copy"
    copy.mkdir()
    Receiver(engine).fetch_all(bucket.name, [(found, name) for name, found in files.items()], copy)
    assert {name: os.access(copy / name, os.X_OK) for name in modes} == {
        name: bool(mode & 0o100) for name, mode in modes.items()
    }


def test_what_is_a_program_is_another_object(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    """An object can't be told later what it is, so that the first one staged would decide for all."""
    items = [StageItem(str(tmp_path / name / "run.sh")) for name in ("a", "b")]
    for item in items:
        Path(item.path).parent.mkdir()
        Path(item.path).write_text("#!/bin/sh")
    Path(items[1].path).chmod(0o755)
    uris = run(engine, bucket, *items).uris
    assert uris[items[0].path] != uris[items[1].path]


def tree(top: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(top)): path.read_bytes() if path.is_file() else None for path in top.rglob("*")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "my dir"
    for name in ("a.txt", "sub/b +%20.txt", "sub/deeper/ünï'code\".txt", "tab\there/x", "sub/empty file"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"" if "empty" in name else os.urandom(100))
    (top / "empty/very").mkdir(parents=True)
    return top


def test_folder_comes_back_exactly(engine: Engine, bucket: Any, folder: Path, tmp_path: Path) -> None:
    result = run(engine, bucket, StageItem(str(folder), directory=True))
    uri = result.uris[str(folder)]
    assert uri.endswith("/my dir/")
    assert result.size == result.uploaded == 400
    root = S3Uri.parse(uri)
    folders, files = layout(root, engine.find_all(root))
    copy = tmp_path / "copy"
    for name in folders:
        (copy / name).mkdir(parents=True, exist_ok=True)
    Receiver(engine).fetch_all(bucket.name, [(found, name) for name, found in files.items()], copy)
    assert tree(copy) == tree(folder)


def test_folder_travels_once_and_broken_off_ones_are_completed(engine: Engine, bucket: Any, folder: Path) -> None:
    item = StageItem(str(folder), directory=True)
    first = run(engine, bucket, item)
    assert run(engine, bucket, item).uploaded == 0
    lost = next(key for key in bucket.keys() if key.endswith("a.txt"))  # noqa: SIM118 - not a dict
    engine.access.client.delete_object(Bucket=bucket.name, Key=lost)
    assert run(engine, bucket, item).uploaded == 100
    assert run(engine, bucket, item).uris == first.uris


def test_another_content_is_another_place(engine: Engine, bucket: Any, folder: Path) -> None:
    item = StageItem(str(folder), directory=True)
    first = run(engine, bucket, item)
    (folder / "a.txt").rename(folder / "c.txt")
    assert run(engine, bucket, item).uris != first.uris


def test_dry_run(engine: Engine, bucket: Any, folder: Path) -> None:
    said: list[str] = []
    result = run(engine, bucket, StageItem(str(folder), directory=True), dry_run=True, progress=said.append)
    assert bucket.keys() == []
    assert result.uploaded == 400
    assert len(said) == 6
    assert any("a.txt (100 B) to s3://" in line for line in said)
    assert any("an empty folder" in line for line in said)


def test_links_in_a_folder_are_followed(engine: Engine, bucket: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("data")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    result = run(engine, bucket, StageItem(str(folder), directory=True))
    assert bucket[result.uris[str(folder)].removeprefix(bucket.uri()) + "link"] == b"data"


def test_loops_are_named(engine: Engine, bucket: Any, folder: Path) -> None:
    (folder / "sub/up").symlink_to(folder)
    with pytest.raises(OptionError, match="leads back to a folder above it"):
        run(engine, bucket, StageItem(str(folder), directory=True))


@pytest.mark.parametrize("directory", [False, True])
def test_unreadable(engine: Engine, bucket: Any, tmp_path: Path, directory: bool) -> None:
    with pytest.raises(OptionError, match=r"gone can't be read: No such file"):
        run(engine, bucket, StageItem(str(tmp_path / "gone"), directory=directory))


class TestMuch:
    @pytest.fixture
    def frugal(self, engine: Engine) -> Engine:
        """Asks above 10 bytes."""
        return Engine(dataclasses.replace(engine.options, confirm_above=10), engine.access)

    @pytest.fixture
    def item(self, tmp_path: Path) -> StageItem:
        (tmp_path / "reads").write_bytes(b"x" * 11)
        return StageItem(str(tmp_path / "reads"))

    def test_asks_before_much_travels(self, frugal: Engine, bucket: Any, item: StageItem) -> None:
        asked: list[str] = []
        with pytest.raises(OptionError, match=r"11 B of local files would travel to s3://.*, more than 10 B") as caught:
            run(frugal, bucket, item, confirm=asked.append)  # returns None, which is no
        assert "--yes" in str(caught.value.hint)
        assert asked == [caught.value.message]
        assert bucket.keys() == []

    def test_goes_on_when_told_so(self, frugal: Engine, bucket: Any, item: StageItem) -> None:
        assert run(frugal, bucket, item, confirm=lambda _question: True).uploaded == 11

    def test_what_is_there_does_not_count(self, frugal: Engine, bucket: Any, item: StageItem) -> None:
        run(frugal, bucket, item)
        assert run(frugal, bucket, item, confirm=lambda _question: False).uploaded == 0

    def test_a_dry_run_never_asks(self, frugal: Engine, bucket: Any, item: StageItem) -> None:
        assert run(frugal, bucket, item, dry_run=True, confirm=lambda _question: False).uploaded == 11


@pytest.mark.parametrize("size", [10, 11 * MIB])
def test_a_file_that_changes_after_it_was_hashed(
    engine: Engine, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Under the digest of the old content, the new one would be taken for it ever after."""
    path = tmp_path / "reads"
    path.write_bytes(b"a" * size)
    original = engine.find

    def find(uri: S3Uri) -> Any:
        path.write_bytes(b"b" * size)
        os.utime(path, ns=(1, 1))
        return original(uri)

    monkeypatch.setattr(engine, "find", find)
    with pytest.raises(TransferError, match="reads changed while it was being sent"):
        run(engine, bucket, StageItem(str(path)))
    assert bucket.keys() == []


def test_never_cold(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    """An archived input could not be read by the run that it is for."""
    options = dataclasses.replace(engine.options, products=PutOptions("GLACIER", (("a", "b"),)))
    (tmp_path / "reads").write_text("data")
    result = run(Engine(options, S3Access(options)), bucket, StageItem(str(tmp_path / "reads")))
    (uri,) = result.uris.values()
    head = bucket.client.head_object(Bucket=bucket.name, Key=uri.removeprefix(bucket.uri()))
    assert head.get("StorageClass", "STANDARD") == "STANDARD"


def test_a_link_that_leads_nowhere_is_named(engine: Engine, bucket: Any, folder: Path) -> None:
    (folder / "sub/lost").symlink_to("nowhere")
    with pytest.raises(OptionError, match=r"sub/lost can't be read: No such file"):
        run(engine, bucket, StageItem(str(folder), directory=True))
    assert bucket.keys() == []


@pytest.mark.parametrize("link", [False, True])
def test_a_pipe_is_named_and_not_waited_for(
    engine: Engine, bucket: Any, folder: Path, tmp_path: Path, link: bool
) -> None:
    pipe = tmp_path / "pipe" if link else folder / "sub/pipe"
    os.mkfifo(pipe)
    if link:
        (folder / "sub/pipe").symlink_to(pipe)
    with pytest.raises(OptionError, match=r"sub/pipe can't be staged: it is neither a file nor a folder"):
        run(engine, bucket, StageItem(str(folder), directory=True), dry_run=True)
    assert bucket.keys() == []


def test_a_file_that_breaks_off_ends_it_all(
    engine: Engine, bucket: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may be there and yet not be readable: a directory in its place after it was listed, say."""
    original = Path.stat

    def stat(self: Path, **more: Any) -> os.stat_result:
        found = original(self, **more)
        if self.name == "a.txt":
            self.unlink()
        return found

    monkeypatch.setattr(Path, "is_dir", lambda self: os.path.isdir(self))  # noqa: PTH112 - the real one calls stat
    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(OptionError, match=r"a\.txt can't be read: No such file"):
        run(engine, bucket, StageItem(str(folder), directory=True))
    assert bucket.keys() == []


LATIN = "b\udce9b\udce9.txt"
"""A name that an old Latin-1 file system left behind."""


@pytest.mark.parametrize("name", [LATIN, f"sub/{LATIN}", f"{LATIN}/x"])
@pytest.mark.parametrize("whole", [False, True])
def test_names_that_are_no_utf_8(engine: Engine, bucket: Any, tmp_path: Path, name: str, whole: bool) -> None:
    path = tmp_path / "top" / name
    path.parent.mkdir(parents=True)
    path.touch()
    named = tmp_path / "top" / name.removesuffix("/x")
    item = StageItem(str(tmp_path / "top"), directory=True) if whole else StageItem(str(named), named.is_dir())
    with pytest.raises(OptionError, match=r"b\\udce9b\\udce9.txt' can't be staged: its name is not valid UTF-8"):
        run(engine, bucket, item)
    assert bucket.keys() == []


@pytest.mark.parametrize("directory", [False, True])
def test_keys_that_would_be_too_long(engine: Engine, bucket: Any, tmp_path: Path, directory: bool) -> None:
    path = tmp_path / "top" / "/".join(["d" * 200] * 5) / "file"
    path.parent.mkdir(parents=True)
    path.touch()
    if directory:
        with pytest.raises(OptionError, match="dd/file can't be staged: its key would be longer than S3's 1024 bytes"):
            run(engine, bucket, StageItem(str(tmp_path / "top"), directory=True))
        return
    request = StageRequest((StageItem(str(path)),), bucket.uri("s" * 960))
    with pytest.raises(OptionError, match="dd/file can't be staged: its key would be longer than S3's 1024 bytes"):
        stage(request, engine)
    assert bucket.keys() == []


@pytest.mark.parametrize("path", ["/", "..", "sub/.."])
def test_a_folder_without_a_name(engine: Engine, bucket: Any, path: str) -> None:
    with pytest.raises(OptionError, match="can't be staged: a task sees a file under its own name, and this is none"):
        run(engine, bucket, StageItem(path, directory=True))


def test_names_that_differ_in_little_are_different_objects(engine: Engine, literal_bucket: Any, tmp_path: Path) -> None:
    names = ["\u00e9.txt", "e\u0301.txt", "E.txt", "e.txt", "😀", "\U0001d4b3.txt", "a%2Fb", "a?b", "tab\there"]
    top = tmp_path / "top"
    top.mkdir()
    for name in names:
        (top / name).write_text(name)
    items = [StageItem(str(top), directory=True), *(StageItem(str(top / name)) for name in names)]
    uris = run(engine, literal_bucket, *items).uris
    assert len(set(uris.values())) == len(items)
    for name in names:
        for uri in (uris[str(top / name)], uris[str(top)] + name):
            assert literal_bucket[uri.removeprefix(literal_bucket.uri())] == name.encode()
            assert uri.endswith(f"/{name}")
