"""What plugins report of a run that has ended, and what they hear of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_hooks import ConfigurationError, EndedRun, EnvironSettings, RunEnded, RunReport, get_manager, hookimpl
from miniwdl_aws_s3_rails.workflow_job.farewell import Farewell
from miniwdl_aws_s3_rails.workflow_job.reports import Reports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOB = {"AWS_BATCH_JOB_ID": "j", "WDL_SUBMISSION": "hello-0123"}
REPORT = RunReport(
    {"report.html": "<p>", "other.txt": "?"}, "It succeeded after 3s.", "sort could do with less", {"calls": 2}
)


class Reporter:
    def __init__(self) -> None:
        self.asked: list[EndedRun] = []
        self.heard: list[RunEnded] = []
        self.answer: Any = REPORT

    @hookimpl(tryfirst=True)
    def miniwdl_aws_report_run(self, run: EndedRun) -> RunReport | None:
        """Report."""
        self.asked.append(run)
        if isinstance(self.answer, Exception):
            raise self.answer
        report: RunReport | None = self.answer
        return report

    @hookimpl
    def miniwdl_aws_run_ended(self, ended: RunEnded) -> None:
        """Hear."""
        self.heard.append(ended)
        if isinstance(self.answer, Exception):
            raise self.answer


@pytest.fixture
def reporter() -> Iterator[Reporter]:
    plugin = Reporter()
    get_manager().register(plugin, "a-reporter")
    yield plugin
    get_manager().unregister(plugin)


def reports(tmp_path: Path, code: int = 0) -> Reports:
    return Reports(tmp_path, code, EnvironSettings({}), JOB)


def test_the_report_is_put_into_the_run_directory_and_given_out(tmp_path: Path, reporter: Reporter) -> None:
    assert reports(tmp_path, 3).make("s3://b/r/") == {"report.html": "<p>"}
    assert (tmp_path / "report.html").read_text() == "<p>"
    assert not (tmp_path / "other.txt").exists()
    (asked,) = reporter.asked
    assert (asked.run_dir, asked.exit_code, asked.folder, asked.job_id) == (str(tmp_path), 3, "s3://b/r/", "j")


def test_a_link_in_its_place_is_replaced(tmp_path: Path, reporter: Reporter) -> None:
    (tmp_path / "report.html").symlink_to(tmp_path / "elsewhere")
    reports(tmp_path).make(None)
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "report.html").read_text() == "<p>"


@pytest.mark.parametrize("uploaded", [True, False])
def test_all_hear_where_it_is(tmp_path: Path, reporter: Reporter, uploaded: bool) -> None:
    made, farewell = reports(tmp_path), Farewell()
    made.make("s3://b/r/" if uploaded else None)
    if uploaded:
        farewell.uploaded("s3://b/r/")
    made.tell(farewell)
    page = "s3://b/r/report.html" if uploaded else str(tmp_path / "report.html")
    assert farewell.end.report == f"{page} (It succeeded after 3s; sort could do with less)"
    (heard,) = reporter.heard
    assert (heard.reports, heard.totals, heard.results) == (
        {"report.html": page}, {"calls": 2}, "s3://b/r/" if uploaded else None,
    )  # fmt: skip


@pytest.mark.parametrize("answer", [None, ConfigurationError("no"), RuntimeError("bug"), "nonsense"])
def test_no_run_fails_for_its_report(tmp_path: Path, reporter: Reporter, answer: object) -> None:
    reporter.answer = answer
    made, farewell = reports(tmp_path), Farewell()
    assert "report.html" not in made.make(None) or answer is None
    made.tell(farewell)
    assert len(reporter.heard) == 1


def test_nor_for_a_directory_that_takes_no_more(tmp_path: Path, reporter: Reporter) -> None:
    gone = tmp_path / "gone"
    assert reports(gone).make("s3://b/r/") == {"report.html": "<p>"}
