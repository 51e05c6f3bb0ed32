"""
Keep what the documentation repeats from the code in step with it.

Blocks between ``<!-- generated: NAME -->`` and ``<!-- end -->`` are written from the code:
``python docs/generate.py`` lists those that are out of date, ``--write`` brings them up to date.

What commands print in a run is written into the how-to pages by ``docs/runs.py``.
"""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING

import code_facts as facts
import commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

BLOCK = re.compile(r"(?ms)^(<!-- generated: ([\w-]+)(?: ([\w.-]+))? -->\n)(.*?)(^<!-- end -->$)")


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = [heading, ["---"] * len(heading), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def hook_block(name: str) -> str:
    """Say of a hook what its specification says, and who calls and implements it here."""
    hook = next(hook for hook in facts.hooks() if hook.name == name)
    parameters = {key.removeprefix("param "): text for key, text in hook.slots.items() if key.startswith("param ")}
    types = [node.name for node in facts.type_definitions() if re.search(rf"\b{node.name}\b", hook.signature)]
    rows = [
        ("When", hook.called),
        *((f"`{key}`", text) for key, text in parameters.items()),
        ("Returns", hook.slots["return"]),
        ("Collection", ("`firstresult`: " if facts.is_firstresult(hook) else "") + hook.slots["Collection"]),
        ("May raise", hook.slots["Raises"]),
        ("Types", ", ".join(f"[`{name}`](../types.md#{name.lower()})" for name in types)),
        ("Called by", ", ".join(facts.callers(name))),
        ("Since", hook.slots["versionadded"]),
    ]
    implementations = [
        (item.distribution, item.summary, f"`{item.options}`" if item.options else "")
        for item in facts.implementations()
        if item.hook == name
    ]
    text = f"{hook.summary}\n\n{table(('', ''), rows)}\n"
    return f"{text}Implemented in this repository by:\n\n{table(('part', 'what it does', 'order'), implementations)}"


def hooks_block() -> str:
    """List all hooks with a link to each page."""
    rows = [
        (
            f"[`{hook.name}`]({hook.name}.md)",
            hook.summary,
            "first answer" if facts.is_firstresult(hook) else "all answers",
            ", ".join(item.removeprefix("miniwdl-aws-") for item in facts.callers(hook.name)),
        )
        for hook in facts.hooks()
    ]
    return table(("hook", "what for", "collection", "called by"), rows)


def types_block() -> str:
    """Describe the plain types that travel through the hooks."""
    return "\n".join(_type(node) for node in facts.type_definitions())


def _type(node: ast.ClassDef) -> str:
    description = facts.one_line((ast.get_docstring(node) or "").split("\n\n")[0])
    enumeration = any("Enum" in ast.unparse(base) for base in node.bases)
    if enumeration:
        rows = [(f"`{node.name}.{name}`", f"`{value}`", text) for name, _, value, text in facts.members(node)]
        heading = ("member", "value", "")
    else:
        rows = [
            (f"`{name}`", f"`{kind}`" + (f" = `{default}`" if default else ""), text)
            for name, kind, default, text in facts.members(node)
        ]
        heading = ("field", "type", "")
    return f"## {node.name}\n\n{description}\n\n{table(heading, rows)}"


def exit_codes_block() -> str:
    """List the exit codes of ``ExitCode``."""
    return table(
        ("code", "name", "meaning"), ((str(code), f"`{name}`", text) for code, name, text in facts.exit_codes())
    )


def configuration_block() -> str:
    """List the options of miniwdl_aws.cfg with their presets, by section."""
    lines: list[str] = []
    heading = ("option", "preset", "meaning")
    for section, options in facts.configuration().items():
        lines.append(f"## [{section}]\n")
        rows: list[tuple[str, str, str]] = []
        for option in options:
            if option.name is None:
                lines += [table(heading, rows)] if rows else []
                lines.append(f"### {option.meaning[0].upper()}{option.meaning[1:]}\n")
                rows = []
            else:
                rows.append((f"`{option.name}`", f"`{option.preset}`" if option.preset else "", option.meaning))
        lines.append(table(heading, rows))
    return "\n".join(lines)


def options_block() -> str:
    """List the options of miniwdl-aws-submit: its own table, then what plugins add."""
    from miniwdl_aws_submit_cli.options.table import markdown_table

    added = [(f"`{name}`", text) for name, text in commands.plugin_options()]
    return f"{markdown_table()}\nAdded by other parts:\n\n{table(('option', ''), added)}"


def failures_block() -> str:
    """List the rules of the task backend's classifier, in the order in which they are tried."""
    from miniwdl_aws_batch_backend.classify import RULES

    rows = [(f"`{rule.failure_class.value}`", rule.sign, f"`{rule.policy.value}`") for rule in RULES]
    return table(("class", "sign", "policy"), rows)


def runtime_block() -> str:
    """List the runtime keys that only this backend reads."""
    from miniwdl_aws_batch_backend.resources import HINTS

    return table(("key", "value"), [(f"`{key}`", hint.expected) for key, hint in HINTS.items()])


def command_block(name: str) -> str:
    """Describe a command by its parser."""
    return "\n".join(
        f"{'#' * (2 + depth)} {parser.title}\n\n{parser.description}\n"
        + (f"\n{table(('argument', ''), parser.arguments)}" if parser.arguments else "")
        for depth, parser in commands.described(name)
    )


BLOCKS: dict[str, Callable[..., str]] = {
    "hook": hook_block,
    "hooks": hooks_block,
    "types": types_block,
    "exit-codes": exit_codes_block,
    "configuration": configuration_block,
    "options": options_block,
    "failures": failures_block,
    "runtime": runtime_block,
    "command": command_block,
}


def rendered(text: str) -> str:
    """Return a page with its generated blocks as the code has them now."""

    def replace(found: re.Match[str]) -> str:
        arguments = [found[3]] if found[3] else []
        return f"{found[1]}\n{BLOCKS[found[2]](*arguments)}\n{found[5]}"

    return BLOCK.sub(replace, text)


def pages() -> list[Path]:
    """List the pages that may have generated blocks."""
    return sorted([facts.ROOT / "README.md", *(facts.ROOT / "docs").rglob("*.md")])


def main(arguments: Sequence[str]) -> int:
    """Compare, or write with ``--write``; the exit code is 1 when a page is out of date."""
    stale = [page for page in pages() if rendered(page.read_text()) != page.read_text()]
    for page in stale:
        if "--write" in arguments:
            page.write_text(rendered(page.read_text()))
        sys.stderr.write(f"{'wrote' if '--write' in arguments else 'out of date:'} {page.relative_to(facts.ROOT)}\n")
    return 0 if "--write" in arguments or not stale else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
