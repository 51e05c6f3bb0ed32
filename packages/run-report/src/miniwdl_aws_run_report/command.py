"""``miniwdl-aws report``: what a run did, what it cost, and what it could do with less."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["configure", "run"]

FORMATS = ("html", "tsv", "json", "ro-crate")


def configure(parser: ArgumentParser) -> None:
    """Add which run, and how to show it."""
    parser.add_argument(
        "run",
        nargs="+",
        metavar="RUN",
        help="a run directory of miniwdl's, an s3:// folder of results, or on AWS Batch a job id, the unique beginning "
        "of one, a run's name, or `last`; several with --right-size",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="a page, a table with a line for each try, a document, or RO-Crate metadata for archives; default: html",
    )
    parser.add_argument(
        "--out", metavar="FILE", help="where to write it; - for standard output, which is the default of all but html"
    )
    parser.add_argument("--open", action="store_true", help="show the page in a browser")
    parser.add_argument(
        "--compare",
        metavar="RUN2",
        help="print both runs side by side, as a table of text, or by --format html or json",
    )
    parser.add_argument("--no-prices", action="store_true", help="don't ask AWS what instances cost")
    parser.add_argument(
        "--right-size",
        action="store_true",
        help="print the first run's inputs, for -i, with the memory and vCPUs that tasks would do with",
    )


def run(args: Namespace) -> int:
    """Write the report."""
    from miniwdl_aws_run_report.reporting import report

    return report(args)
