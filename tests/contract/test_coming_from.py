"""Pages for those who come from other programs name what there is here, and all that the ancestor has."""

import re
import subprocess
import sys

import pytest

from miniwdl_aws_submit_cli.options.table import OPTIONS
from tests.contract.conftest import ROOT, docs_module

# miniwdl-aws 0.12.2: the parser of cli_submit.py, and what the other modules read of the section [aws].
ANCESTOR_OPTIONS = (
    "--workflow-queue", "--task-queue", "--task-queue-fallback", "--fsap", "--no-efs", "--mount", "--workflow-role",
    "--name", "--cpu", "--memory-GiB", "--image", "--no-env", "--no-public-ip", "--dir", "--s3upload", "--delete-after",
    "--wait", "--follow", "--self-test",
)  # fmt: skip
ANCESTOR_KEYS = (
    "task_queue", "task_queue_fallback", "fs", "fsap", "region", "retry_wait", "submit_period", "submit_period_b",
    "submit_period_c", "describe_period", "boto3_retries", "job_tags", "job_timeout", "memory_delta", "container_sync",
    "container_properties", "gpu_value",
)  # fmt: skip
ROW = re.compile(r"(?m)^\| (?!---|there|on one|Cromwell|Nextflow)(.+?) \| (.+) \|$")
CODE = re.compile(r"`([^`]+)`")

PAGES = sorted(path.stem for path in ROOT.glob("docs/coming-from/*.md"))


def rows(page):
    return ROW.findall((ROOT / f"docs/coming-from/{page}.md").read_text())


@pytest.fixture(scope="module")
def options():
    """Options that a submission takes: its own, and those that it passes on."""
    command = [f"{sys.prefix}/bin/miniwdl", "run", "--help"]
    miniwdl = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {flag for item in OPTIONS for flag in item.flags} | set(re.findall(r"--[\w-]+", miniwdl))


@pytest.fixture(scope="module")
def commands():
    return {described.title for _, described in docs_module("commands").described("miniwdl-aws")}


@pytest.fixture(scope="module")
def configuration():
    text = (ROOT / "docs/reference/configuration.md").read_text()
    keys, section = set(re.findall(r"`\[\w+\] \w+`", text)), ""
    for line in text.splitlines():
        section = line.removeprefix("## ") if line.startswith("## [") else section
        if found := re.match(r"\| `(\w+)` \|", line):
            keys.add(f"`{section} {found[1]}`")
    return keys


@pytest.fixture(scope="module")
def runtime_keys():
    return set(re.findall(r"`(\w+)`", (ROOT / "docs/reference/runtime.md").read_text()))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_points_to_is_there(page, options, commands, configuration, runtime_keys):
    unknown = []
    for _, here in rows(page):
        for code in CODE.findall(here):
            if code.startswith("["):
                unknown += [] if f"`{code}`" in configuration else [code]
            elif code.startswith("miniwdl-aws "):
                unknown += [] if " ".join(code.split()[:2]) in commands else [code]
            elif re.fullmatch(r"[a-z]+[A-Za-z]*", code) and "runtime section" in here:
                unknown += [] if code in runtime_keys else [code]
            unknown += sorted(set(re.findall(r"(?<=[\s`])--[\w-]+", f"`{code}")) - options - {"--json"})
    assert unknown == []


def test_each_option_of_the_ancestor_has_a_row():
    theirs = {name for there, _ in rows("miniwdl-aws") for name in CODE.findall(there)}
    assert {*ANCESTOR_OPTIONS, *ANCESTOR_KEYS} == theirs
