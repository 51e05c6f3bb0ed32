"""
Files beside a WDL that it names by itself: ``File names = "data/names.txt"``, as of WDL 1.2.

miniwdl takes such a path from the folder of the WDL file in which it stands, be that an import. What is written there
as a text is found here, and travels with the WDL; a path that is worked out is not.
https://github.com/openwdl/wdl/blob/wdl-1.2/SPEC.md#input-and-output-declarations
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from WDL import Expr, Tree, Type

from miniwdl_aws_submit_cli.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from WDL.Error import SourceNode

__all__ = ["find_source_files"]

BEFORE = frozenset({"draft-2", "1.0", "1.1"})
"""Versions of WDL in which such a path means nothing."""

MAX_SIZE = 2**30
"""Bytes of all of them: they travel anew with each version of the WDL."""


def find_source_files(document: Tree.Document) -> list[str]:
    """
    Find the files and folders that a WDL and its imports name relative to themselves.

    :return: absolute paths; what does not exist is left for miniwdl to complain of, or to take for a missing optional.
    :raises WorkflowError: when they are too much to travel with a WDL.
    """
    found = dict.fromkeys(path for source in _documents(document) for path in _files_of(source))
    size = sum(file.stat().st_size for path in found for file in _within(Path(path)))
    if size > MAX_SIZE:
        raise WorkflowError(
            f"the files that {document.pos.uri} names beside itself have more than {MAX_SIZE >> 30} GiB",
            hint=f"make inputs of them: {', '.join(list(found)[:3])}",
        )
    return list(found)


def _documents(document: Tree.Document) -> Iterator[Tree.Document]:
    yield document
    for imported in document.imports:
        if imported.doc:
            yield from _documents(imported.doc)


def _files_of(document: Tree.Document) -> Iterator[str]:
    if document.effective_wdl_version in BEFORE or not document.source_dir:
        return
    nodes: list[SourceNode] = [node for task in document.tasks for node in [*(task.inputs or []), *task.postinputs]]
    nodes += [document.workflow] if document.workflow else []
    for text in dict.fromkeys(text for node in nodes for text in _paths_in(node)):
        path = os.path.normpath(os.path.join(document.source_dir, text))  # noqa: PTH118 - as miniwdl does it
        if "://" not in text and not text.startswith("/") and Path(path).exists():
            yield path


def _paths_in(node: SourceNode) -> Iterator[str]:
    """List the texts where a File or Directory is meant, in declarations, inputs of calls, and what reads a file."""
    if isinstance(node, Tree.Decl) and node.expr and _holds_paths(node.type):
        yield from _literals(node.expr)
    elif isinstance(node, Tree.Call) and node.callee:
        for name, expr in node.inputs.items():
            if _holds_paths(node.callee.available_inputs[name].type):
                yield from _literals(expr)
    elif isinstance(node, Expr.Apply) and (node.function_name.startswith("read_") or node.function_name == "size"):
        yield from _literals(node)
    for child in node.children:
        yield from _paths_in(child)


def _literals(expr: SourceNode) -> Iterator[str]:
    if isinstance(expr, Expr.String) and expr.literal:
        yield expr.literal.value
    for child in expr.children:
        if isinstance(child, Expr.Base):
            yield from _literals(child)


def _holds_paths(declared: Type.Base) -> bool:
    inner = [*declared.parameters]
    if isinstance(declared, Type.StructInstance):
        inner += (declared.members or {}).values()
    return isinstance(declared, (Type.File, Type.Directory)) or any(_holds_paths(item) for item in inner)


def _within(path: Path) -> Iterator[Path]:
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file():
            yield file
