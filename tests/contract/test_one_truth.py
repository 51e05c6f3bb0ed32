"""What two parts would have to agree on is written once."""

import ast

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
