"""What two parts would have to agree on is written once."""

import ast
import re

OURS = {"aws", "fsx", "s3_rails", "cwlogs"}
"""Sections of the configuration that are not miniwdl's own."""
VARIABLE = re.compile("MINIWDL__(AWS|FSX|S3_RAILS|CWLOGS)__[A-Z0-9_]+")
SWITCH_WORDS = {"true", "yes", "on", "false", "no", "off"}


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
        for node in ast.walk(ast.parse(source.read_text()))
        if texts_of(node) & SWITCH_WORDS
    }
    assert readers == {"packages/core/src/miniwdl_aws_core/options/kinds.py"}


def test_options_are_read_and_set_by_their_declaration(root):
    """No part asks for an option by its name, or writes down the name of a variable other than in a sentence."""
    by_name = []
    for source in root.glob("packages/*/src/**/*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
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
