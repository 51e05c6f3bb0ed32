"""What follows when a run has ended: its products go to S3, the answer is printed, the run directory may be deleted."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.beneath import is_file
from miniwdl_aws_core.console import complain, emit_json, reader_left
from miniwdl_aws_core.publish_options import run_folder
from miniwdl_aws_core.run_files import RUN_LOGS
from miniwdl_aws_hooks import ExitCode, MiniwdlAwsError
from miniwdl_aws_hooks.protocol import ENV_PAYLOAD_NAME, UPLOADING
from miniwdl_aws_s3_rails.errors import FileSystemError, OptionError, UploadError
from miniwdl_aws_s3_rails.products.ending import Ending, read_ending
from miniwdl_aws_s3_rails.products.publisher_plugins import publish_by_plugin
from miniwdl_aws_s3_rails.workflow_job.admission import check_not_superseded
from miniwdl_aws_s3_rails.workflow_job.arguments import PROGRAM
from miniwdl_aws_s3_rails.workflow_job.file_system import find_trouble
from miniwdl_aws_s3_rails.workflow_job.reports import Reports
from miniwdl_aws_s3_rails.workflow_job.rescue import rescue

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniwdl_aws_hooks import Settings
    from miniwdl_aws_s3_rails.workflow_job.arguments import Arguments
    from miniwdl_aws_s3_rails.workflow_job.child import Ended
    from miniwdl_aws_s3_rails.workflow_job.farewell import Farewell

__all__ = ["Delivery", "answer"]

logger = logging.getLogger("miniwdl_aws_s3_rails")


def answer(say_it: Callable[[], None]) -> None:
    """Say how the run ended, as miniwdl does; that nobody listens any more changes nothing of it."""
    try:
        say_it()
    except BrokenPipeError:
        reader_left()


class Delivery:
    """Sends what a run made to the upload folder, and says so on standard output and to the farewell."""

    def __init__(self, arguments: Arguments, settings: Settings, farewell: Farewell) -> None:
        """Take what holds for the whole command; ``arguments`` are complete."""
        self._arguments, self._settings, self._farewell = arguments, settings, farewell

    def upload(self, document: dict[str, Any], code: int, reports: Reports) -> int:
        """
        Upload a run that has just ended, then delete its directory if that was asked for.

        :param document: what miniwdl said of the run, with ``dir``.
        :param code: how miniwdl ended.
        :return: the same, or ``UPLOAD_FAILED`` when nothing but the upload failed.
        """
        run_dir = Path(document["dir"])
        logger.info("miniwdl ended with exit code %d", code)
        check_not_superseded(os.environ, self._settings)
        try:
            folder, outputs = self._send(run_dir, Ending.of(document, code), reports)
        except MiniwdlAwsError as exc:
            answer(lambda: emit_json(document, indent=2))
            trouble = find_trouble(run_dir, self._settings)
            error = FileSystemError(f"{trouble}; {exc.message}", hint=exc.hint) if trouble else exc
            complain(PROGRAM, error)
            self._farewell.failed(error)
            return code or ExitCode.UPLOAD_FAILED
        self._farewell.uploaded(folder)
        document["s3upload"] = folder
        if outputs is not None:
            document["outputs"] = outputs
        answer(lambda: emit_json(document, indent=2))
        self._delete(run_dir, succeeded=code == 0)
        return code

    def upload_of_before(self, run_dir: Path) -> int:
        """
        Upload a run that ended some time ago, as ``--upload-only`` asks for.

        :raises OptionError: when ``run_dir`` is no run directory.
        """
        if not any(is_file(run_dir, name) for name in RUN_LOGS):
            raise OptionError(f"--upload-only: {run_dir} is not a run directory of miniwdl's")
        self._farewell.ran({"dir": str(run_dir)}, 0)
        ending = read_ending(run_dir)
        code = ExitCode.FAILED if ending.outputs is None else ExitCode.OK
        reports = Reports(run_dir, code, self._settings, os.environ)
        folder, outputs = self._send(run_dir, ending, reports)
        self._farewell.uploaded(folder)
        reports.tell(self._farewell)
        document = {"dir": str(run_dir), "s3upload": folder} | ({} if outputs is None else {"outputs": outputs})
        answer(lambda: emit_json(document, indent=2))
        self._delete(run_dir, succeeded=outputs is not None)
        return ExitCode.OK

    def rescue(self, said: dict[str, Any], ended: Ended, trouble: str) -> int:
        """
        Upload what there is of a run whose file system has let it down.

        :param said: what miniwdl said of the run, which may be nothing.
        :param trouble: what is wrong with the file system.
        """
        workflow = Path(os.environ.get(ENV_PAYLOAD_NAME) or [*self._arguments.passed, "run"][0]).name.partition(".")[0]

        def upload(run_dir: Path, ending: Ending) -> str:
            check_not_superseded(os.environ, self._settings)
            return self._send(run_dir, ending, Reports(run_dir, ended.code, self._settings, os.environ))[0]

        to_folder = upload if self._arguments.publish.destination else None
        document, error = rescue(ended, said, trouble, workflow, to_folder)
        if "s3upload" in document:
            self._farewell.uploaded(document["s3upload"])
        answer(lambda: emit_json(document, indent=2))
        complain(PROGRAM, error)
        self._farewell.failed(error)
        return error.exit_code

    def _send(self, run_dir: Path, ending: Ending, reports: Reports) -> tuple[str, dict[str, Any] | None]:
        from miniwdl_aws_s3_rails.inside_miniwdl.layout import read_layout
        from miniwdl_aws_s3_rails.products.finished_run import FinishedRun, upload_run

        publish = self._arguments.publish
        folder = run_folder(publish.destination or "", run_dir.name)
        logger.info(UPLOADING, run_dir, folder)
        layout = read_layout(self._settings)
        run = FinishedRun(run_dir, layout, self._settings, ending, publish, reports.make(folder))
        try:
            return folder, upload_run(run, folder, publish_by_plugin)
        except OSError as exc:
            failed = {exc.filename or run_dir.name: exc.strerror or str(exc)}
            raise UploadError(failed, folder=folder, run_dir=str(run_dir)) from exc

    def _delete(self, run_dir: Path, *, succeeded: bool) -> None:
        from miniwdl_aws_s3_rails.inside_miniwdl.layout import read_layout
        from miniwdl_aws_s3_rails.workflow_job.rundir import RunDirError, delete_run_dir, should_delete

        if should_delete(self._arguments.publish.delete_after, succeeded=succeeded):
            try:
                delete_run_dir(run_dir, read_layout(self._settings).root)
            except RunDirError as exc:
                complain(PROGRAM, exc)  # all products are in S3: the run itself did not fail for this
            else:
                self._farewell.deleted()
                logger.info("deleted %s", run_dir)
