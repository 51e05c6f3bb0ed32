"""
The configuration as its options describe themselves: the file of workflow jobs, and the tables of the pages.

What a part declares is read from the tree, not from what happens to be installed.
"""

from __future__ import annotations

import re
import textwrap
from functools import lru_cache
from importlib import import_module
from itertools import groupby
from typing import TYPE_CHECKING, Any

import code_facts as facts

from miniwdl_aws_core.options.known import GROUP
from miniwdl_aws_core.options.presets import CFG_NAME, PRESETS
from miniwdl_aws_core.options.shared import AwsOptions, UploadOptions

if TYPE_CHECKING:
    from miniwdl_aws_core.options.table import Option, Section

__all__ = ["CFG", "cfg_text", "declared_points", "options_of", "section_names"]

CFG = facts.ROOT / "packages/core/src/miniwdl_aws_core/options" / CFG_NAME
WIDTH = 120

HEAD = """\
# Configuration of miniwdl inside a workflow job: in the image it is /etc/xdg/miniwdl.cfg, and `--local` uses it too.
# Written by docs/generate.py from what each part says of its options.
#
# Any option can be overridden by an environment variable, MINIWDL__SECTION__KEY (two underscores), which
# miniwdl-aws-submit passes through from your machine; see
# https://miniwdl.readthedocs.io/en/latest/runner_reference.html#configuration
# Options that are commented out show their default.
"""


@lru_cache
def declared_points() -> tuple[str, ...]:
    """List the entry points by which the packages make their sections known."""
    found = []
    for project in sorted(facts.ROOT.glob("packages/*/pyproject.toml")):
        block = re.search(rf"(?ms)^\[project\.entry-points\.{GROUP}\]\n(.*?)(?=^\[|\Z)", project.read_text())
        found += re.findall(r'"([\w.]+:\w+)"', block[1]) if block else []
    return tuple(found)


@lru_cache
def _sections() -> tuple[type[Section], ...]:
    loaded = [getattr(import_module(module), name) for module, name in (item.split(":") for item in declared_points())]
    return (AwsOptions, UploadOptions, *loaded)


def section_names() -> list[str]:
    """List the sections that are this project's."""
    return list(dict.fromkeys(section.section for section in _sections() if section.owns_section))


def options_of(name: str) -> list[Option[Any]]:
    """List the options of a section, those that parts share first."""
    return [option for section in _sections() if section.section == name for option in section.options()]


def cfg_text() -> str:
    """Write the configuration file."""
    blocks = [HEAD]
    for section, presets in groupby(PRESETS, lambda preset: preset.section):
        blocks.append(f"[{section}]\n")
        blocks[-1] += "".join(f"{_comment(item.reason)}{item.name} = {item.value}\n" for item in presets)
    for section in section_names():
        lines = [f"[{section}]\n"]
        for option in options_of(section):
            if option.begins and not option.submit_only:
                lines.append(f"{chr(10) if len(lines) > 1 else ''}{_comment('--- ' + option.begins)}")
            if not option.submit_only:
                lines.append(f"{_comment(_meaning(option))}#{option.name} = {option.default_text}".rstrip() + "\n")
        blocks += ["".join(lines)] if len(lines) > 1 else []
    return "\n".join(blocks)


def _comment(text: str) -> str:
    # Names such as --no-overwrite stay whole.
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False) + "\n"


def _meaning(option: Option[Any]) -> str:
    return f"{option.help} Unset: {option.unset}.".replace("``", "`") if option.unset else option.help
