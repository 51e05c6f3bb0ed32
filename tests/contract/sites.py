"""Distributions put where Python finds them, without an installer and so without an index."""

import shutil
import tomllib
from pathlib import Path


def installed(pyproject: Path, source: Path, site: Path) -> Path:
    """Copy a distribution's modules to a folder, with what an installer writes of it; return the folder."""
    project = tomllib.loads(pyproject.read_text())["project"]
    shutil.copytree(source, site)
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = "".join(f"{name} = {value}\n" for name, value in project["entry-points"]["miniwdl_aws"].items())
    (info / "entry_points.txt").write_text(f"[miniwdl_aws]\n{points}")
    return site
