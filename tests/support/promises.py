"""
The pytest plugin of the suite of faults: how much goes wrong, by which seed, and the table of what held.

A test that keeps a promise says so at its end::

    promise("every fifth request to AWS Batch fails", load="300 tasks", holds="each task runs once", "61 of 312 failed")

``--long`` takes the loads that the documentation states, ``--write`` writes them there.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Promise"]

PAGE = Path(__file__).parents[2] / "docs/explanation/reliability.md"
BEGIN, END = "<!-- promises: nox -s faults -- --long --write -->\n", "<!-- end -->"
HEADING = ["| goes wrong | load | holds | seen |", "| --- | --- | --- | --- |"]
PROPERTY = "promise"


class Promise(Protocol):
    """Notes that a promise was kept."""

    def __call__(self, goes_wrong: str, *, load: str, holds: str, seen: str) -> None:
        """
        Note it.

        :param load: how much; it differs in the short form.
        :param seen: figures of this run.
        """
        ...


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults", "the suite of faults")
    group.addoption("--long", action="store_true", help="take the loads that the documentation states")
    group.addoption("--write", action="store_true", help="write what held into the documentation; needs --long")
    group.addoption("--seed", type=int, help="of what goes wrong by chance; a new one if it is not given")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.write and not config.option.long:
        raise pytest.UsageError("--write needs --long: the documentation states its loads")
    given = getattr(config, "workerinput", {}).get("seed", config.option.seed)
    config.option.seed = random.SystemRandom().randrange(10**6) if given is None else given


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["seed"] = node.config.option.seed


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Chance of a test's own, which ``--seed`` repeats."""
    return random.Random(f"{request.config.option.seed} {request.node.name}")


@pytest.fixture
def load(pytestconfig: pytest.Config) -> Any:
    """Choose between a short form's load and a long one's: ``load(12, 100)``."""
    return lambda short, long: long if pytestconfig.option.long else short


@pytest.fixture
def promise(record_property: Any) -> Promise:
    """Note that a promise was kept."""

    def note(goes_wrong: str, *, load: str, holds: str, seen: str) -> None:
        record_property(PROPERTY, [goes_wrong, load, holds, seen])

    return note


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    kept = list(_kept(terminalreporter.getreports("passed")))
    if not kept:
        return
    terminalreporter.section(f"what held, by --seed {config.option.seed}")
    for row in kept:
        terminalreporter.write_line(" | ".join(row))
    if config.option.write:
        _write(kept)
    elif missing := [row[0] for row in kept if f"| {row[0]} |" not in PAGE.read_text()]:
        terminalreporter.write_line(f"{PAGE.name} lacks: {'; '.join(missing)} (-- --long --write)", red=True)


def _kept(reports: Iterable[Any]) -> Iterable[list[str]]:
    for report in sorted(reports, key=lambda report: report.nodeid):
        yield from (value for name, value in report.user_properties if name == PROPERTY and report.when == "call")


def _write(kept: list[list[str]]) -> None:
    """Write rows over those of the same first column; others stay, for a part of the suite may be run alone."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in table.splitlines()[len(HEADING) :] if line}
    rows |= {row[0]: f"| {' | '.join(row)} |" for row in kept}
    PAGE.write_text("\n".join([before + BEGIN.rstrip(), *HEADING, *sorted(rows.values()), END + after]))
