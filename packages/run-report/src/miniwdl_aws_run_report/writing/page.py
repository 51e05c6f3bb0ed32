"""
A run as one page that loads nothing from anywhere.

The page's files lie beside this module. What it shows is embedded as JSON, in which nothing can end the element that it
stands in; its script sets texts as texts. A content security policy in the page allows that one script and that one
style, by their hashes, and no request: not even a text that got out of its place could load or send anything.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING

from miniwdl_aws_run_report.writing.page_data import page_data

if TYPE_CHECKING:
    from miniwdl_aws_run_report.model import Run

__all__ = ["page_file", "policy_for", "write_page"]


def write_page(run: Run) -> str:
    """Write a run as HTML."""
    template, style, script = (page_file(f"report.{kind}") for kind in ("html", "css", "js"))
    parts = {
        "policy": policy_for(style, script),
        "title": html.escape(f"{run.name}: {run.state.value}"),
        "style": style,
        "data": embedded(page_data(run)),
        "script": script,
    }
    return re.sub("@([a-z]+)@", lambda found: parts[found[1]], template)


def page_file(name: str) -> str:
    """Read one of the page's files."""
    return (files("miniwdl_aws_run_report.writing") / "page_files" / name).read_text("utf-8")


def policy_for(style: str, script: str = "") -> str:
    """Allow a page one style and one script, or none, and no request."""
    scripts = f"'{_hash(script)}'" if script else "'none'"
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src {scripts}; "
        "base-uri 'none'; form-action 'none'"
    )


def embedded(value: object) -> str:
    """Write a value as JSON that can stand in an element ``script``: nothing in it ends one, or begins a comment."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
