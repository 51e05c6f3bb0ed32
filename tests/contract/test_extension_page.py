"""The extension that "Write an extension" develops, with the test that it shows, works as it is written there."""

import re
import subprocess
import sys

import pytest

from tests.contract.sites import installed


@pytest.fixture
def blocks(root):
    """Code of the page by the file name in its first line."""
    page = (root / "docs/how-to/write-an-extension.md").read_text()
    found = re.findall(r"(?ms)^```\w+\n# (\S+)\n(.*?)^```$", page)
    return dict(found)


def test_the_extension_passes_its_own_test(blocks, tmp_path):
    for name in ("pyproject.toml", "src/lab_costs/plugin.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(blocks[name])
    site = installed(tmp_path / "pyproject.toml", tmp_path / "src", tmp_path / "site")
    (tmp_path / "test_plugin.py").write_text(blocks["tests/test_plugin.py"])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_plugin.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout
