"""
The server process of a local cloud: ``python -m miniwdl_aws_local_cloud.up.server --state DIR``.

It writes ``cloud.json`` into the state folder when it is up, and ends when it was idle for a while, when it is told to,
or when the state folder is gone.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from miniwdl_aws_core.console import emit_json
from miniwdl_aws_hooks import MiniwdlAwsError
from miniwdl_aws_local_cloud import __version__
from miniwdl_aws_local_cloud.cloud import LocalCloud
from miniwdl_aws_local_cloud.cloud_settings import DEFAULT_IDLE
from miniwdl_aws_local_cloud.up.options import add_settings, read_faults, settings_of
from miniwdl_aws_local_cloud.up.registry import CLOUD_FILE, CLOUD_LOCK, CloudRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main", "serve"]

STDOUT, STDERR = 1, 2
LOOK_PERIOD = 1.0
"""Seconds between two looks whether to end."""


def serve(cloud: LocalCloud, idle: float, ready: Callable[[CloudRecord], None]) -> None:
    """
    Let others find a cloud that is up, until it is to end.

    :param idle: seconds without jobs and requests after which it ends; 0 for never.
    :param ready: called when others can find it.
    """
    record = CloudRecord(
        cloud.endpoint, cloud.access_key, cloud.settings.region, cloud.settings.runner, os.getpid(), __version__
    )
    path = cloud.state / CLOUD_FILE
    lock = FileLock(cloud.state / CLOUD_LOCK)
    record.write(path)
    ready(record)
    try:
        while not cloud.stop_requested.wait(LOOK_PERIOD):
            if not path.exists():  # with the folder, most likely
                return
            if idle and cloud.idle_seconds() > idle:
                # Under the lock nobody can be about to join.
                with contextlib.suppress(Timeout), lock.acquire(timeout=0):
                    if cloud.idle_seconds() > idle:
                        path.unlink(missing_ok=True)
                        return
    finally:
        if path.exists() and CloudRecord.read(path) == record:
            path.unlink(missing_ok=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until the end."""
    parser = argparse.ArgumentParser(prog="python -m miniwdl_aws_local_cloud.up.server", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="state folder")
    parser.add_argument("--idle", type=float, default=DEFAULT_IDLE, metavar="SECONDS", help="end when idle for so long")
    add_settings(parser)
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # Whoever started us waits for one line on standard output: that we are up, or why not.
    try:
        with LocalCloud(
            args.state, settings_of(args), read_faults(args.faults), links=dict(args.link), port=args.port
        ) as cloud:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, lambda *_: cloud.stop_requested.set())
            serve(cloud, args.idle, lambda _: _say({"ready": True}))
    except MiniwdlAwsError as error:
        _say({"error": error.message, "hint": error.hint})
        return 1
    return 0


def _say(answer: dict[str, object]) -> None:
    emit_json(answer)
    # The reader goes away: nothing may be written to the pipe from now on.
    os.dup2(STDERR, STDOUT)


if __name__ == "__main__":
    sys.exit(main())
