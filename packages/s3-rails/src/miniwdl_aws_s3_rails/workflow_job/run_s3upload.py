"""``miniwdl-run-s3upload``: runs ``miniwdl run``, then uploads what it made. The main program of workflow jobs."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.collector import collect_seldom
from miniwdl_aws_core.console import complain, emit_raw, reader_left, say
from miniwdl_aws_core.diagnostics import LineFormatter, fit_for_terminals
from miniwdl_aws_core.publish_options import run_folder
from miniwdl_aws_hooks import DestinationContext, MiniwdlAwsError, get_manager
from miniwdl_aws_hooks.protocol import END_OF_LOG, UPLOADER
from miniwdl_aws_s3_rails.errors import FileSystemError
from miniwdl_aws_s3_rails.products.publisher_plugins import check_by_plugin
from miniwdl_aws_s3_rails.workflow_job.admission import check_mount, claim
from miniwdl_aws_s3_rails.workflow_job.arguments import PROGRAM, Arguments, parse_arguments
from miniwdl_aws_s3_rails.workflow_job.beginning import Beginning
from miniwdl_aws_s3_rails.workflow_job.child import SignalRelay, Stopped, run_child
from miniwdl_aws_s3_rails.workflow_job.delivery import Delivery, answer
from miniwdl_aws_s3_rails.workflow_job.farewell import Farewell, was_stopped
from miniwdl_aws_s3_rails.workflow_job.file_system import trouble_of_run
from miniwdl_aws_s3_rails.workflow_job.invocation import command_of, environ_of, said_of, staged_reader
from miniwdl_aws_s3_rails.workflow_job.payload import take_variables
from miniwdl_aws_s3_rails.workflow_job.reports import Reports

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

logger = logging.getLogger("miniwdl_aws_s3_rails")


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command, and end the log of a job whatever happens.

    :return: its exit code: miniwdl's, or one of ``ExitCode``.
    """
    if argv is None:
        collect_seldom()
    try:
        arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
    except MiniwdlAwsError as exc:
        complain(PROGRAM, exc)
        _end_log()
        return exc.exit_code
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(f"%(asctime)s %(levelname)s {UPLOADER} %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(handlers=[handler])
    fit_for_terminals()
    logger.setLevel(logging.INFO)
    farewell = Farewell()
    try:
        with SignalRelay().installed() as relay:
            code = _told(arguments, relay, farewell)
            farewell.say(os.environ)
            return code
    except Stopped as exc:
        say(f"{PROGRAM}: {exc}; the run directory is kept")
        _end_log()
        # Transfers may hang in the network yet, and must neither delay the end nor disturb it.
        os._exit(128 + exc.number)
    finally:
        _end_log()


def _told(arguments: Arguments, relay: SignalRelay, farewell: Farewell) -> int:
    try:
        return _run(arguments, relay, farewell)
    except MiniwdlAwsError as exc:
        error = exc
    except OSError as exc:
        # A disk of this host, such as that of temporary files: the shared file system is asked in its place.
        error = FileSystemError(f"{exc.filename or 'a file'} can't be used: {exc.strerror or exc}")
    with suppress(OSError):
        complain(PROGRAM, error)
    farewell.failed(error)
    return error.exit_code


def _end_log() -> None:
    try:
        sys.stdout.flush()  # noqa: TID251 - the end comes last
    except OSError:
        reader_left()
    if "AWS_BATCH_JOB_ID" not in os.environ:
        return  # nobody follows the log of a run on one's own machine
    with suppress(OSError):
        say("", END_OF_LOG)


def _run(arguments: Arguments, relay: SignalRelay, farewell: Farewell) -> int:
    from miniwdl_aws_core.options.check import check_options
    from miniwdl_aws_core.options.loader import load_settings

    settings = load_settings(arguments.passed_value("--cfg"))
    if hidden := take_variables(os.environ, staged_reader(settings)):
        os.environ.update(hidden)  # whatever runs here, or is started, finds them where it always did
        settings = load_settings(arguments.passed_value("--cfg"))
    check_options(settings, os.environ)
    _let_publishers_speak()
    check_mount(os.environ, settings)
    arguments = arguments.with_settings(settings)
    delivery = Delivery(arguments, settings, farewell)
    run_dir = arguments.upload_directory()
    if run_dir is not None:
        return delivery.upload_of_before(run_dir)
    claim(os.environ, settings)
    destination = None if arguments.self_test else arguments.publish.destination
    if destination:
        check_by_plugin(DestinationContext(destination, settings, arguments.publish))
    with tempfile.TemporaryDirectory(prefix="miniwdl-run-s3upload-") as folder:
        command, given = command_of(arguments, Path(folder), settings)
        beginning = Beginning(lambda run_dir: _begins(run_dir, destination, farewell))
        environ = {**environ_of(arguments, settings), **given}
        ended = run_child(command, environ, relay, beginning.hear)
        said = {} if arguments.self_test else said_of(arguments, ended, Path(folder))
    code = ended.code
    if relay.handed_on and was_stopped(said):
        code = 128 + relay.handed_on  # miniwdl ends with 2 then, as after any failure that isn't a command's
    farewell.ran(said, code)
    document = said if isinstance(said.get("dir"), str) else None
    if code == ended.code != 0 and (trouble := trouble_of_run(document, arguments.passed_value("--dir"), settings)):
        return delivery.rescue(said, ended, trouble)
    if document is None:
        answer(lambda: emit_raw(ended.stdout))
        return code
    reports = Reports(Path(document["dir"]), code, settings, os.environ)
    if destination:
        code = delivery.upload(document, code, reports)
    else:
        answer(lambda: emit_raw(ended.stdout))
        reports.make(None)
    reports.tell(farewell)
    return code


def _begins(run_dir: Path, destination: str | None, farewell: Farewell) -> None:
    farewell.begins(str(run_dir), run_folder(destination, run_dir.name) if destination else "", os.environ)


def _let_publishers_speak() -> None:
    """Show the progress that plugins log, since any of them may publish the results."""
    for _name, plugin in get_manager().list_name_plugin():
        module: str = getattr(plugin, "__name__", type(plugin).__module__)
        logging.getLogger(module.partition(".")[0]).setLevel(logging.INFO)
