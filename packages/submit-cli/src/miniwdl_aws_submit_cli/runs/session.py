"""Where a command works: a connection to AWS Batch, the queue, the plugins, and what options of plugins changed."""

from __future__ import annotations

import os
import shlex
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.manager import get_manager
from miniwdl_aws_submit_cli.options.resolve import find
from miniwdl_aws_submit_cli.options.surroundings import Surroundings, enter, plugin_options
from miniwdl_aws_submit_cli.options.table import option
from miniwdl_aws_submit_cli.runs.batch import Batch, connect
from miniwdl_aws_submit_cli.runs.runs import Run, find_run

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    import pluggy

    from miniwdl_aws_hooks.types import SubmitOption

__all__ = ["Session", "open_session"]


@dataclass(frozen=True)
class Session:
    """An open connection."""

    batch: Batch
    manager: pluggy.PluginManager
    surroundings: Surroundings
    queue: str | None
    """The workflow queue."""

    def require_queue(self) -> str:
        """
        Name the workflow queue.

        :raises ConfigurationError: when nobody did.
        """
        if not self.queue:
            raise ConfigurationError(f"--workflow-queue is missing: {option('--workflow-queue').sources}")
        return self.queue

    def find(self, word: str) -> Run:
        """Find a run by what the user calls it."""
        return find_run(self.batch, word, self.queue)

    def command(self, *words: str) -> str:
        """Write a command line of ``miniwdl-aws`` that acts where this one does, for the user."""
        return shlex.join(("miniwdl-aws", *words, *self.surroundings.words))


@contextmanager
def open_session(args: Namespace, *, waiting: bool = False, looking: bool = True) -> Iterator[Session]:
    """
    Connect to where the options of a subcommand say.

    :param waiting: whether the command stays until a run ends.
    :param looking: whether it needs no more than what is there; ``False`` for one that submits, or checks a setup.
    """
    manager = get_manager()
    args.waiting, args.looking, args.s3upload = waiting, looking, getattr(args, "s3upload", None)
    with ExitStack() as stack:
        options = plugin_options(manager)
        surroundings = enter(options, args, stack)
        queue = find(option("--workflow-queue"), vars(args), os.environ, {}).value or None
        yield Session(_connect(options), manager, surroundings, queue)


def _connect(options: Sequence[SubmitOption]) -> Batch:
    """Connect; whoever has no AWS may have meant somewhere else."""
    try:
        return connect()
    except ConfigurationError as exc:
        elsewhere = [added.name for added in options if not (added.submit_only or added.metavar)]
        if not elsewhere:
            raise
        hint = f"{exc.hint}; or give {' or '.join(elsewhere)}, as when the run was submitted"
        raise ConfigurationError(exc.message, hint=hint) from exc
