"""
Keep what the documentation repeats from the code in step with it.

Blocks between ``<!-- generated: NAME -->`` and ``<!-- end -->``, and the configuration file of workflow jobs, are
written from the code: ``python docs/generate.py`` lists the files that are out of date, ``--write`` brings them up to
date.

What commands print in a run is written into the pages by ``docs/runs.py``.
"""

from __future__ import annotations

import ast
import html
import json
import re
import runpy
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import code_facts as facts
import commands
import configuration

from miniwdl_aws_core.aws.permissions import Role, policy, statements
from miniwdl_aws_core.options.kinds import TEXT
from miniwdl_aws_core.options.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from miniwdl_aws_core.options.table import Option

WIDTH = 84
"""Columns of generated JSON: as many as a block of the site shows."""

BLOCK = re.compile(r"(?ms)^(<!-- generated: ([\w-]+)(?: ([\w.-]+))? -->\n)(.*?)(^<!-- end -->$)")


OPTION = re.compile(r"(?:(?<=\s)|(?<=\()|^)(--[a-z][\w-]*)")
"""An option's name in a sentence, such as what a parser says of another option."""


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = [heading, ["---"] * len(heading), *([_cell(text) for text in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(text: str) -> str:
    """
    Mark options as code, where they don't stand in code already, and escape what would end the cell.

    Within code the site shows the backslash of an escaped bar, and GitHub ends the cell at a bare one; both know HTML.
    """
    parts = text.split("`")
    parts[::2] = [OPTION.sub(r"`\1`", plain).replace("|", "\\|") for plain in parts[::2]]
    parts[1::2] = [_code(code) for code in parts[1::2]]
    return "".join(parts)


def _code(text: str) -> str:
    return f"<code>{html.escape(text, quote=False).replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`"


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
        ("Another error", facts.what_follows_an_error(hook)),
        ("Types", ", ".join(f"[`{name}`](../types.md#{name.lower()})" for name in types)),
        ("Called by", ", ".join(facts.callers(name))),
        ("Since", hook.slots["versionadded"]),
    ]
    implementations = [
        (item.distribution, item.summary, f"`{item.options}`" if item.options else "")
        for item in facts.implementations()
        if item.hook == name
    ]
    text = f"{hook.summary}\n\n{table(('slot', 'what it says'), rows)}\n"
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
        heading = ("member", "value", "meaning")
    else:
        rows = [
            (f"`{name}`", f"`{kind}`" + (f" = `{default}`" if default else ""), text)
            for name, kind, default, text in facts.members(node)
        ]
        heading = ("field", "type", "meaning")
    return f"## {node.name}\n\n{description}\n\n{table(heading, rows)}"


def exit_codes_block() -> str:
    """List the exit codes of ``ExitCode``."""
    return table(
        ("code", "name", "meaning"), ((str(code), f"`{name}`", text) for code, name, text in facts.exit_codes())
    )


def presets_block() -> str:
    """List what workflow jobs set of miniwdl's own options."""
    rows = [(f"`[{item.section}] {item.name}`", f"`{item.value}`", item.reason) for item in PRESETS]
    return table(("option", "preset", "why"), rows)


def configuration_block() -> str:
    """List the options of this project's sections with their defaults."""
    return "\n".join(f"## [{name}]\n\n{_section(name)}" for name in configuration.section_names())


def _section(name: str) -> str:
    groups: list[tuple[str, list[Option[Any]]]] = []
    for option in configuration.options_of(name):
        if option.begins or not groups:
            groups.append((option.begins, []))
        groups[-1][1].append(option)
    heading = ("option", "default", "value", "what for")
    return "\n".join(
        (f"### {begins[0].upper()}{begins[1:]}\n\n" if begins else "")
        + table(heading, [(f"`{item.name}`", _default(item), _value(item), item.help) for item in options])
        for begins, options in groups
    )


def section_block(name: str) -> str:
    """List the options of one section with their variables, for the page of the part that owns it."""
    rows = [
        (f"`{item.name}`", f"`{item.variable}`", _default(item), item.help) for item in configuration.options_of(name)
    ]
    return table(("option", "environment variable", "default", "what for"), rows)


def _value(option: Option[Any]) -> str:
    # What it must not contain is worth a word where it does.
    return "text" if option.kind is TEXT else option.kind.expected


def _default(option: Option[Any]) -> str:
    return f"`{option.default_text}`" if option.default_text else option.unset


def submit_options_block() -> str:
    """List the options of miniwdl-aws-submit itself."""
    from miniwdl_aws_submit_cli.options.table import OPTIONS

    rows = []
    for item in OPTIONS:
        names = [", ".join(f"`{flag}`" for flag in item.flags) + (f" `{item.metavar}`" if item.metavar else "")]
        names += [f"`{item.env}`"] if item.env else []
        names += [f"tag `{item.tag}`"] if item.tag else []
        default = f"`{item.default}`" if item.default else item.default_text
        rows.append(
            ("<br>".join(names), default, f"{item.help}: {', '.join(item.choices)}" if item.choices else item.help)
        )
    return table(("option, variable, queue tag", "default", "what for"), rows)


def options_block() -> str:
    """List the options of miniwdl-aws-submit: its own table, then what plugins add."""
    added = [(f"`{name}`", text) for name, text in commands.plugin_options()]
    return f"{submit_options_block()}\nAdded by other parts:\n\n{table(('option', 'what for'), added)}"


def failures_block() -> str:
    """List the rules of the task backend's classifier, in the order in which they are tried."""
    from miniwdl_aws_batch_backend.failures.classify import RULES

    rows = [(f"`{rule.failure_class.value}`", rule.sign, f"`{rule.policy.value}`") for rule in RULES]
    return table(("class", "sign", "policy"), rows)


def remedies_block() -> str:
    """List what to do about each class of failure."""
    from miniwdl_aws_core.records.remedies import REMEDIES

    return table(("class", "what to do"), [(f"`{kind.value}`", remedy) for kind, remedy in REMEDIES.items()])


def pulls_block() -> str:
    """List what was seen when an image could not be pulled, and what each text is taken for."""
    from miniwdl_aws_batch_backend.failures.classify import RULES

    rows = [
        (kind, f"`{text}`", f"`{rule.failure_class.value}`", f"`{rule.policy.value}`")
        for rule in RULES
        for kind, text in rule.examples
    ]
    return table(("what is the matter", "seen after `CannotPullContainerError: `", "class", "policy"), rows)


def runtime_block() -> str:
    """List the runtime keys that only this backend reads."""
    from miniwdl_aws_batch_backend.jobs.resources import HINTS

    return table(("key", "value"), [(f"`{key}`", hint.expected) for key, hint in HINTS.items()])


def policy_block(role: str) -> str:
    """Write the policy that every setup's role needs."""
    return _json(policy(Role(role)), f"{role}-policy.json")


def permissions_block(role: str) -> str:
    """Write each statement of a role that not every setup needs."""
    optional = [item for item in statements(Role(role)) if item.when]
    return "\n".join(f"Where {item.when}:\n\n{_json(item.document(), item.sid)}" for item in optional)


def trace_block() -> str:
    """List the columns of trace.tsv."""
    from miniwdl_aws_run_report.writing.trace import COLUMNS

    return "\n" + table(("column", "meaning"), ((f"`{column.name}`", column.meaning) for column in COLUMNS))


def _json(document: object, title: str) -> str:
    """Write JSON with lists of names on as few lines as they take."""

    def filled(found: re.Match[str]) -> str:
        names = " ".join(found[2].split())
        if len(found[1]) + len(names) < WIDTH:
            return f"{found[1]}[{names}]"
        inner = found[3] + "  "
        lines = textwrap.fill(
            names, WIDTH, initial_indent=inner, subsequent_indent=inner, break_on_hyphens=False, break_long_words=False
        )
        return f"{found[1]}[\n{lines}\n{found[3]}]"

    text = re.sub(r'(?m)^(.*?)\[\n((?:\s+"[^"\n]*",?\n)+)(\s*)\]', filled, json.dumps(document, indent=2))
    return f'```json title="{title}"\n{text}\n```\n'


def command_block(name: str) -> str:
    """Describe a command by its parser."""
    return "\n".join(
        f"{'#' * (2 + depth)} {parser.title}\n\n{parser.description}\n"
        + (f"\n{table(('argument', 'meaning'), parser.arguments)}" if parser.arguments else "")
        for depth, parser in commands.described(name)
    )


def differences_block() -> str:
    """List where plain moto and the local cloud answer differently, as the tests' table has it."""
    found = runpy.run_path(str(facts.ROOT / "tests/second_opinion/differences.py"))["DIFFERENCES"]

    def cell(cloud: str, answer: str, right: str) -> str:
        return f"**{answer}**" if right == cloud else answer

    rows = [
        (
            f"[{item.what}]({item.page})",
            cell("plain moto", item.moto, item.right),
            cell("local cloud", item.local, item.right),
        )
        for item in found
    ]
    return table(("request", "plain moto", "local cloud"), rows)


BLOCKS: dict[str, Callable[..., str]] = {
    "hook": hook_block,
    "hooks": hooks_block,
    "types": types_block,
    "exit-codes": exit_codes_block,
    "configuration": configuration_block,
    "options": options_block,
    "presets": presets_block,
    "section": section_block,
    "submit-options": submit_options_block,
    "failures": failures_block,
    "remedies": remedies_block,
    "pulls": pulls_block,
    "runtime": runtime_block,
    "policy": policy_block,
    "permissions": permissions_block,
    "command": command_block,
    "differences": differences_block,
    "trace": trace_block,
}


def rendered(text: str) -> str:
    """Return a page with its generated blocks as the code has them now."""

    def replace(found: re.Match[str]) -> str:
        arguments = [found[3]] if found[3] else []
        return f"{found[1]}\n{BLOCKS[found[2]](*arguments)}\n{found[5]}"

    return BLOCK.sub(replace, text)


def pages() -> list[Path]:
    """List the pages that may have generated blocks."""
    return sorted(
        [*facts.ROOT.glob("README.md"), *facts.ROOT.glob("packages/*/README.md"), *facts.ROOT.glob("docs/**/*.md")]
    )


def main(arguments: Sequence[str]) -> int:
    """Compare, or write with ``--write``; the exit code is 1 when a file is out of date."""
    fresh = {page: rendered(page.read_text()) for page in pages()} | {configuration.CFG: configuration.cfg_text()}
    stale = [file for file, text in fresh.items() if text != file.read_text()]
    for file in stale:
        if "--write" in arguments:
            file.write_text(fresh[file])
        sys.stderr.write(f"{'wrote' if '--write' in arguments else 'out of date:'} {file.relative_to(facts.ROOT)}\n")
    return 0 if "--write" in arguments or not stale else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
