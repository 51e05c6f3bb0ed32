"""Stops transfers in the process of ``miniwdl run`` when it is told to end, as miniwdl itself learns of it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from WDL._util import TerminationSignalFlag

from miniwdl_aws_core.aws.surprises import in_words
from miniwdl_aws_core.wdl_log import message

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

__all__ = ["stopped_on_termination"]

PERIOD = 0.5
"""Seconds between two looks at miniwdl's flag, which nobody can wait for."""


@contextmanager
def stopped_on_termination(logger: logging.Logger, stop: Callable[[], None], period: float = PERIOD) -> Iterator[None]:
    """
    Call a function if miniwdl is told to end while the block runs: after a signal, or when another call has failed.

    :param stop: makes what the block does end soon, with an error.
    """
    ended = threading.Event()
    with TerminationSignalFlag(logger) as terminating:

        def look() -> bool:
            if terminating():
                stop()
                return True
            return False

        def watch() -> None:
            warned = False
            while not ended.wait(period):
                try:
                    if look():
                        return
                except Exception as exc:  # noqa: BLE001 - without this thread, nobody would stop the block
                    if not warned:
                        warned = True
                        logger.warning(message("cannot tell whether the run is being terminated", error=in_words(exc)))

        thread = threading.Thread(target=watch, name="s3-rails-termination", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
