"""
Files that a WDL names by URI as values of its own: ``File ref = "s3://lab/ref.fa"``. Pure.

Only what every run reads is found: what is written as a text, outside conditional sections and scatters, which may have
no elements, and where no input takes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from WDL import Expr, Tree, Type

from miniwdl_aws_hooks.types import RemoteInput
from miniwdl_aws_submit_cli.submit.fetching.addresses import URI

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["named_by_wdl"]


def named_by_wdl(target: Tree.Workflow | Tree.Task, given: Collection[str], path: str = "") -> Iterator[RemoteInput]:
    """
    Find the files.

    :param given: names of inputs that have values, those of calls among them (``align.ref``).
    :param path: of the call, with a dot at its end.
    """
    nodes = [*(target.inputs or ()), *(target.postinputs if isinstance(target, Tree.Task) else target.body)]
    for node in nodes:
        if isinstance(node, Tree.Decl) and node.name not in given:
            yield from _written(node.type, node.expr, path + node.name)
        elif isinstance(node, Tree.Call):
            yield from _of_call(node, given, f"{path}{node.name}.")


def _of_call(call: Tree.Call, given: Collection[str], path: str) -> Iterator[RemoteInput]:
    callee, inner = call.callee, f"{call.name}."
    assert isinstance(callee, (Tree.Task, Tree.Workflow))  # noqa: S101 - for the type checker: it was resolved
    replaced = {name.removeprefix(inner) for name in given if name.startswith(inner)}
    for name, expr in call.inputs.items():  # which no input can replace
        yield from _written(callee.available_inputs[name].type, expr, path + name)
    yield from named_by_wdl(callee, {*replaced, *call.inputs}, path)


def _written(declared: Type.Base, expr: Expr.Base | None, name: str) -> Iterator[RemoteInput]:
    if isinstance(declared, Type.Array) and isinstance(expr, Expr.Array):
        for item in expr.items:
            yield from _written(declared.item_type, item, name)
    elif isinstance(declared, (Type.File, Type.Directory)) and isinstance(expr, Expr.String) and expr.literal:
        text = expr.literal.value
        if URI.match(text):
            yield RemoteInput(text, name, isinstance(declared, Type.Directory))
