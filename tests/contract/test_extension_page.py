"""The extension that "Write an extension" develops, with the test that it shows, works as it is written there."""

import re
import subprocess
import sys
import tomllib

import pytest


@pytest.fixture
def blocks(root):
    """Code of the page by the file name in its first line."""
    page = (root / "docs/how-to/write-an-extension.md").read_text()
    found = re.findall(r"(?ms)^```\w+\n# (\S+)\n(.*?)^```$", page)
    return dict(found)


def test_the_extension_passes_its_own_test(blocks, tmp_path):
    project = tomllib.loads(blocks["pyproject.toml"])["project"]
    site = tmp_path / "site"
    (site / "lab_costs").mkdir(parents=True)
    (site / "lab_costs/__init__.py").touch()
    (site / "lab_costs/plugin.py").write_text(blocks["src/lab_costs/plugin.py"])
    # What an installer writes, so that no index is needed.
    info = site / f"lab_costs-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    ((name, value),) = project["entry-points"]["miniwdl_aws"].items()
    (info / "entry_points.txt").write_text(f"[miniwdl_aws]\n{name} = {value}\n")
    (tmp_path / "test_plugin.py").write_text(blocks["tests/test_plugin.py"])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout
