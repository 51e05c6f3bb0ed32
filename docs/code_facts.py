"""What the documentation repeats of the code: hooks, types, plugins, exit codes."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_hooks.guarding.guard import policy_of
from miniwdl_aws_hooks.markers import PROJECT_NAME
from miniwdl_aws_hooks.specs import Specs

ROOT = Path(__file__).resolve().parent.parent
HOOKS = ROOT / "packages/hooks/src/miniwdl_aws_hooks"
SLOT = re.compile(
    r"(?ms)^(?::(param \w+|return):|(Collection|Raises|Example):|\.\. (versionadded)::)\s*(.*?)(?=^[:.A-Z]|\Z)"
)


@dataclass(frozen=True)
class Hook:
    """A hook's specification, taken apart into the slots of its docstring."""

    name: str
    signature: str
    """As it is written in the specification, without ``self``."""
    summary: str
    called: str
    slots: dict[str, str]
    """What stands after ``:param x:`` and ``:return:``, ``Collection``, ``Raises``, ``Example``, ``versionadded``."""


@dataclass(frozen=True)
class Implementation:
    """A hook function of a plugin in this repository."""

    hook: str
    distribution: str
    summary: str
    options: str
    """Arguments of the marker, such as ``trylast=True``; empty for a plain one."""


def one_line(text: str) -> str:
    """Join a docstring's paragraph, with Markdown's code marks instead of reStructuredText's."""
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text)
    return " ".join(text.replace("``", "`").split())


@lru_cache
def hooks() -> tuple[Hook, ...]:
    """List every hook in the order of the specifications."""
    return tuple(_hook(name, function) for name, function in vars(Specs).items() if name.startswith(PROJECT_NAME + "_"))


def _hook(name: str, function: object) -> Hook:
    signature = inspect.signature(function)  # type: ignore[arg-type]
    parameters = [value for key, value in signature.parameters.items() if key != "self"]
    arguments = ", ".join(f"{value.name}: {value.annotation}" for value in parameters)
    summary, called, rest = inspect.getdoc(function).split("\n\n", 2)  # type: ignore[union-attr]
    pattern = (
        r"(?ms)^(?::(param \w+|return):|(Collection|Raises|Example):|\.\. (versionadded)::)\s*(.*?)(?=^[:.A-Z]|\Z)"
    )
    slots = {"".join(found[:3]): one_line(found[3]) for found in re.findall(pattern, rest)}
    text = f"{name}({arguments}) -> {signature.return_annotation}"
    return Hook(name, text, one_line(summary), one_line(called), slots)


def is_firstresult(hook: Hook) -> bool:
    """Tell whether the first plugin with an answer ends the call."""
    return bool(getattr(getattr(Specs, hook.name), f"{PROJECT_NAME}_spec")["firstresult"])


@lru_cache
def implementations() -> tuple[Implementation, ...]:
    """List the hook functions of all plugins here: those of the packages, then those of the examples."""
    found = []
    for pattern in ("packages/*/pyproject.toml", "examples/plugins/*/pyproject.toml"):
        for project in sorted(ROOT.glob(pattern)):
            distribution = re.search(r'(?m)^name = "(.+)"$', project.read_text())[1]  # type: ignore[index]
            for source in sorted(project.parent.glob("src/*/plugin.py")):
                found += [_implementation(distribution, function) for function in _marked_functions(source)]
    return tuple(found)


def _marked_functions(source: Path) -> list[ast.FunctionDef]:
    return [
        node
        for node in ast.parse(source.read_text()).body
        if isinstance(node, ast.FunctionDef) and any("hookimpl" in ast.unparse(item) for item in node.decorator_list)
    ]


def _implementation(distribution: str, function: ast.FunctionDef) -> Implementation:
    paragraph = (ast.get_docstring(function) or "").split("\n\n")[0]
    marker = next(ast.unparse(item) for item in function.decorator_list if "hookimpl" in ast.unparse(item))
    options = marker.partition("(")[2].removesuffix(")")
    return Implementation(function.name, distribution, one_line(paragraph), options)


def what_follows_an_error(hook: Hook) -> str:
    """Say what an error of a plugin does, or an answer that isn't what the specification declares."""
    return inspect.getdoc(policy_of(getattr(Specs, hook.name))) or ""


def callers(hook_name: str) -> list[str]:
    """List the distributions of packages/ whose code calls a hook."""
    call = re.compile(rf"\.{hook_name}\b")
    return sorted(
        f"miniwdl-aws-{package.name}"
        for package in ROOT.glob("packages/*")
        if any(call.search(source.read_text()) for source in package.glob("src/**/*.py"))
    )


@lru_cache
def type_definitions() -> tuple[ast.ClassDef, ...]:
    """List the plain types that travel through the hooks, by name."""
    modules = HOOKS.glob("types/[!_]*.py")
    found = (node for module in modules for node in ast.parse(module.read_text()).body)
    return tuple(sorted((node for node in found if isinstance(node, ast.ClassDef)), key=lambda node: node.name))


def members(definition: ast.ClassDef) -> list[tuple[str, str, str, str]]:
    """List name, type, default and meaning of a class's attributes, with the docstrings under them."""
    rows: list[tuple[str, str, str, str]] = []
    for node in definition.body:
        if isinstance(node, ast.AnnAssign):
            rows.append((ast.unparse(node.target), ast.unparse(node.annotation), _default(node.value), ""))
        elif isinstance(node, ast.Assign):
            rows.append((ast.unparse(node.targets[0]), "", ast.unparse(node.value), ""))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and rows:
            rows[-1] = (*rows[-1][:3], one_line(str(node.value.value)))
    return rows


def _default(value: ast.expr | None) -> str:
    if value is None:
        return ""
    if isinstance(value, ast.Call):
        return {"dict": "{}", "list": "[]", "tuple": "()"}.get(ast.unparse(value.keywords[0].value), "")
    return "" if isinstance(value, ast.Lambda) else ast.unparse(value)


def exit_codes() -> list[tuple[int, str, str]]:
    """List value, name and meaning of every exit code."""
    tree = ast.parse((HOOKS / "exit_codes.py").read_text())
    definition = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    meanings = {name: meaning for name, _, _, meaning in members(definition)}
    return [(code.value, code.name, meanings[code.name] or "Success.") for code in ExitCode]
