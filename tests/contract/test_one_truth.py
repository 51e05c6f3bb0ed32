"""What two parts would have to agree on is written once."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = {"aws", "fsx", "s3_rails", "cwlogs"}
"""Sections of the configuration that are not miniwdl's own."""
VARIABLE = re.compile("MINIWDL__(AWS|FSX|S3_RAILS|CWLOGS)__[A-Z0-9_]+")
SWITCH_WORDS = {"true", "yes", "on", "false", "no", "off"}


@cache
def nodes_of(source: Path) -> list[ast.AST]:
    """All nodes of a module: to read and to walk through every module anew took each test a second."""
    return list(ast.walk(ast.parse(source.read_text())))


def texts_of(node):
    """Texts that an expression holds or compares with."""
    if isinstance(node, ast.Compare):
        parts = [part for item in node.comparators for part in getattr(item, "elts", [item])]
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        parts = node.elts
    elif isinstance(node, ast.Dict):
        parts = node.keys
    else:
        return set()
    return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def test_switches_are_read_in_one_place(root):
    readers = {
        source.relative_to(root).as_posix()
        for source in root.glob("packages/*/src/**/*.py")
        for node in nodes_of(source)
        if texts_of(node) & SWITCH_WORDS
    }
    assert readers == {"packages/core/src/miniwdl_aws_core/options/kinds.py"}


def test_options_are_read_and_set_by_their_declaration(root):
    """No part asks for an option by its name, or writes down the name of a variable other than in a sentence."""
    by_name = []
    for source in root.glob("packages/*/src/**/*.py"):
        for node in nodes_of(source):
            asked = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "get"
                and len(node.args) > 1
                and isinstance(node.args[0], ast.Constant)
                and node.args[0].value in OURS
            )
            named = isinstance(node, ast.Constant) and isinstance(node.value, str) and VARIABLE.fullmatch(node.value)
            if asked or named:
                by_name.append(f"{source.relative_to(root)}:{node.lineno}")
    assert by_name == []


PACKAGES = Path(__file__).parents[2] / "packages"
AWS_ITSELF = "local-cloud"
"""Plays AWS, and so must not share its mistakes with those that it answers."""

JOB_KEYS = (
    "attempts",
    "awslogs-group",
    "container",
    "exitCode",
    "isCancelled",
    "isTerminated",
    "startedAt",
    "stoppedAt",
)
"""Members of a JobDetail that nothing else in AWS's answers to us has."""
REQUEST_KEYS = ("containerOverrides", "containerProperties", "mountPoints")


def modules() -> dict[str, list[ast.AST]]:
    """Give every module's nodes, by its path below its package's ``src``."""
    files = [path for path in PACKAGES.glob("*/src/**/*.py") if AWS_ITSELF not in path.parts]
    return {"/".join(path.parts[path.parts.index("src") + 1 :]): nodes_of(path) for path in files}


def texts_read(nodes: list[ast.AST]) -> Iterator[str]:
    """Give the texts by which something is looked up: ``x["text"]`` and ``x.get("text")``."""
    for node in nodes:
        found: ast.expr | None = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            found = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            found = node.args[0] if node.args else None
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield found.value


def texts_named(nodes: list[ast.AST]) -> Iterator[str]:
    """Give the keys that dictionaries are written with, or that are read or set."""
    yield from texts_read(nodes)
    for node in nodes:
        keys: list[ast.expr | None] = []
        if isinstance(node, ast.Dict):
            keys = list(node.keys)
        elif isinstance(node, ast.Subscript):
            keys = [node.slice]
        yield from (key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


@pytest.fixture(scope="module")
def readers() -> dict[str, set[str]]:
    """Modules by the texts that they look up."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, nodes in modules().items():
        for text in texts_read(nodes):
            found[text].add(name)
    return found


@pytest.mark.parametrize("key", JOB_KEYS)
def test_one_module_reads_what_aws_tells_of_a_job(readers: dict[str, set[str]], key: str) -> None:
    assert readers[key] <= {"miniwdl_aws_core/batch/job.py"}


def test_that_module_is_where_it_was() -> None:
    texts = {node.value for node in modules()["miniwdl_aws_core/batch/job.py"] if isinstance(node, ast.Constant)}
    assert texts.issuperset(JOB_KEYS)


@pytest.mark.parametrize("key", REQUEST_KEYS)
def test_one_module_builds_each_part_of_a_request(key: str) -> None:
    builders = {name for name, nodes in modules().items() if key in texts_named(nodes)}
    assert len(builders) == 1
    assert builders.pop().startswith("miniwdl_aws_core/batch/")


@pytest.mark.parametrize("tag", ["miniwdl-call", "miniwdl-run-dir", "miniwdl-task", "miniwdl-try", "/aws/batch/job"])
def test_a_name_that_two_sides_know_stands_once(tag: str) -> None:
    """Prefixes of definitions and programs apart, which are texts of another meaning."""
    found = [
        name
        for name, nodes in modules().items()
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value == tag
    ]
    assert len(found) == 1


EDGE = "packages/core/src/miniwdl_aws_core/aws"
NAMES_OF_ERRORS = {"ClientError", "BotoCoreError", "ThrottlingException", "ExpiredToken", "AccessDenied"}


def sources(root):
    """Every module's path and nodes, but for those of local-cloud: it plays AWS."""
    for source in root.glob("packages/*/src/**/*.py"):
        path = source.relative_to(root).as_posix()
        if not path.startswith("packages/local-cloud/"):
            yield path, nodes_of(source)


def names_of(node):
    """Names that an expression, an import or a text says."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {node.module, *(alias.name for alias in node.names)}
    return {value for name in ("id", "attr", "value") if isinstance(value := getattr(node, name, None), str)}


def test_errors_of_aws_are_known_in_one_room(root):
    errors = {*NAMES_OF_ERRORS, "botocore.exceptions"}
    knowing = {path for path, nodes in sources(root) if any(names_of(node) & errors for node in nodes)}
    assert knowing == {f"{EDGE}/{name}.py" for name in ("codes", "errors", "surprises")}


def test_one_function_makes_errors_of_ours_of_those(root):
    functions = [
        node.name
        for path, nodes in sources(root)
        for node in nodes
        if path == f"{EDGE}/errors.py" and isinstance(node, ast.FunctionDef) and "ClientError" in {
            name for part in ast.walk(node) for name in names_of(part)
        }
    ]  # fmt: skip
    assert functions == ["error_of"]


def test_one_module_makes_clients(root):
    makers = {
        path
        for path, nodes in sources(root)
        for node in nodes
        if isinstance(node, ast.Attribute) and node.attr == "create_client"
    }
    assert makers == {f"{EDGE}/session.py"}
    assert not any("boto3" in names_of(node) for _, nodes in sources(root) for node in nodes)


def test_the_region_of_the_environment_is_read_in_one_place(root):
    saying = {
        path for path, nodes in sources(root) for node in nodes if names_of(node) & {"AWS_REGION", "AWS_DEFAULT_REGION"}
    }
    written = "packages/submit-cli/src/miniwdl_aws_submit_cli/submit/environment.py"
    assert saying == {f"{EDGE}/session.py", written}
