"""A real pipeline: submit -> workflow container -> task containers -> S3, beside the same tools without all that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ..shell import BIN
from .images import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.containers

EXAMPLE = ROOT / "examples/variant_calling"
TOOLS = ("bwa", "samtools", "bcftools")
TIMEOUT = 400


@pytest.fixture(scope="module")
def data() -> Path:
    """The data of the example, which comes from a Debian package."""
    folder = EXAMPLE / "data"
    if not (folder / "b_2.fq.gz").exists():
        if not (shutil.which("apt-get") or os.environ.get("CI")):
            pytest.skip("the data of examples/variant_calling comes from a Debian package, and there is no apt-get")
        subprocess.run([str(EXAMPLE / "get-data.sh")], check=True)
    return folder


@pytest.fixture(scope="module")
def direct(data, images, tmp_path_factory) -> Path:
    """Outputs of the tools run directly: on this machine, or in the tools' image where it lacks them."""
    folder = tmp_path_factory.mktemp("direct")
    if all(shutil.which(tool) for tool in TOOLS):
        subprocess.run([str(EXAMPLE / "direct.sh"), str(folder)], check=True)
    else:
        assert not os.environ.get("CI"), f"CI compares with this machine's own {', '.join(TOOLS)}"
        volumes = ["--volume", f"{EXAMPLE}:/example:ro", "--volume", f"{folder}:/out"]
        image = images.variant_calling()
        subprocess.run([images.engine, "run", "--rm", *volumes, image, "/example/direct.sh", "/out"], check=True)
    return folder


@pytest.fixture
def environ(plain_environ, tmp_path):
    found = {**plain_environ, "HOME": str(tmp_path), "MINIWDL_AWS_LOCAL_DIR": str(tmp_path / "cloud")}
    yield found
    subprocess.run([str(BIN / "miniwdl-aws"), "local", "down"], env=found, check=False, capture_output=True)


def submit(environ, image, *arguments) -> str:
    done = subprocess.run(
        [str(BIN / "miniwdl-aws-submit"), "--local", "--runner", "engine", "--image", image, *arguments],
        cwd=ROOT, env=environ, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_variants_are_those_of_a_direct_run(environ, images, workflow_image, direct, tmp_path) -> None:
    submit(
        environ, workflow_image, "examples/variant_calling/variant_calling.wdl",
        "-i", "examples/variant_calling/inputs.json", f"image={images.variant_calling()}",
        "--s3upload", "s3://demo/variant_calling/", "--follow",
    )  # fmt: skip
    results = tmp_path / "cloud/s3/demo/variant_calling"
    checked = subprocess.run(
        [sys.executable, str(EXAMPLE / "check.py"), str(results), str(direct)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "88 variants agree" in checked.stdout
    check_report(results)


def check_report(results: Path) -> None:
    """See what the run says of itself: tasks in containers are measured, unlike those of the suite's processes."""
    report = json.loads((results / "report.json").read_text())
    calls = report["calls"]
    assert report["state"] == "succeeded"
    assert {call["state"] for call in calls} == {"succeeded"}
    assert all(call["tries"][-1]["used"]["cpuSeconds"] > 0 for call in calls)
    jobs = [json.loads(line) for line in (results / "batch_jobs.jsonl").read_text().splitlines()]
    told = [(job["call_path"], job["job_id"]) for job in jobs]
    assert sorted(told) == sorted((call["path"], item["jobId"]) for call in calls for item in call["tries"])


ARIA2C = r"""printf '%s\n' '#!/bin/sh' 'for url; do :; done' \
'[ "${url##*/}" = alyssa_ben.txt ] || exit 3' \
'printf "# names\nAlyssa P. Hacker\nBen Bitdiddle\n" > alyssa_ben.txt' \
> /usr/local/bin/aria2c && chmod +x /usr/local/bin/aria2c"""
"""An ``aria2c`` for a machine without internet: it knows the one URL of the self test."""
UBUNTU = "docker.io/library/ubuntu:22.04"
"""The image that the self test names."""


@pytest.fixture
def ubuntu(images, task_image):
    """Any image with bash under the name that the self test asks for, where it isn't there and can't be pulled."""
    tagged = images.base is not None and not images.present(UBUNTU)
    if tagged:
        subprocess.run([images.engine, "tag", task_image, UBUNTU], check=True)
    yield
    if tagged:
        # Podman's `untag` without names takes all of an image's, and the workflow image would be gone for other tests.
        subprocess.run([images.engine, "rmi", UBUNTU], check=True)


def test_self_test(environ, images, workflow_image, task_image, ubuntu) -> None:
    image = images.derived("miniwdl-aws-no-internet", task_image, f"RUN {ARIA2C}")
    said = submit(
        {**environ, "MINIWDL__DOWNLOAD_ARIA2C__DOCKER": image}, workflow_image, "--self-test", "--follow"
    )  # fmt: skip
    assert "run_self_test OK" in said
