"""``python -m miniwdl_aws_run_report``: the report without the other commands of ``miniwdl-aws``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from miniwdl_aws_core.command import Parser, run_command
from miniwdl_aws_run_report.command import configure, run

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "miniwdl_aws_run_report"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(PROGRAM, _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = Parser(prog=PROGRAM, description=__doc__)
    configure(parser)
    return run(parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
