"""What a cloud that has ended left in its state folder, for commands that only look."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import say
from miniwdl_aws_local_cloud.errors import NothingLeftError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["what_is_left"]


@contextmanager
def what_is_left(state: Path) -> Iterator[dict[str, str]]:
    """
    Show it, in this process and for as long as the block lasts: nothing runs, and the folder stays as it is.

    :return: the variables that lead there.
    :raises NothingLeftError: when there is no such folder.
    """
    if not state.is_dir():
        raise NothingLeftError(
            f"no local cloud has been in {state}",
            hint="it is where runs were submitted with --local, or where MINIWDL_AWS_LOCAL_DIR says",
        )
    from miniwdl_aws_local_cloud.cloud import LocalCloud  # with moto, which takes a second

    with LocalCloud(state, looking=True) as cloud:
        say(
            f"note: the local cloud of {state} ended; results are in {state / 's3'}, "
            f"run directories and their logs in {state / 'fsx'}"
        )
        yield cloud.environ
