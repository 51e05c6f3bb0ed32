"""
How a run ended: as miniwdl says when it ends, or else, for ``--upload-only``, as its directory tells.

Tasks may be able to write there, and so to plant an ``error.json`` or an ``outputs.json``: that such a file is there
says nothing. The run's own log decides, which miniwdl opens before any task runs, and in which each line says whose it
is.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.beneath import is_file, read_bytes, read_tail
from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.run_files import RUN_LOGS
from miniwdl_aws_hooks.protocol import ERROR_JSON, OUTPUTS_JSON
from miniwdl_aws_s3_rails.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Ending", "read_answer", "read_ending"]

logger = logging.getLogger(__name__)

LARGEST = {OUTPUTS_JSON: 64 * MIB, ERROR_JSON: 4 * MIB}
"""Larger ones are not read: parsed, they take many times as much memory."""

END_OF_LOG = MIB // 4
"""Bytes of a log in which its last words are looked for."""

WORDS = re.compile(rb"^[-\d]{10} [:\d]{8}\.\d{3} wdl\.[wt]:\w+ (?:NOTICE|ERROR|CRITICAL) (.*)$", re.MULTILINE)
"""What the run itself logs; lines of its calls, and of the tasks' standard error, have longer names."""

DONE = (b"done", b"done (cached)")


@dataclass(frozen=True)
class Ending:
    """How a run ended."""

    outputs: Mapping[str, Any] | None
    """What it gave; ``None`` when it failed."""
    error: Mapping[str, Any] | None = None
    """Why it failed, where that is known."""

    @classmethod
    def of(cls, document: Mapping[str, Any], code: int) -> Ending:
        """
        Take miniwdl at its word.

        :param document: what it printed.
        :param code: its exit code.
        """
        outputs = document.get("outputs")
        return cls(outputs) if code == 0 and isinstance(outputs, dict) else cls(None, document)


def read_answer(said: bytes, *, uploads: bool) -> dict[str, Any]:
    """
    Read what miniwdl printed as it ended: outputs or error, and the run directory.

    :param uploads: whether there should be outputs in it that are to be uploaded.
    :return: empty where it says nothing of a run.
    :raises AnswerError: when there should, and a task made them such that they can't be read.
    """
    try:
        document = read_json(said)
    except ValueError as exc:
        if uploads and said.lstrip().startswith(b"{"):
            # Else the job would succeed, and nobody would miss the results.
            message = f"nothing is uploaded, since the run's outputs can't be read: {exc}"
            raise AnswerError(message, hint="the run directory is kept") from exc
        return {}
    return document if isinstance(document, dict) else {}


def read_ending(run_dir: Path) -> Ending:
    """Find out how a run of before ended. What can't be read is left out, with a warning."""
    if not is_file(run_dir, OUTPUTS_JSON):
        return Ending(None, _read(run_dir, ERROR_JSON))
    if _log_says_done(run_dir):
        outputs = _read(run_dir, OUTPUTS_JSON)
        return Ending(outputs)
    logger.warning("%s is left out: the run's log does not end in saying that the run is done", OUTPUTS_JSON)
    return Ending(None, _read(run_dir, ERROR_JSON))


def _log_says_done(run_dir: Path) -> bool:
    for name in RUN_LOGS:
        try:
            words = WORDS.findall(read_tail(run_dir, name, END_OF_LOG))
        except OSError:
            continue
        return bool(words) and words[-1] in DONE
    return False


def _read(run_dir: Path, name: str) -> dict[str, Any] | None:
    try:
        content = read_json(read_bytes(run_dir, name, LARGEST[name]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        reason = str(exc)
    else:
        if isinstance(content, dict):
            return content
        reason = "not a JSON object"
    logger.warning("%s is left out, since it is not what miniwdl writes: %s", name, reason)
    return None
