"""
The functions of miniwdl's command line that are used here, with types.

They have no annotations and no promise of stability, so this is the only module that touches them.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import WDL.CLI
from WDL import resolve_file_import
from WDL.Tree import ReadSourceResult

from miniwdl_aws_core.options.json_text import is_too_deep
from miniwdl_aws_hooks.discovery import find_points
from miniwdl_aws_submit_cli.submit.fetching.addresses import is_elsewhere, joined, on_web

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from WDL.Env import Bindings
    from WDL.Tree import Document, Task, Workflow
    from WDL.Type import Base as Type
    from WDL.Value import Base as Value

    from miniwdl_aws_submit_cli.submit.fetching.sources import Sources
    from miniwdl_aws_submit_cli.submit.source.source_archive import SourceArchive

__all__ = ["check_value", "download_schemes", "fill_run_parser", "find_target", "read_inputs", "source_reader"]

_cli: Any = WDL.CLI

DEEPEST_WDL = 300
"""Levels of brackets and braces."""


def fill_run_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Make the parser of ``miniwdl run`` under the given subparsers."""
    parser: argparse.ArgumentParser = _cli.fill_run_subparser(subparsers)
    _cli.fill_common(parser)
    return parser


def source_reader(
    no_outside_imports: bool, archive: SourceArchive | None, seen_by_job: Callable[[str], bool], sources: Sources
) -> Any:
    """
    Make the function by which ``WDL.load`` reads files, and what is named by URI.

    :param archive: where the WDL comes from, if not from a file. Nothing else on this machine is read then but what
        the job sees as well. The WDL itself is asked for by the name that error messages are to have for it.
    :param seen_by_job: whether a path is the same for the job.
    :param sources: reads what lies elsewhere.
    """
    read = _cli.make_read_source(no_outside_imports)

    async def read_source(uri: str, path: list[str], importer: Document | None) -> ReadSourceResult:
        if archive and not importer:
            uri = str(archive.folder / archive.main_wdl)
        elif importer and is_elsewhere(importer.pos.abspath):
            uri = joined(importer.pos.abspath, uri)
        elif archive and not on_web(uri):
            found = await resolve_file_import(uri, path, importer)
            if not archive.holds(found) and not seen_by_job(found):
                reason = f"it lies outside {archive.uri}, which must hold all that it imports"
                raise PermissionError(errno.EPERM, reason)
        result: ReadSourceResult = (
            ReadSourceResult(sources.wdl(uri), uri) if is_elsewhere(uri) else await read(uri, path, importer)
        )
        if all(line.lstrip().startswith("#") or not line.strip() for line in result.source_text.splitlines()):
            # miniwdl's parser gives such a document no position, and fails when it asks for it.
            raise OSError(errno.EINVAL, "there is no WDL in it")
        if is_too_deep(result.source_text, DEEPEST_WDL):
            # miniwdl's time for nested sections grows with the square of their number, and more.
            raise OSError(errno.EINVAL, f"it is nested more than {DEEPEST_WDL} levels deep")
        return result

    return read_source


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
) -> Bindings[Value]:
    """Read and check all inputs, but for their paths, which stay as written: miniwdl's messages name no input."""
    _target, env, _json = _cli.runner_input(
        document,
        list(words),
        input_file,
        list(empty),
        list(none),
        task=task,
        check_required=check_required,
        downloadable=lambda _path, _directory: True,
    )
    bindings: Bindings[Value] = env
    return bindings


def check_value(text: str, declared: Type) -> None:
    """
    Read one value from the command line, without looking for files.

    :raises ValueError: when a number is none.
    """
    _cli.runner_input_value(text, declared, lambda _path, _directory: True, "/")


def download_schemes(*, directory: bool) -> frozenset[str]:
    """
    Tell by which schemes a workflow job downloads files, or folders: miniwdl's, ours, and those of plugins here.

    Source: ``WDL.runtime.download._load``, which would import all the plugins.
    """
    group = "miniwdl.plugin." + ("directory_download" if directory else "file_download")
    own = ("s3",) if directory else ("s3", "https", "http", "ftp")
    return frozenset([*own, *(point.name for point in find_points(group))])
