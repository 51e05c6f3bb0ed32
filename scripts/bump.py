"""Set one version in all packages: `python scripts/bump.py 1.2.3`."""

from __future__ import annotations

import re
import sys

import metapackage
from workspace import ROOT

VERSION = re.compile(r"^\d+\.\d+\.\d+((a|b|rc)\d+)?$")


def main(version: str) -> None:
    """Write the version where it stands: each ``__init__.py``, sibling pins, the meta-package, ``CITATION.cff``."""
    if not VERSION.match(version):
        raise SystemExit(f"{version!r} is not a version such as 1.2.3 or 1.2.3rc1")
    major, minor, _ = version.split(".", 2)
    for path in ROOT.glob("packages/*/src/*/__init__.py"):
        path.write_text(re.sub(r'(?m)^__version__ = ".*"$', f'__version__ = "{version}"', path.read_text()))
    pin = rf"\1>={major}.{minor},<{int(major) + 1}"
    for path in ROOT.glob("packages/*/pyproject.toml"):
        path.write_text(re.sub(r"(miniwdl-aws-(?:core|hooks))>=[\d.]+,<\d+", pin, path.read_text()))
    citation = ROOT / "CITATION.cff"
    citation.write_text(re.sub(r"(?m)^version: .*$", f"version: {version}", citation.read_text()))
    metapackage.main(["--write"])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("name the version: python scripts/bump.py 1.2.3")
    main(sys.argv[1])
