"""How miniwdl is called: its command line, its environment, and where it says how the run ended."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.beneath import write_bytes
from miniwdl_aws_core.console import complain
from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_core.publish_options import CONFIGURED, ENV_PUBLISH, encode
from miniwdl_aws_hooks.protocol import ENV_PAYLOAD, ENV_PAYLOAD_NAME, ENV_SENTINEL, ENV_SUBMISSION, ENV_TASK_ENV
from miniwdl_aws_s3_rails.errors import OptionError
from miniwdl_aws_s3_rails.products.ending import read_answer
from miniwdl_aws_s3_rails.workflow_job.arguments import PROGRAM
from miniwdl_aws_s3_rails.workflow_job.payload import place_payload, take_task_env

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniwdl_aws_core.s3uri import S3Uri
    from miniwdl_aws_hooks import Settings
    from miniwdl_aws_s3_rails.workflow_job.arguments import Arguments
    from miniwdl_aws_s3_rails.workflow_job.child import Ended

__all__ = ["command_of", "environ_of", "said_of", "staged_reader"]

ANSWER = "answer.json"
"""What miniwdl is told to write instead of the file that ``-o`` names, which a task might write before it is read."""

CONSUMED = (
    ENV_PAYLOAD,
    ENV_PAYLOAD_NAME,
    ENV_SENTINEL,
    ENV_SUBMISSION,
    ENV_TASK_ENV,
    *CONFIGURED,
)
"""Environment variables that are for us; miniwdl would warn of some of them."""


def command_of(arguments: Arguments, folder: Path, settings: Settings) -> tuple[list[str], dict[str, str]]:
    """
    Write miniwdl's command line, and the variables that belong to it.

    :param folder: takes what was submitted along, and what miniwdl says of the run.
    """
    program = [sys.executable, "-m", "WDL"]
    if arguments.self_test:
        return [*program, "run_self_test", *arguments.passed], {}
    if not arguments.passed:
        raise OptionError("no WDL is given to run", hint="see miniwdl-run-s3upload --help")
    read = staged_reader(settings)
    passed = place_payload(arguments.passed, os.environ, folder, read)
    passed, given = take_task_env(passed, os.environ, settings, read)
    if "--error-json" not in passed:
        passed.append("--error-json")
    if arguments.passed_value("-o"):
        passed += ["-o", str(folder / ANSWER)]  # the last one counts
    return [*program, "run", *passed], given


def staged_reader(settings: Settings) -> Callable[[S3Uri], bytes]:
    """Give what reads an object that the submitter has left for this job, whole."""

    def read(uri: S3Uri) -> bytes:
        from miniwdl_aws_s3_rails.transfer.engine import engine_for
        from miniwdl_aws_s3_rails.transfer.receiver import Receiver

        return Receiver(engine_for(settings)).read(uri)

    return read


def environ_of(arguments: Arguments, settings: Settings) -> dict[str, str]:
    """Give miniwdl's environment: this process's without what is for us, and with what the arguments say."""
    environ = {name: value for name, value in os.environ.items() if name not in CONSUMED}
    if arguments.task_queue:
        environ[AwsOptions.task_queue.variable] = arguments.task_queue
    if settings.get("call_cache", "backend") in (None, "dir"):
        environ["MINIWDL__CALL_CACHE__BACKEND"] = "s3_rails"
    if arguments.publish.as_you_go and not arguments.self_test:
        environ[ENV_PUBLISH] = encode(arguments.publish)
    return environ


def said_of(arguments: Arguments, ended: Ended, folder: Path) -> dict[str, Any]:
    """
    Find what miniwdl said of the run, outputs or error, and the run directory; with ``-o``, put it there.

    :param folder: as given to :func:`command_of`.
    :return: empty where it says nothing of a run.
    :raises AnswerError: as :func:`~miniwdl_aws_s3_rails.products.ending.read_answer` does.
    """
    said = ended.stdout
    if (wanted := arguments.passed_value("-o")) and (folder / ANSWER).exists():
        said = (folder / ANSWER).read_bytes()
        try:
            write_bytes(Path(wanted).parent, Path(wanted).name, said)
        except OSError as exc:
            complain(PROGRAM, OptionError(f"-o {wanted} can't be written: {exc.strerror}"))
    return read_answer(said, uploads=ended.code == 0 and arguments.publish.destination is not None)
