from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from abandoned import abandon

from miniwdl_aws_batch_backend.process.adoption.journal import (
    Entry,
    Journal,
    LeftJournal,
    claiming,
    held_elsewhere,
    journal_folder,
    left_journals,
)

if TYPE_CHECKING:
    from pathlib import Path

ONE = Entry("k1", "n1", "q", "/runs/a", 1, "/runs/jobs/a-1/work")
TWO = Entry("k2", "n2", "q", "/runs/b", 2, "/runs/jobs/b-2/work2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return journal_folder(str(tmp_path))


def test_a_killed_process_leaves_its_jobs(folder: Path) -> None:
    path = abandon(folder, "a", replace(ONE, job_id="j1"), TWO, owner="w")
    (left,) = left_journals(folder, folder / "own.jsonl")
    assert (left.path, left.owner) == (path, "w")
    assert left.entries == (replace(ONE, job_id="j1"), TWO)


def test_an_orderly_end_leaves_nothing(folder: Path) -> None:
    journal = Journal(folder, "a", None)
    journal.intend(ONE)
    journal.close()
    journal.close()
    journal.submitted("n1", "too late")
    assert list(folder.glob("*.jsonl")) == []


def test_a_process_that_lives_is_left_alone(folder: Path) -> None:
    journal = Journal(folder, "a", None)
    journal.intend(ONE)
    assert left_journals(folder, folder / "own.jsonl") == []
    assert not LeftJournal.read(journal.path).is_dead()
    journal.close()


def test_a_torn_line(folder: Path) -> None:
    path = abandon(folder, "a", ONE, TWO)
    path.write_bytes(path.read_bytes()[:-10])
    assert LeftJournal.read(path).entries == (ONE,)
    path.write_bytes(b"")
    assert LeftJournal.read(path).entries == ()


def test_lines_of_another_version(folder: Path) -> None:
    path = abandon(folder, "a", ONE, TWO)
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace('"place"', '"location"')
    path.write_text("\n".join([*lines, "[]", "null", "1"]))
    assert LeftJournal.read(path).entries == (TWO,)


def test_a_job_is_claimed_once(folder: Path) -> None:
    path = abandon(folder, "a", ONE, TWO)
    left = LeftJournal.read(path)
    with claiming(folder):
        assert left.holds(ONE)
        assert left.claim(ONE)
        assert not left.holds(ONE)
    assert LeftJournal.read(path).entries == (TWO,)
    path.unlink()
    with claiming(folder):
        assert not left.holds(TWO)
        assert not left.claim(TWO)
    assert not path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_nobody_elses_word_is_taken(folder: Path) -> None:
    os.chown(abandon(folder, "a", ONE), 12345, 12345)
    assert left_journals(folder, folder / "own.jsonl") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_nobody_else_can_make_an_attempt_wait(folder: Path) -> None:
    journal = Journal(folder, "a", "job")
    journal.path.write_text(journal.path.read_text().replace('"host": "', '"host": "another-'))
    assert held_elsewhere(folder, "job") == [journal.path]
    (folder / "planted.jsonl").symlink_to(journal.path)
    assert held_elsewhere(folder, "job") == [journal.path]
    os.chown(journal.path, 12345, 12345)
    assert held_elsewhere(folder, "job") == []
    journal.close()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / ".miniwdl-aws").touch()
    with pytest.raises(OSError):
        Journal(journal_folder(str(tmp_path)), "a", None)


def test_children_of_an_array_have_a_name_and_no_id_of_their_own(folder: Path) -> None:
    children = [replace(ONE, key=f"k{index}", name="array", index=index) for index in range(3)]
    journal = Journal(folder, "a", None)
    journal.intend(*children)
    (path,) = folder.glob("a.jsonl")
    assert LeftJournal.read(path).entries == tuple(children)
    journal.submitted("array", "p")
    left = LeftJournal.read(path)
    assert [entry.job_id for entry in left.entries] == ["p:0", "p:1", "p:2"]
    content = path.read_bytes()
    journal.close()
    path.write_bytes(content)
    assert left.claim(left.entries[1])
    assert [entry.index for entry in LeftJournal.read(path).entries] == [0, 2]
    assert not left.holds(left.entries[1])
    assert left.holds(left.entries[2])
