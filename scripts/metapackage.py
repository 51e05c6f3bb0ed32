"""Keep the meta-package's dependencies the list of the packages beside it."""

from __future__ import annotations

import re
import sys

from workspace import EXTRAS, META, ROOT, parts, version

PYPROJECT = ROOT / "packages" / META / "pyproject.toml"


def rendered(text: str) -> str:
    """Return the pyproject with version, dependencies and extras as the tree has them."""
    pin = f"=={version()}"
    always = [name for name in parts() if name not in EXTRAS.values()]
    dependencies = "".join(f'    "{name}{pin}",\n' for name in always)
    extras = "".join(f'{extra} = ["{name}{pin}"]\n' for extra, name in sorted(EXTRAS.items()))
    text = re.sub(r'(?m)^version = ".*"$', f'version = "{version()}"', text)
    text = re.sub(r"(?ms)^dependencies = \[\n.*?^\]\n", f"dependencies = [\n{dependencies}]\n", text)
    return re.sub(
        r"(?ms)^\[project\.optional-dependencies\]\n.*?\n\n", f"[project.optional-dependencies]\n{extras}\n", text
    )


def main(arguments: list[str]) -> int:
    """Compare, or write with ``--write``; the exit code is 1 when the file is out of date."""
    current = PYPROJECT.read_text()
    wanted = rendered(current)
    if current == wanted:
        return 0
    if "--write" in arguments:
        PYPROJECT.write_text(wanted)
        return 0
    sys.stderr.write(f"{PYPROJECT.relative_to(ROOT)} is out of date: nox -s metapackage -- --write\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
