"""Plain types by which plugins add to the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

__all__ = ["Command", "FoundRun", "SubmitEnvironment", "SubmitOption"]


@dataclass(frozen=True)
class Command:
    """A subcommand of ``miniwdl-aws``."""

    name: str
    """One lower-case word; the first plugin to claim it has it, a second one is an error."""
    help: str
    """One line."""
    configure: Callable[[ArgumentParser], None]
    """Adds arguments to the subcommand's parser. Import nothing heavy here: it runs for every ``--help``."""
    run: Callable[[Namespace], int]
    """Does the work and returns the exit code; a ``MiniwdlAwsError`` is shown as message and hint."""
    finds_runs: bool = False
    """
    Whether it looks at runs that users name as other commands take them: a job id, the unique beginning of one, a run's
    name, or ``last``. It gets the options that say where runs are, and among its arguments ``open_runs``, a function
    without arguments. That opens the connection for a ``with`` block, and gives a function there that finds the
    :class:`FoundRun` of a word, or raises ``MiniwdlAwsError``.
    """


@dataclass(frozen=True)
class FoundRun:
    """A run on AWS Batch, found by what its user calls it."""

    name: str
    """What its user calls it."""
    job: Mapping[str, Any]
    """Its workflow job: a JobDetail, as DescribeJobs returned it."""
    command: str
    """The command line that repeats it."""
    task_jobs: Callable[[], Sequence[Mapping[str, Any]]]
    """Asks AWS Batch for the jobs of its tasks, the oldest first; for a long run, that takes many requests."""
    options: str = ""
    """Those that say where it is, as all commands about it want them: ``--local``; empty on AWS as configured."""


@dataclass(frozen=True)
class SubmitEnvironment:
    """What holds while a submission with the option is under way."""

    environ: Mapping[str, str] = field(default_factory=dict)
    """Environment variables to set: where AWS is, and defaults for ``MINIWDL__*`` that the user left unset."""
    closing_lines: Callable[[], Sequence[str]] = tuple
    """Called at the end, after waiting where the user waits; what to tell the user last."""
    needs_image: bool = True
    """Whether the workflow job runs in a container image."""


@dataclass(frozen=True)
class SubmitOption:
    """An option of ``miniwdl-aws-submit`` that says where a run goes, or how."""

    name: str
    """With its dashes: ``--local``."""
    help: str
    """One line for ``--help``."""
    enter: Callable[[Namespace], AbstractContextManager[SubmitEnvironment]]
    """Entered before anything is asked of AWS, left when the command ends. Gets all parsed options, among them
    ``waiting``: whether the command stays until the run ends; and, of a subcommand, ``looking``: whether it only
    looks at what is there, so that nothing has to be started for it."""
    metavar: str | None = None
    """Name of the value; a flag without one when ``None``."""
    submit_only: bool = False
    """Whether it says how a run goes. An option that says where is taken by the commands that come back to it, too."""
