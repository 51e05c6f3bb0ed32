import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from miniwdl_aws_core.records import folding
from miniwdl_aws_core.records.folding import folded
from miniwdl_aws_core.records.hosts import BATCH_HOSTS, HostRecord, Market
from miniwdl_aws_core.records.jobs import BATCH_JOBS, JobRecord
from miniwdl_aws_core.records.lines import append, read

TRY = JobRecord("j-1", "sort", "call-sort", "sort", 1, "SUCCEEDED")


def put(run: Path, place: str, *records: JobRecord) -> None:
    (run / place).mkdir(parents=True, exist_ok=True)
    for record in records:
        append(run, f"{place}/{BATCH_JOBS}".lstrip("/"), record)


def test_the_tries_of_all_calls_become_one_file(tmp_path: Path) -> None:
    put(tmp_path, "call-sort", TRY, replace(TRY, job_id="j-2", try_number=2))
    put(tmp_path, "call-sub-1/call-align", replace(TRY, job_id="j-3", call_path="call-sub-1/call-align"))
    (tmp_path / "call-cached").mkdir()
    put(tmp_path, "out/call-sort", replace(TRY, job_id="not a call"))
    records = read(JobRecord, io.BytesIO(folded(tmp_path)[BATCH_JOBS].encode())).records
    assert [(item.job_id, item.call_path) for item in records] == [
        ("j-1", "call-sort"), ("j-2", "call-sort"), ("j-3", "call-sub-1/call-align"),
    ]  # fmt: skip


def test_a_run_of_one_task_has_its_tries_at_the_top(tmp_path: Path) -> None:
    put(tmp_path, "", replace(TRY, call_path=""))
    assert json.loads(folded(tmp_path)[BATCH_JOBS])["job_id"] == "j-1"


def test_the_last_record_of_a_host_counts(tmp_path: Path) -> None:
    host = HostRecord("arn", "i-1")
    append(tmp_path, BATCH_HOSTS, host)
    append(tmp_path, BATCH_HOSTS, replace(host, market=Market.SPOT))
    assert json.loads(folded(tmp_path)[BATCH_HOSTS])["market"] == "spot"


def test_where_nothing_was_recorded_there_are_no_files(tmp_path: Path) -> None:
    assert folded(tmp_path) == folded(tmp_path / "gone") == {}


class TestHostile:
    def test_planted_links_stay_behind(self, tmp_path: Path) -> None:
        run, secret = tmp_path / "run", tmp_path / "secret"
        put(secret, "call-x", replace(TRY, job_id="secret"))
        append(secret, BATCH_HOSTS, HostRecord("secret", "i-1"))
        put(run, "call-sort", TRY)
        (run / "call-whole").symlink_to(secret / "call-x")
        (run / "call-file").mkdir()
        (run / "call-file" / BATCH_JOBS).symlink_to(secret / "call-x" / BATCH_JOBS)
        (run / BATCH_HOSTS).symlink_to(secret / BATCH_HOSTS)
        found = folded(run)
        assert list(found) == [BATCH_JOBS]
        assert "secret" not in found[BATCH_JOBS]

    def test_a_task_tells_of_no_other_call(self, tmp_path: Path) -> None:
        put(tmp_path, "call-sort", replace(TRY, call_path="call-other"))
        assert json.loads(folded(tmp_path)[BATCH_JOBS])["call_path"] == "call-sort"

    def test_a_file_at_the_top_hides_nothing(self, tmp_path: Path) -> None:
        put(tmp_path, "", replace(TRY, job_id="planted"))
        put(tmp_path, "call-sort", TRY)
        assert "j-1" in folded(tmp_path)[BATCH_JOBS]

    def test_sizes_are_bounded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        put(tmp_path, "call-sort", *[replace(TRY, job_id=f"j-{number}") for number in range(10)])
        monkeypatch.setattr(folding, "MAX_FOLDED", 500)
        text = folded(tmp_path)[BATCH_JOBS]
        assert 200 < len(text) <= 500
        assert text.endswith("}\n")

    def test_depth_is_bounded(self, tmp_path: Path) -> None:
        put(tmp_path, "/".join(["call-deep"] * 30), TRY)
        assert folded(tmp_path) == {}
