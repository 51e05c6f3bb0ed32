"""Files of a release: built, looked into, and installed as users install them."""

from __future__ import annotations

import re
import shutil
import tarfile
import tomllib
import zipfile
from typing import TYPE_CHECKING

from release import Runner

if TYPE_CHECKING:
    from pathlib import Path

    from places import Place


def build(tree: Path, dist: Path, *kinds: str) -> None:
    """Build all packages of a tree."""
    shutil.rmtree(dist, ignore_errors=True)
    Runner(tree)("uv", "build", "--quiet", "--all-packages", *kinds, "--out-dir", dist)
    (dist / ".gitignore").unlink(missing_ok=True)


def incomplete(file: Path) -> list[str]:
    """Name what a wheel or an sdist lacks that its readers expect."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            (metadata,) = (archive.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    else:
        with tarfile.open(file) as archive:
            names = archive.getnames()
            (member,) = (name for name in names if re.fullmatch(r"[^/]+/PKG-INFO", name))
            metadata = archive.extractfile(member).read().decode()  # type: ignore[union-attr] - it is a file
    lacks = [key for key in ("License-Expression", "Requires-Python", "Keywords") if f"\n{key}: " not in metadata]
    lacks += [] if any(name.endswith("/LICENSE") for name in names) else ["LICENSE"]
    has_code = any(name.endswith(".py") for name in names)
    lacks += ["py.typed"] if has_code and not any(name.endswith("/py.typed") for name in names) else []
    return [f"{file.name}: {name}" for name in lacks]


def unknown_classifiers(tree: Path) -> list[str]:
    """List the classifiers that the index would refuse."""
    from trove_classifiers import classifiers

    declared = (tomllib.loads(path.read_text())["project"] for path in tree.glob("packages/*/pyproject.toml"))
    return sorted({item for project in declared for item in project["classifiers"]} - classifiers)


def commands_of(tree: Path, name: str) -> list[str]:
    """Name the console scripts of a part."""
    project = tomllib.loads((tree / "packages" / name.removeprefix("miniwdl-aws-") / "pyproject.toml").read_text())
    return sorted(project["project"].get("scripts", {}))


def declared_pythons(tree: Path) -> list[str]:
    """List the versions of Python on which the packages say that they run."""
    project = tomllib.loads((tree / "packages/hooks/pyproject.toml").read_text())["project"]
    versions = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", item) for item in project["classifiers"])
    return [version[1] for version in versions if version]


def environment(place: Place, folder: Path, dist: Path, *requirements: str) -> Path:
    """Make an environment with wheels of ours from a folder; its bin folder."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        place.run(folder.parent, "uv", "venv", "--quiet", "--python", place.python, folder)
    python = folder / "bin/python"
    place.run(folder, "uv", "pip", "install", "--quiet", "--python", python, "--find-links", dist, *requirements)
    return folder / "bin"
