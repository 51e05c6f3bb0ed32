"""
What the tasks of a workflow will ask for, as far as it can be told without running anything.

The workflow is walked as miniwdl's runner walks it (``WDL.runtime.workflow``, ``WDL.runtime.task``), with the inputs
that are given. Whatever depends on what only a run finds out, as an output of a call, stays unknown, and the reason is
kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from WDL import Env, Error, Expr, StdLib, Tree, Type, Value

from miniwdl_aws_hooks.types import TaskNeeds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from WDL.Env import Bindings

__all__ = ["find_needs"]

MOST_ELEMENTS = 10_000
"""Elements of scatters that are looked at one by one; what depends on an element of further ones stays unknown."""
OVERRIDES = ("runtime", "requirements")
"""Namespaces by which inputs replace what a task's own section says."""


class _NotYetError(Exception):
    """A function would need what only a run has; the text says what."""


class _Functions(StdLib.Base):
    """WDL's functions, of which those that touch files look at files of this machine only, and only at inputs."""

    def __init__(self, version: str, readable: Collection[str]) -> None:
        self._readable = readable
        super().__init__(version)

    def _devirtualize_filename(self, filename: str) -> str:
        if filename.rstrip("/") not in self._readable:
            raise _NotYetError(f"the size or content of {filename}, which is not looked at here")
        return filename

    def _write(self, _serialize: Any) -> Callable[..., Value.File]:
        def write(*_arguments: Any) -> Value.File:
            raise _NotYetError("a file that a run writes")

        return write


@dataclass
class _Scope:
    """Names that expressions may use."""

    values: Bindings[Value.Base] = field(default_factory=Env.Bindings)
    unknown: dict[str, str] = field(default_factory=dict)
    """Those without a value, with what they depend on."""

    def copy(self) -> _Scope:
        return _Scope(self.values, dict(self.unknown))

    def bind(self, name: str, value: Value.Base | str) -> None:
        """Give a name its value, or the reason why it has none."""
        if isinstance(value, str):
            self.unknown[name] = value
        else:
            self.unknown.pop(name, None)
            self.values = self.values.bind(name, value)

    def get(self, name: str) -> Value.Base | str:
        return self.unknown[name] if name in self.unknown else self.values[name]


def find_needs(
    target: Tree.Workflow | Tree.Task, inputs: Bindings[Value.Base], readable: Collection[str]
) -> list[TaskNeeds]:
    """
    Find the calls of tasks, and evaluate their runtime sections.

    :param inputs: those that are given, which need not be all.
    :param readable: paths of this machine whose size and content may be looked at.
    :return: equal calls once; calls that an input switches off are missing.
    """
    walk = _Walk(readable)
    if isinstance(target, Tree.Task):
        walk.task(target, target.name, _Scope(inputs))
    else:
        walk.workflow(target, "", _Scope(inputs))
    return list({(needs.call, repr(needs)): needs for needs in walk.found}.values())


class _Walk:
    def __init__(self, readable: Collection[str]) -> None:
        self._readable = readable
        self._functions: dict[str, _Functions] = {}
        self._elements_left = MOST_ELEMENTS
        self.found: list[TaskNeeds] = []

    def workflow(self, workflow: Tree.Workflow, path: str, given: _Scope) -> None:
        """Walk a workflow; ``given`` are its inputs, those of its calls by their names among them."""
        scope = _Scope()
        nodes = [*(workflow.inputs or ()), *workflow.body]
        self._body(nodes, scope, given, path, self._library(workflow.effective_wdl_version))

    def task(self, task: Tree.Task, path: str, given: _Scope) -> None:
        """Evaluate a task's declarations, then its runtime section."""
        functions, scope = self._library(task.effective_wdl_version), _Scope()
        self._body([*(task.inputs or ()), *task.postinputs], scope, given, path, functions)
        runtime: dict[str, Any] = {}
        unknown: dict[str, str] = {}
        found = {key: _evaluate(expr, scope, functions) for key, expr in task.runtime.items()}
        for name in OVERRIDES:
            found.update({binding.name: binding.value for binding in given.values.enter_namespace(name)})
        for key, value in found.items():
            if isinstance(value, str):
                unknown[key] = value
            else:
                runtime[key] = value.json
        self.found.append(TaskNeeds(path, task.name, runtime, unknown))

    def _library(self, version: str) -> _Functions:
        if version not in self._functions:
            self._functions[version] = _Functions(version, self._readable)
        return self._functions[version]

    def _body(
        self, nodes: Sequence[Tree.WorkflowNode], scope: _Scope, given: _Scope, path: str, functions: _Functions
    ) -> None:
        for node in _in_order(nodes):
            if isinstance(node, Tree.Decl):
                scope.bind(node.name, _declared(node, scope, given, functions))
            elif isinstance(node, Tree.Call):
                self._call(node, scope, given, path, functions)
            elif isinstance(node, Tree.Conditional):
                self._conditional(node, scope, given, path, functions)
            elif isinstance(node, Tree.Scatter):
                self._scatter(node, scope, given, path, functions)

    def _call(self, call: Tree.Call, scope: _Scope, given: _Scope, path: str, functions: _Functions) -> None:
        callee = call.callee
        assert isinstance(callee, (Tree.Task, Tree.Workflow))  # noqa: S101 - for the type checker: it was resolved
        passed = _Scope(given.values.enter_namespace(call.name))
        for name, expr in call.inputs.items():
            if name not in passed.values:
                passed.bind(name, _evaluate(expr, scope, functions))
        inner = f"{path}.{call.name}" if path else call.name
        if isinstance(callee, Tree.Task):
            self.task(callee, inner, passed)
        else:
            self.workflow(callee, inner, passed)
        for binding in callee.effective_outputs:
            scope.bind(f"{call.name}.{binding.name}", f"an output of call {inner}")

    def _conditional(
        self, section: Tree.Conditional, scope: _Scope, given: _Scope, path: str, functions: _Functions
    ) -> None:
        condition = _evaluate(section.expr, scope, functions)
        inner = scope.copy()
        if isinstance(condition, str) or condition.value:
            self._body(section.body, inner, given, path, functions)
        for name in _provided(section.body):
            if isinstance(condition, str):
                scope.bind(name, condition)
            else:
                scope.bind(name, inner.get(name) if condition.value else Value.Null())

    def _scatter(self, section: Tree.Scatter, scope: _Scope, given: _Scope, path: str, functions: _Functions) -> None:
        array = _evaluate(section.expr, scope, functions)
        if not isinstance(array, str):
            self._elements_left -= len(array.value)
            if self._elements_left < 0:
                array = f"an element of a scatter over {len(array.value)}, which are more than are looked at here"
        elements: Sequence[Value.Base | str] = [array] if isinstance(array, str) else array.value
        passes = []
        for element in elements:
            inner = scope.copy()
            inner.bind(section.variable, element)
            self._body(section.body, inner, given, path, functions)
            passes.append(inner)
        for name, item_type in _provided(section.body).items():
            gathered = [inner.get(name) for inner in passes]
            reason = array if isinstance(array, str) else next((it for it in gathered if isinstance(it, str)), None)
            scope.bind(name, reason or Value.Array(item_type, [it for it in gathered if isinstance(it, Value.Base)]))


