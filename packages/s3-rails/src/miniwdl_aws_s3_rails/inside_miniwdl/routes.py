"""
Finds out, from a workflow's source, which outputs of its calls become outputs of its own, and under which names.

miniwdl lays out the ``out/`` of a call and that of the workflow by the same rules (its function ``link_outputs``), so
what lies at ``OUTPUT/REST`` for a call lies at ``WORKFLOW_OUTPUT/INDEX/.../REST`` for the workflow, with one index for
each scatter around the call. This holds where an output is the call's output itself, or a name given to it beside the
call, and of the same type. Others (``select_first``, elements of arrays, literals) can't be told before the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from WDL import Expr, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from WDL import Type

    Section = Tree.Workflow | Tree.WorkflowSection

__all__ = ["Route", "find_routes", "indices_of", "split_call_id"]


QUANTIFIERS = re.compile("[?+]")


@dataclass(frozen=True)
class Route:
    """An output of a call that is an output of the workflow."""

    call_output: str
    workflow_output: str
    depth: int
    """Number of scatters around the call."""


def find_routes(workflow: Tree.Workflow) -> dict[str, list[Route]]:
    """Find the routes of a workflow, by name of the call."""
    routes: dict[str, list[Route]] = {}
    if workflow.outputs is None:  # without an output section, the outputs of all calls are the workflow's
        for node, _ in _nodes(workflow):
            if isinstance(node, Tree.Call):
                names = [output.name for output in node.effective_outputs]
                routes[node.name] = [Route(name.rpartition(".")[2], name, node.scatter_depth) for name in names]
        return routes
    sections = {node.workflow_node_id: section for node, section in _nodes(workflow)}
    for output in workflow.outputs:
        found = _reference(output.expr, output.type)
        if found and isinstance(found.node, Tree.Gather):
            found = _Reference(found.name, found.node.final_referee)
        while found and isinstance(found.node, Tree.Decl):
            found = _alias(found.node, sections)
        if found and isinstance(found.node, Tree.Call):
            route = Route(found.name, output.name, found.node.scatter_depth)
            routes.setdefault(found.node.name, []).append(route)
    return routes


def _nodes(section: Section) -> Iterator[tuple[Tree.WorkflowNode, Section]]:
    """Go through all nodes; tells in which section each stands."""
    for node in section.body:
        yield node, section
        if isinstance(node, Tree.WorkflowSection):
            yield from _nodes(node)


def _alias(declaration: Tree.Decl, sections: Mapping[str, Section]) -> _Reference | None:
    """
    Follow a declaration to what it is another name for.

    Only where both stand in the same section: a condition between them may leave one of them out.
    """
    found = _reference(declaration.expr, declaration.type)
    if found is None:
        return None
    section = sections.get(declaration.workflow_node_id)
    return found if section is not None and sections.get(found.node.workflow_node_id) is section else None


@dataclass(frozen=True)
class _Reference:
    """What a plain name stands for: a declaration, a call's output, or what a section gathers of these."""

    name: str
    node: Tree.Decl | Tree.Call | Tree.Gather


def _reference(expr: Expr.Base | None, declared: Type.Base) -> _Reference | None:
    """Read an expression that is a plain name, and no more."""
    if not isinstance(expr, Expr.Get) or expr.member is not None or not isinstance(expr.expr, Expr.Ident):
        return None
    referee = expr.expr.referee
    if not _same(expr.type, declared) or not isinstance(referee, (Tree.Decl, Tree.Call, Tree.Gather)):
        return None
    return _Reference(expr.expr.name.rpartition(".")[2], referee)


def _same(one: Type.Base | None, other: Type.Base) -> bool:
    """Whether two types are laid out alike: that a value may be missing, or must not be empty, makes no difference."""
    return one is not None and QUANTIFIERS.sub("", str(one)) == QUANTIFIERS.sub("", str(other))


def split_call_id(run_id: str) -> tuple[str, tuple[str, ...]]:
    """Take miniwdl's id of a call apart: ``call-align-03-chr4`` is call ``align`` with ``03`` and ``chr4``."""
    parts = run_id.split("-")
    return (parts[1], tuple(parts[2:])) if parts[0] == "call" and len(parts) > 1 else ("", ())


def indices_of(suffixes: Sequence[str], depth: int) -> tuple[str, ...] | None:
    """
    Find the indices among what follows a call's name in its id: each may have a tag behind it.

    :return: ``None`` when it can't be told which is which.
    """
    if depth == len(suffixes):
        return tuple(suffixes)
    if depth == 1 or 2 * depth == len(suffixes):
        return tuple(suffixes[::2])
    return None
