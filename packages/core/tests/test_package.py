import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["miniwdl_aws_core", "miniwdl_aws_core.console", "miniwdl_aws_core.aws.session"])
def test_importing_it_loads_neither_an_sdk_nor_miniwdl(module: str):
    """Every command of the project imports it, ``--help`` included."""
    names = ("boto3", "botocore", "WDL", "pluggy", "json", "logging")
    heavy = f"{{name for name in sys.modules if name.partition('.')[0] in {names}}}"
    code = f"import sys; before = {heavy}; import {module}; print(sorted({heavy} - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