def _declared(decl: Tree.Decl, scope: _Scope, given: _Scope, functions: _Functions) -> Value.Base | str:
    """Take the value of a declaration from the inputs, else evaluate it."""
    if decl.name in given.unknown:
        return given.unknown[decl.name]
    value = given.values.get(decl.name, None)
    # As in miniwdl: None stands for the default, where the declaration doesn't allow None.
    if value is not None and not (isinstance(value, Value.Null) and decl.expr and not decl.type.optional):
        return _coerced(value, decl)
    if decl.expr:
        found = _evaluate(decl.expr, scope, functions)
        return found if isinstance(found, str) else _coerced(found, decl)
    return Value.Null() if decl.type.optional else f"the input {decl.name}, which is not given"


def _coerced(value: Value.Base, decl: Tree.Decl) -> Value.Base | str:
    try:
        return value.coerce(decl.type)
    except (Error.RuntimeError, Error.InputError, ValueError) as exc:
        return f"{decl.name}, whose value is no {decl.type} ({exc})"


def _evaluate(expr: Expr.Base, scope: _Scope, functions: _Functions) -> Value.Base | str:
    """Evaluate an expression; where that can't be done before a run, say what it depends on."""
    try:
        return expr.eval(scope.values, functions)
    except Error.RuntimeError as exc:
        cause: BaseException | None = exc
        while cause is not None:
            if isinstance(cause, _NotYetError):
                return str(cause)
            cause = cause.__cause__
        # The name at which it failed where miniwdl tells, else the first one: not all names of an expression are used.
        node = getattr(exc, "node", None)
        for name in (*(_names(node) if isinstance(node, Expr.Ident) else ()), *_names(expr)):
            if name in scope.unknown:
                return scope.unknown[name]
        return f"`{expr}`, which can't be evaluated here ({exc})"


def _names(node: Error.SourceNode) -> Iterator[str]:
    """List the names that expressions in a node use."""
    if isinstance(node, Expr.Ident):
        yield node.name
    for child in node.children:
        yield from _names(child)


def _provided(nodes: Iterable[Tree.WorkflowNode]) -> dict[str, Type.Base]:
    """List the names that nodes define for others, with the types that they have there."""
    found: dict[str, Type.Base] = {}
    for node in nodes:
        if isinstance(node, Tree.Decl):
            found[node.name] = node.type
        elif isinstance(node, Tree.Call):
            assert node.callee is not None  # noqa: S101 - for the type checker: it was resolved
            found.update({f"{node.name}.{item.name}": item.value for item in node.callee.effective_outputs})
        elif isinstance(node, Tree.WorkflowSection):
            gathered = isinstance(node, Tree.Scatter)
            inner = _provided(node.body)
            found.update({name: Type.Array(it) if gathered else it.copy(optional=True) for name, it in inner.items()})
    return found


def _in_order(nodes: Sequence[Tree.WorkflowNode]) -> list[Tree.WorkflowNode]:
    """Put nodes behind those whose names they use: WDL doesn't ask for any order."""
    makers = {name: index for index, node in enumerate(nodes) for name in _provided([node])}
    uses = {
        index: {makers[name] for name in _names(node) if name in makers} - {index} for index, node in enumerate(nodes)
    }
    return [nodes[index] for index in TopologicalSorter(uses).static_order()]
