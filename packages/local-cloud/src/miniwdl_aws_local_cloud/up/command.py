"""``miniwdl-aws local up``, ``down`` and ``status``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit, say
from miniwdl_aws_core.terminal import plain
from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_local_cloud.cloud_settings import state_dir
from miniwdl_aws_local_cloud.up.options import add_settings, read_faults, settings_of
from miniwdl_aws_local_cloud.variables import misleading, shell_variables, without_proxy

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from miniwdl_aws_local_cloud.up.registry import CloudRecord

__all__ = ["configure", "export_lines", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="local_action", required=True, metavar="ACTION")
    up = actions.add_parser(
        "up",
        help="start a local cloud and stay until Ctrl-C; prints the variables that lead there",
        description="Start a local cloud in the state folder (./miniwdl-aws-local, or where MINIWDL_AWS_LOCAL_DIR "
        "says) and stay until Ctrl-C. The lines on standard output set the environment variables by which AWS clients, "
        "miniwdl-aws-submit among them, find it.",
    )
    add_settings(up)
    actions.add_parser("down", help="end the local cloud, and the jobs that it runs")
    status = actions.add_parser("status", help="show whether the local cloud is up, and what it does")
    status.add_argument("--export", action="store_true", help="print the variables that lead there, for eval")


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    state = state_dir()
    if args.local_action == "up":
        return _up(args, state)
    if args.local_action == "down":
        return _down(state)
    return _status(state, export=args.export)


def export_lines(variables: Mapping[str, str], environ: Mapping[str, str]) -> list[str]:
    """Write shell commands that lead to the cloud. Pure."""
    return [
        *(f"unset {name}" for name in sorted(misleading(environ))),
        *(f"export {name}={_quoted(value)}" for name, value in {**variables, **without_proxy(environ)}.items()),
    ]


def _quoted(value: str) -> str:
    """Quote a value for a shell, byte by byte where a terminal must not see it as it is."""
    import shlex

    if plain(value) == value:
        return shlex.quote(value)
    return "$'" + "".join(f"\\x{byte:02x}" for byte in os.fsencode(value)) + "'"


def _variables(record: CloudRecord, state: Path) -> dict[str, str]:
    return shell_variables(record.endpoint, record.access_key, record.region, state, record.runner, os.environ)


def _up(args: argparse.Namespace, state: Path) -> int:
    import signal

    from miniwdl_aws_local_cloud.cloud import LocalCloud
    from miniwdl_aws_local_cloud.up.server import serve

    def ready(record: CloudRecord) -> None:
        emit(*export_lines(_variables(record, state), os.environ))
        say(f"the local cloud of {state} is up; Ctrl-C ends it and its jobs")

    faults = read_faults(args.faults)
    cloud = LocalCloud(state, settings_of(args), faults, links=dict(args.link), port=args.port, lock_patience=0.5)
    with cloud:
        before = signal.signal(signal.SIGTERM, lambda *_: cloud.stop_requested.set())
        try:
            serve(cloud, 0, ready)
        except KeyboardInterrupt:
            say("ending the local cloud and its jobs")
        finally:
            signal.signal(signal.SIGTERM, before)
    return ExitCode.OK


def _down(state: Path) -> int:
    from miniwdl_aws_local_cloud.up.detached import stop

    record = stop(state)
    emit(f"ended the local cloud of {state}" if record else f"no local cloud is up in {state}")
    return ExitCode.OK


def _status(state: Path, *, export: bool) -> int:
    from miniwdl_aws_local_cloud.up.detached import find

    record = find(state)
    if record is None:
        say(f"no local cloud is up in {state}")
        return ExitCode.FAILED
    if export:
        emit(*export_lines(_variables(record, state), os.environ))
        return ExitCode.OK
    status = record.ask("GET", "status")
    emit(
        f"up at {record.endpoint}, process {record.pid}, version {record.version}, runner {record.runner}",
        f"jobs: {status['unfinished']} waiting or running, {status['jobs'] - status['unfinished']} ended",
        f"objects of S3: {state / 's3'}",
        f"file system: {state / 'fsx'}",
        f"log: {state / 'logs' / 'server.log'}",
        'to look with AWS clients: eval "$(miniwdl-aws local status --export)"',
    )
    return ExitCode.OK
