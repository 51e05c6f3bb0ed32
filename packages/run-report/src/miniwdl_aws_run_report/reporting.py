"""Does the work of ``miniwdl-aws report``: reads the run, and writes what is asked for where it is wanted."""

from __future__ import annotations

import json
import os
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_core.run_files import REPORT_HTML
from miniwdl_aws_hooks import ConfigurationError, ExitCode
from miniwdl_aws_run_report.advice import advise, overrides, with_overrides
from miniwdl_aws_run_report.errors import UnwritableError
from miniwdl_aws_run_report.prices.asking import for_this_user
from miniwdl_aws_run_report.prices.runs import with_prices
from miniwdl_aws_run_report.reading.place import open_places
from miniwdl_aws_run_report.totals import totals_of_run
from miniwdl_aws_run_report.words import biggest_saving, outcome, resized
from miniwdl_aws_run_report.writing.comparison import compare, compare_document, compare_page
from miniwdl_aws_run_report.writing.document import write_document
from miniwdl_aws_run_report.writing.page import write_page
from miniwdl_aws_run_report.writing.rocrate import write_crate
from miniwdl_aws_run_report.writing.trace import write_trace

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping

    from miniwdl_aws_run_report.advice import Advice
    from miniwdl_aws_run_report.model import Run

__all__ = ["report"]

STDOUT = "-"

COMPARED: Mapping[str | None, Callable[[Run, Run], str]] = {
    None: lambda first, second: "\n".join(compare(first, second)) + "\n",
    "html": compare_page,
    "json": lambda first, second: json.dumps(compare_document(first, second), indent=2) + "\n",
}
"""How two runs are shown, by the format; a table of text where none is named."""


def report(args: Namespace) -> int:
    """
    Report.

    :return: the exit code, which says nothing of the run's own.
    """
    kind = _kind(args)
    now, words = time.time(), [*args.run, *([args.compare] if args.compare else [])]
    with open_places(getattr(args, "open_runs", None), words, now) as read:
        prices = None if args.no_prices else for_this_user(now)
        runs = [with_prices(run, prices) if prices else run for run in map(read, words)]
    run, advice = runs[0], advise(runs)
    if args.right_size:
        _right_size(run, advice, args.out)
        return ExitCode.OK
    if args.compare:
        _write(COMPARED[args.format](*runs), args.out or STDOUT)
        return ExitCode.OK
    text = {"html": _page, "tsv": _table, "json": _document, "ro-crate": write_crate}[kind](run)
    place = args.out or (REPORT_HTML if kind == "html" else STDOUT)
    _write(text, place)
    say(outcome(run, totals_of_run(run)), *(f"note: {note}" for note in run.notes))
    if saving := biggest_saving(advice):
        say(f"{saving}: --right-size writes the inputs for it")
    if place != STDOUT:
        say(f"report: {place}")
    if args.open:
        webbrowser.open(Path(place).resolve().as_uri())
    return ExitCode.OK


def _kind(args: Namespace) -> str:
    """Tell which format is wanted; refuse what doesn't go together."""
    alone = [name for name, given in (("--right-size", args.right_size), ("--compare", args.compare)) if given]
    formats = COMPARED if alone == ["--compare"] else (None,)
    if alone and (args.format not in formats or args.open or len(alone) > 1):
        raise ConfigurationError(
            f"{alone[0]} prints something of its own, and goes with none of the other ways to show",
            hint="--compare alone takes --format html or json",
        )
    if len(args.run) > 1 and not args.right_size:
        raise ConfigurationError(
            "only --right-size takes several runs", hint="name one, and another one with --compare"
        )
    kind: str = args.format or "html"
    if args.open and kind != "html":
        raise ConfigurationError(f"--open shows the page, and --format {kind} makes none")
    return kind


def _right_size(run: Run, advice: list[Advice], place: str | None) -> None:
    changed = [item for item in advice if item.changes]
    for item in changed:
        say(resized(item))
    for item in advice:
        if item.mostly_caches:
            say(
                f"{item.task}: its peak of {item.peak} MiB was mostly caches of files; it held {item.held} without "
                "them, so that it may do with less than the peak: try it"
            )
    if not changed:
        say(
            "nothing is to be changed"
            if advice
            else "nobody has measured how much memory its tasks used: nothing is changed"
        )
    written = with_overrides(run.inputs, overrides(changed, run.target))
    if place in (None, STDOUT):
        emit_json(written, indent=2)
    else:
        _write(json.dumps(written, indent=2) + "\n", place or STDOUT)


def _page(run: Run) -> str:
    return write_page(run)


def _table(run: Run) -> str:
    return "\n".join(write_trace(run)) + "\n"


def _document(run: Run) -> str:
    return json.dumps(write_document(run), indent=2) + "\n"


def _write(text: str, place: str) -> None:
    if place == STDOUT:
        emit(*text.rstrip("\n").split("\n"))
        return
    temporary = f"{place}.{os.getpid()}.tmp"
    try:
        Path(temporary).write_text(text, "utf-8")
        os.replace(temporary, place)  # noqa: PTH105 - both are texts
    except OSError as exc:
        Path(temporary).unlink(missing_ok=True)
        raise UnwritableError(f"--out {place} can't be written: {exc.strerror}", hint="name another file") from exc
