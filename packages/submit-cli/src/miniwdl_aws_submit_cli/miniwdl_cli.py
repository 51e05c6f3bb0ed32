"""
The functions of miniwdl's command line that are used here, with types.

They have no annotations and no promise of stability, so this is the only module that touches them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import WDL.CLI

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from WDL.Env import Bindings
    from WDL.Tree import Document, Task, Workflow
    from WDL.Type import Base as Type
    from WDL.Value import Base as Value

__all__ = ["check_value", "fill_run_parser", "find_target", "read_inputs", "source_reader"]

_cli: Any = WDL.CLI


def fill_run_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Make the parser of ``miniwdl run`` under the given subparsers."""
    parser: argparse.ArgumentParser = _cli.fill_run_subparser(subparsers)
    _cli.fill_common(parser)
    return parser


def source_reader(no_outside_imports: bool) -> Any:
    """Make the function by which ``WDL.load`` reads files and http(s) URLs."""
    return _cli.make_read_source(no_outside_imports)


def find_target(document: Document, task: str | None) -> Workflow | Task:
    """Find the workflow or task to run, as ``--task`` and the document say."""
    target: Workflow | Task = _cli.runner_exe(document, task)
    return target


def read_inputs(
    document: Document,
    words: Sequence[str],
    input_file: str | None,
    empty: Sequence[str],
    none: Sequence[str],
    *,
    task: str | None,
    check_required: bool,
    seen_by_job: Callable[[str], bool],
) -> Bindings[Value]:
    """
    Read and check all inputs; local paths become absolute.

    :param seen_by_job: whether a path or URI is the job's business, and not looked for here.
    """
    _target, env, _json = _cli.runner_input(
        document,
        list(words),
        input_file,
        list(empty),
        list(none),
        task=task,
        check_required=check_required,
        downloadable=lambda path, _directory: seen_by_job(path),
    )
    bindings: Bindings[Value] = env
    return bindings


def check_value(text: str, declared: Type) -> None:
    """
    Read one value from the command line, without looking for files.

    :raises ValueError: when a number is none.
    """
    _cli.runner_input_value(text, declared, lambda _path, _directory: True, "/")
