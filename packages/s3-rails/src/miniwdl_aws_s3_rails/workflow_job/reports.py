"""
Has plugins report the run that has ended, and tells them when all is over.

What they write goes into the run's directory, where ``miniwdl-aws report`` and others look, and with the logs to the
upload folder. A run ends as it ends, whether there is a report or not.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from miniwdl_aws_core.beneath import write_bytes
from miniwdl_aws_core.run_files import REPORT_HTML, REPORTS
from miniwdl_aws_hooks import EndedRun, RunEnded, RunReport, get_manager
from miniwdl_aws_hooks.protocol import ENV_SUBMISSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniwdl_aws_hooks import Settings
    from miniwdl_aws_s3_rails.workflow_job.farewell import Farewell

__all__ = ["Reports"]

logger = logging.getLogger("miniwdl_aws_s3_rails")


class Reports:
    """The report of a run, made once, when miniwdl has ended."""

    def __init__(self, run_dir: Path, code: int, settings: Settings, environ: Mapping[str, str]) -> None:
        """
        Begin without one.

        :param code: miniwdl's exit code.
        """
        self._run_dir, self._code, self._settings = run_dir, code, settings
        self._job_id = environ.get("AWS_BATCH_JOB_ID") if environ.get(ENV_SUBMISSION) else None
        self._report = RunReport({})
        self._kept: dict[str, str] = {}

    def make(self, folder: str | None) -> Mapping[str, str]:
        """
        Have the report made, and put it into the run's directory.

        :param folder: to which the run's products are going.
        :return: its files, by their names.
        """
        run = EndedRun(str(self._run_dir), self._code, self._settings, folder, self._job_id)
        self._report = get_manager().hook.miniwdl_aws_report_run(run=run) or RunReport({})
        files = {name: text for name, text in self._report.files.items() if name in REPORTS}
        for name, text in files.items():
            try:
                write_bytes(self._run_dir, name, text.encode())
                self._kept[name] = str(self._run_dir / name)
            except OSError as exc:
                logger.warning("%s could not be written to the run directory: %s", name, exc.strerror)
        return files

    def tell(self, farewell: Farewell) -> None:
        """
        Tell plugins, and whoever looks at the run, that it is over.

        :param farewell: knows how it ended.
        """
        end = farewell.end
        files = [name for name in self._report.files if name in REPORTS]
        places = {name: f"{end.results}{name}" for name in files} if end.results else self._kept
        page = places.get(REPORT_HTML)
        if page:
            words = "; ".join(filter(None, (self._report.summary.rstrip("."), self._report.saving)))
            farewell.reported(f"{page} ({words})")
        get_manager().hook.miniwdl_aws_run_ended(
            ended=RunEnded(
                run_dir=str(self._run_dir),
                exit_code=self._code,
                settings=self._settings,
                results=end.results or None,
                job_id=self._job_id,
                why=end.why,
                reports=places,
                summary=self._report.summary,
                saving=self._report.saving,
                totals=self._report.totals,
            )
        )
