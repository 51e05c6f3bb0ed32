"""Reports a run in its own workflow job, as it ends."""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.run_files import OUT, REPORT_HTML, REPORT_JSON, TRACE_TSV
from miniwdl_aws_hooks import RunReport
from miniwdl_aws_hooks.protocol import ENV_WHERE
from miniwdl_aws_run_report.advice import advise
from miniwdl_aws_run_report.prices.asking import for_this_user
from miniwdl_aws_run_report.prices.runs import with_prices
from miniwdl_aws_run_report.reading.folder import read_folder
from miniwdl_aws_run_report.totals import totals_of_run
from miniwdl_aws_run_report.words import biggest_saving, outcome
from miniwdl_aws_run_report.writing.document import totals_document, write_document
from miniwdl_aws_run_report.writing.page import write_page
from miniwdl_aws_run_report.writing.trace import write_trace

if TYPE_CHECKING:
    from miniwdl_aws_hooks import EndedRun, RunEnded
    from miniwdl_aws_run_report.model import Run

__all__ = ["name_report", "report_run"]

logger = logging.getLogger(__name__)


def report_run(run: EndedRun) -> RunReport:
    """Write everything that there is of a run."""
    now = time.time()
    read = with_prices(_as_published(read_folder(Path(run.run_dir), now=now), run), for_this_user(now))
    totals = totals_of_run(read)
    return RunReport(
        files={
            REPORT_HTML: write_page(read),
            REPORT_JSON: json.dumps(write_document(read), indent=2) + "\n",
            TRACE_TSV: "\n".join(write_trace(read)) + "\n",
        },
        summary=outcome(read, totals),
        saving=biggest_saving(advise([read])),
        totals={name: value for name, value in totals_document(totals).items() if isinstance(value, int | float)},
    )


def name_report(ended: RunEnded) -> None:
    """Say where the report is, in one line of the log."""
    page = ended.reports.get(REPORT_HTML)
    if page:
        words = "; ".join(filter(None, (ended.summary.rstrip("."), ended.saving)))
        logger.info("report: %s (%s)", page, words)


def _as_published(read: Run, run: EndedRun) -> Run:
    """
    Name job and folder, and the outputs where they are going.

    An ended run is as it was when it ended, so that the same run has the same report whenever that is written.
    """
    at = read.ended if read.ended is not None else read.read_at
    found = replace(read, read_at=at, folder=run.folder or "")
    if run.job_id:
        options = os.environ.get(ENV_WHERE, "")
        command = " ".join(filter(None, ("miniwdl-aws rerun", run.job_id, options)))
        found = replace(found, job_id=run.job_id, command=command, options=options)
    return replace(found, outputs=_moved(found.outputs, f"{run.run_dir}/{OUT}/", run.folder)) if run.folder else found


def _moved(value: Any, place: str, folder: str) -> Any:
    if isinstance(value, dict):
        return {name: _moved(item, place, folder) for name, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, place, folder) for item in value]
    return folder + value.removeprefix(place) if isinstance(value, str) and value.startswith(place) else value
