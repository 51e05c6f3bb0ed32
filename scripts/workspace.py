"""What the scripts of this folder know about the tree: the packages and their version."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
META = "miniwdl-aws-fsxl"
EXTRAS = {"local": "miniwdl-aws-local-cloud"}
"""Parts that the meta-package installs only on request, by the name of its extra."""


def parts() -> list[str]:
    """Distribution names of all packages but the meta-package."""
    return sorted(f"miniwdl-aws-{path.parent.name}" for path in ROOT.glob("packages/*/pyproject.toml")
                  if path.parent.name != META)  # fmt: skip


def version() -> str:
    """Give the one version of all packages, as hooks has it."""
    text = (ROOT / "packages/hooks/src/miniwdl_aws_hooks/__init__.py").read_text()
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit("packages/hooks/src/miniwdl_aws_hooks/__init__.py: no line __version__ = ...")
    return found[1]
