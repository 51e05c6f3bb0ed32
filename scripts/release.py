"""Make a release in a clone: set the version of all packages, fold the changelog fragments, commit and tag."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from workspace import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def make(version: str, root: Path = ROOT) -> None:
    """
    Make the release, or none: what is wrong is found before anything is changed.

    :param root: the clone; its working tree is clean.
    :raises subprocess.CalledProcessError: when a step fails; its message has been printed.
    """
    run = Runner(root)
    run(sys.executable, "scripts/bump.py", version)
    for folder in sorted(path.parent for path in root.glob("packages/*/pyproject.toml")):
        run(
            sys.executable, "-m", "towncrier", "build", "--yes", "--config", "pyproject.toml",
            "--dir", f"packages/{folder.name}", "--name", folder.name, "--version", version,
        )  # fmt: skip
    run("git", "add", "--all")
    run("git", "commit", "--quiet", "--message", f"release: {version}")
    run("git", "tag", f"v{version}")


class Runner:
    """Runs commands in one folder; what they print is shown only when they fail."""

    def __init__(self, folder: Path) -> None:
        """:param folder: where commands run."""
        self._folder = folder

    def __call__(self, *command: str | Path, environ: dict[str, str] | None = None) -> str:
        """
        Run a command to its end.

        :return: its standard output.
        :raises subprocess.CalledProcessError: when it ends with another code than 0.
        """
        done = subprocess.run(
            command, cwd=self._folder, env=environ, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
        if done.returncode:
            sys.stderr.write(done.stdout + done.stderr)
            done.check_returncode()
        return done.stdout


def is_clean(root: Path = ROOT) -> bool:
    """Whether a clone's working tree has no change that isn't committed."""
    return not Runner(root)("git", "status", "--porcelain").strip()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("name the version: python scripts/release.py 1.2.3")
    if not is_clean():
        raise SystemExit("commit your changes first: a release starts from a clean tree")
    make(sys.argv[1])
