"""The CloudFormation templates repeat what other parts say, and are written from there."""

import subprocess
import sys

import pytest


def run(root, *arguments):
    return subprocess.run(
        [sys.executable, "scripts/infra.py", *arguments], cwd=root, capture_output=True, text=True, check=False
    )


def test_the_templates_are_up_to_date(root):
    done = run(root)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", ["user-data", "policy host", "policy workflow", "policy submitter"])
def test_what_others_own_is_generated(root, block):
    text = (root / "packages/infra/src/miniwdl_aws_infra/miniwdl-aws-fsxl.yaml").read_text()
    assert f"# generated: {block}\n" in text


def test_the_name_of_the_copy_is_that_of_the_design(root):
    assert (root / "infra/miniwdl-aws-fsxl.yaml").is_file()
