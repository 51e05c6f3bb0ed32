"""What the template of a plugin makes passes its own tests, whichever hook it begins with."""

import subprocess
import sys

import pytest
import yaml

from tests.contract.conftest import ROOT
from tests.contract.sites import installed

TEMPLATE = ROOT / "examples/plugin-template"
HOOKS = yaml.safe_load((TEMPLATE / "copier.yml").read_text())["hook"]["choices"].values()


def run_copy(*arguments, **options):
    """Make a plugin. Imported above, copier would take each worker half a second to collect tests."""
    import copier

    return copier.run_copy(*arguments, **options)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_plugin_passes_its_tests(tmp_path, hook):
    made = tmp_path / "made"
    run_copy(str(TEMPLATE), made, {"name": "our-plugin", "hook": hook}, quiet=True)
    site = installed(made / "pyproject.toml", made / "src", tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=made, env={"PYTHONPATH": str(site), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert not list(made.rglob("*.jinja"))


def test_a_name_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="lower-case words"):
        run_copy(str(TEMPLATE), tmp_path, {"name": "Our Plugin"}, defaults=True, quiet=True)
