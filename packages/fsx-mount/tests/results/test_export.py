import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_fsx_mount.aws.associations import Association, PathMap
from miniwdl_aws_fsx_mount.aws.tasks import RepositoryTask, TaskType
from miniwdl_aws_fsx_mount.errors import FsxError
from miniwdl_aws_fsx_mount.results.export import Exporter, destination, export_paths, read_failures

LINK = Association("dra-1", "results", "bucket", "lab")
FOLDER = "s3://bucket/lab/run1/"


class FakeRepository:
    """
    FSx and S3: an export task copies sizes of real files, and fails for some names some times.

    As the real one, it does nothing for what has not changed since its last export, and folders become objects, too.
    """

    def __init__(self, root):
        self.root = root
        self.objects = {}
        self.reports = {}
        self.tasks = []
        self.failures = {}
        self.exported = {}

    def start_task(self, fsid, kind, paths, *, report=None, unused_days=0):
        assert kind is TaskType.EXPORT
        assert 1 <= len(paths) <= 32
        task_id = f"task-{len(self.tasks)}"
        failed, total = [], 0
        for given_path in paths:
            start = self.root / given_path
            assert start.exists()
            for path in [start, *sorted(start.rglob("*"))]:
                relative = path.relative_to(self.root).as_posix()
                if path.is_dir():
                    self.objects["bucket", "lab/" + relative.removeprefix("results/") + "/"] = 0
                    continue
                total += 1
                assert not path.is_symlink()
                if self.failures.get(path.name, 0) > 0:
                    self.failures[path.name] -= 1
                    failed.append(relative)
                elif self.exported.get(relative) != path.stat().st_ino:
                    key = "lab/" + relative.removeprefix("results/")
                    self.objects["bucket", key] = path.stat().st_size
                    self.exported[relative] = path.stat().st_ino
        if failed:
            bucket, key = report.removeprefix("s3://").split("/", 1)
            lines = "".join(f"{path},failed,S3AccessDenied\n" for path in failed)
            self.reports[bucket, f"{key}/{task_id}/failures.csv"] = lines
        message = f"{len(failed)} files failed" if failed else None
        state = "FAILED" if failed else "SUCCEEDED"
        self.tasks.append(
            (list(paths), RepositoryTask(task_id, state, total, total - len(failed), len(failed), message))
        )
        return task_id

    def task(self, task_id):
        return self.tasks[int(task_id.removeprefix("task-"))][1]

    def size(self, bucket, key):
        return self.objects.get((bucket, key))

    def read(self, bucket, key):
        return self.reports.get((bucket, key))


@pytest.fixture
def root(tmp_path):
    return tmp_path.resolve() / "fsx"


@pytest.fixture
def elsewhere(tmp_path):
    """Outside the run directory, and outside the destination."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "file").write_text("do not tell")
    return folder


@pytest.fixture
def repository(root):
    return FakeRepository(root)


@pytest.fixture
def export(root, repository):
    def call(files):
        exporter = Exporter("fs-1", root, repository, repository.size, repository.read, sleep=lambda _seconds: None)
        return exporter.export(PathMap([LINK]).locate_folder(FOLDER), FOLDER, files)

    return call


@pytest.fixture
def files(root):
    """Results in the calls' folders."""

    def make(*names):
        made = {}
        for number, name in enumerate(names):
            real = root / f"runs/call-{number}/work/file"
            real.parent.mkdir(parents=True, exist_ok=True)
            real.write_text("x" * (number + 1))
            made[name] = str(real)
        return made

    return make


def test_files_become_objects(export, files, repository):
    report = export(files("out/a", "out/sub/größe %20.txt"))
    assert (report.uploaded, report.skipped, report.size, report.failed) == (2, 0, 3, {})
    assert repository.objects == {("bucket", "lab/run1/out/a"): 1, ("bucket", "lab/run1/out/sub/größe %20.txt"): 2}
    assert [paths for paths, _task in repository.tasks] == [
        ["results/run1/out/a", "results/run1/out/sub/größe %20.txt"]
    ]


def test_a_second_time_there_is_nothing_to_do(export, files, repository):
    made = files("a", "b")
    export(made)
    report = export(made)
    assert (report.uploaded, report.skipped, report.size) == (0, 2, 0)
    assert len(repository.tasks) == 1


def test_a_file_that_changed_is_exported_again(export, files, repository):
    made = files("a")
    export(made)
    repository.objects["bucket", "lab/run1/a"] = 99
    assert export(made).uploaded == 1
    assert repository.objects["bucket", "lab/run1/a"] == 1


def test_an_empty_folder_is_an_object(export, files, repository, root):
    report = export(files("a") | {"out/empty/": str(root / "runs")})
    assert (report.uploaded, report.failed) == (2, {})
    assert repository.objects["bucket", "lab/run1/out/empty/"] == 0


def test_what_failed_is_tried_again_alone(export, files, repository):
    repository.failures = {"b": 1}
    report = export(files("a", "b", "c"))
    assert (report.uploaded, report.failed) == (3, {})
    assert repository.tasks[1][0] == ["results/run1/b"]


def test_what_fails_to_the_end_is_reported_with_the_reason(export, files, repository):
    repository.failures = {"b": 100}
    report = export(files("a", "b"))
    assert (report.uploaded, report.failed) == (1, {"b": "S3AccessDenied"})
    assert len(repository.tasks) == 3


def test_what_fsx_claims_to_have_exported_must_be_in_s3(export, files, repository):
    repository.size = lambda _bucket, _key: None
    assert export(files("a")).failed == {"a": "FSx exported it, but S3 does not have it"}


def test_what_cannot_be_placed_does_not_stop_the_others(export, files, tmp_path):
    made = files("a") | {"gone": str(tmp_path / "gone"), "../escape": str(tmp_path)}
    report = export(made)
    assert report.uploaded == 1
    assert sorted(report.failed) == ["../escape", "gone"]


@pytest.mark.parametrize("plant", ["link", "folder", "pipe"])
def test_a_result_that_was_exchanged_is_not_exported(export, files, repository, root, elsewhere, plant):
    made = files("a", "b")
    real = Path(made["a"])
    real.unlink()
    if plant == "link":
        real.symlink_to(elsewhere / "file")
    elif plant == "pipe":
        os.mkfifo(real)
    else:
        real.parent.rmdir()
        real.parent.symlink_to(elsewhere)
    report = export(made)
    assert (report.uploaded, list(report.failed)) == (1, ["a"])
    assert "do not tell" not in [path.read_text() for path in (root / "results").rglob("*") if path.is_file()]


def test_nothing_is_written_through_planted_folders(export, files, repository, root, elsewhere):
    (root / "results/run1").mkdir(parents=True)
    for name in ("out", "empty"):
        (root / "results/run1" / name).symlink_to(elsewhere)
    report = export(files("out/file", "a") | {"empty/": str(root)})
    assert (report.uploaded, sorted(report.failed)) == (1, ["empty/", "out/file"])
    assert [path.read_text() for path in elsewhere.iterdir()] == ["do not tell"]


def test_a_file_that_was_exchanged_before_its_second_export(export, files, repository, root):
    placed = root / "results/run1/a"

    def size(bucket, key):
        if placed.is_file():
            placed.unlink()
            os.mkfifo(placed)

    repository.size = size
    assert "not a regular file" in export(files("a")).failed["a"]


def test_two_hundred_files_take_one_task(export, files, repository):
    names = [f"out/{number % 5}/{number}.bam" for number in range(200)]
    repository.failures = {"7.bam": 1}
    report = export(files(*names))
    assert (report.uploaded, report.failed) == (200, {})
    assert [paths for paths, _task in repository.tasks] == [
        [f"results/run1/out/{number}" for number in range(5)],
        ["results/run1/out/2/7.bam"],
    ]


def test_nothing_to_export(export, repository):
    assert export({}).uploaded == 0
    assert repository.tasks == []


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), min_size=1), st.integers(1, 40))
def test_paths_cover_all_files(names, limit):
    paths = export_paths("results/run1", names, limit)
    assert len(paths) <= limit
    for name in names:
        full = f"results/run1/{name}"
        assert any(full == path or full.startswith(path + "/") for path in paths)


def test_the_root_of_the_file_system():
    assert export_paths("", ["a", "b"]) == ["a", "b"]
    assert export_paths("", map(str, range(100))) == ["/"]


def test_reads_the_report():
    lines = [
        "results/run1/a,failed,S3AccessDenied",
        '"""@results/run1/b""",failed,PathSizeTooLong',
        "/results/run1/c,failed,X",
        "",
    ]
    text = "\n".join(lines)
    assert read_failures(text, "results/run1") == {
        "a": "S3AccessDenied",
        "@results/run1/b": "PathSizeTooLong",
        "c": "X",
    }


def test_refusals():
    assert destination([LINK], FOLDER).relative == "results/run1"
    with pytest.raises(FsxError, match=r"no data repository association covers it \(there are: s3://bucket/lab/\)"):
        destination([LINK], "s3://bucket/other/")
    with pytest.raises(FsxError, match="there are: none"):
        destination([], FOLDER)
    other = Association("dra-2", "other", "other", "", auto_export=frozenset({"NEW"}))
    with pytest.raises(FsxError, match="automatic export is on for s3://other/") as caught:
        destination([LINK, other], FOLDER)
    assert "switch automatic export off" in caught.value.hint
