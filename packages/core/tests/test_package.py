import subprocess
import sys


def test_importing_it_loads_neither_an_sdk_nor_miniwdl():
    """Every command of the project imports it, ``--help`` included."""
    heavy = "{name for name in sys.modules if name.partition('.')[0] in ('boto3', 'botocore', 'WDL', 'pluggy')}"
    code = f"import sys, miniwdl_aws_core; print(sorted({heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
