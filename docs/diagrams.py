"""
Draw the diagrams of the documentation: each ``docs/diagrams/NAME.mmd`` becomes ``NAME.svg`` beside it.

The pictures are committed, so that they show without a network, on the site and wherever Markdown is read. Drawing
needs a Chromium and Mermaid's command ``mmdc`` (https://github.com/mermaid-js/mermaid-cli) on the PATH; a test only
compares the digest that each picture carries with its source. ``python docs/diagrams.py`` lists what is out of date,
``--write`` draws it.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "diagrams"
# A background of its own: a picture can't know whether the page around it is light or dark.
LOOK = ("--backgroundColor", "white")
# Labels as text of SVG: where a picture is shown by <img>, not every reader draws HTML in it.
STYLE = {"theme": "neutral", "htmlLabels": False, "flowchart": {"htmlLabels": False}}
_DIGEST = re.compile(r"<!-- drawn from ([0-9a-f]{64}) -->")


def digest(source: Path) -> str:
    """Give the digest of a diagram's text."""
    return hashlib.sha256(source.read_bytes()).hexdigest()


def stale() -> list[Path]:
    """List the diagrams whose picture is missing or was drawn from another text."""
    return [
        source for source in sorted(FOLDER.glob("*.mmd")) if drawn_from(source.with_suffix(".svg")) != digest(source)
    ]


def drawn_from(picture: Path) -> str | None:
    """Read which text a picture was drawn from."""
    found = _DIGEST.search(picture.read_text()) if picture.exists() else None
    return found[1] if found else None


def draw(source: Path) -> None:
    """Draw one diagram."""
    picture = source.with_suffix(".svg")
    # Chromium's sandbox doesn't work for root; what it shows here is our own.
    browser = {"executablePath": shutil.which("chromium"), "args": ["--no-sandbox"]}
    with tempfile.TemporaryDirectory() as folder:
        files = {"--puppeteerConfigFile": browser, "--configFile": STYLE}
        settings: list[str | Path] = []
        for number, (option, content) in enumerate(files.items()):
            path = Path(folder) / f"{number}.json"
            path.write_text(json.dumps(content))
            settings += [option, path]
        subprocess.run(["mmdc", "--quiet", "--input", source, "--output", picture, *LOOK, *settings], check=True)
    picture.write_text(f"{picture.read_text().rstrip()}\n<!-- drawn from {digest(source)} -->\n")


def main() -> None:
    """List what is out of date, or draw it."""
    outdated = stale()
    if "--write" in sys.argv[1:]:
        for source in outdated:
            draw(source)
    elif outdated:
        names = ", ".join(source.name for source in outdated)
        sys.exit(f"{names}: changed since the picture was drawn; run python docs/diagrams.py --write")


if __name__ == "__main__":
    main()
