import os
import stat
import threading

import pytest

from miniwdl_aws_core.state import KEPT, claim_run, has_later_attempt, shared_folder


def test_the_first_job_gets_the_run(tmp_path):
    assert claim_run(str(tmp_path), "align-1f", "a") == "a"
    assert claim_run(str(tmp_path), "align-1f", "b") == "a"
    assert claim_run(str(tmp_path), "align-1f", "a") == "a", "a second attempt of the same job"
    assert claim_run(str(tmp_path), "align-2f", "b") == "b"


def test_an_earlier_attempt_learns_of_a_later_one(tmp_path):
    root = str(tmp_path)
    assert claim_run(root, "align-1f", "a") == "a"
    assert not has_later_attempt(root, "align-1f", 1)
    assert claim_run(root, "align-1f", "b", 2) == "a", "another job's attempts count for nothing"
    assert not has_later_attempt(root, "align-1f", 1)
    assert claim_run(root, "align-1f", "a", 3) == "a"
    assert [has_later_attempt(root, "align-1f", attempt) for attempt in (1, 2, 3)] == [True, True, False]
    assert not has_later_attempt(root, "align-1", 1)


def test_of_many_at_once_one_is_first(tmp_path):
    start, told = threading.Barrier(8), []

    def claim(job_id):
        start.wait()
        told.append(claim_run(str(tmp_path), "align-1f", job_id))

    threads = [threading.Thread(target=claim, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 8
    assert len(set(told)) == 1


@pytest.mark.parametrize("submission", ["", "..", "a/b", "a\n", "x" * 129])
def test_what_is_no_name_of_a_submission(tmp_path, submission):
    with pytest.raises(ValueError):
        claim_run(str(tmp_path), submission, "a")
    assert list(tmp_path.iterdir()) == []


def test_old_claims_go(tmp_path):
    claim_run(str(tmp_path), "old", "a")
    claim_run(str(tmp_path), "recent", "b")
    claims = tmp_path / ".miniwdl-aws/claims"
    os.utime(claims / "old", (0, os.lstat(claims / "old").st_mtime - KEPT - 1), follow_symlinks=False)
    claim_run(str(tmp_path), "new", "c")
    assert sorted(path.name for path in claims.iterdir()) == ["new", "recent"]


def test_folders_are_for_all_users(tmp_path):
    made = shared_folder(str(tmp_path), "journal")
    assert made == tmp_path / ".miniwdl-aws/journal"
    for path in (made, made.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o1777


def test_a_link_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".miniwdl-aws").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        claim_run(str(tmp_path), "align-1f", "a")
    assert list((tmp_path / "elsewhere").iterdir()) == []
