"""A workflow runs once, whatever becomes of the answer to its submission."""

from __future__ import annotations

import pytest

from miniwdl_aws_core.batch.lookup import PAUSES
from miniwdl_aws_hooks import ExitCode

from .conftest import WDL
from .network import network

HELLO = str(WDL / "hello.wdl")


@pytest.mark.parametrize("lagging", [0, 2])
def test_a_job_that_was_taken_is_found(shell, cloud, lagging) -> None:
    with network(cloud.environ["AWS_ENDPOINT_URL"], lost=1, lagging=lagging) as lossy:
        done = shell.submit(HELLO, "names=Lost", "--no-cache", "--wait", env={"AWS_ENDPOINT_URL": lossy.url})
    assert done.code == 0, done.stderr
    assert lossy.submitted == [done.job_id]
    assert "looking whether AWS Batch took the job" in done.stderr


def test_of_two_jobs_of_one_run_the_first_to_begin_runs_it(shell, cloud) -> None:
    with network(cloud.environ["AWS_ENDPOINT_URL"], lost=1, lagging=len(PAUSES)) as lossy:
        done = shell.submit(HELLO, "names=Twice", "--no-cache", "--wait", env={"AWS_ENDPOINT_URL": lossy.url})
    assert done.code == 0, done.stderr
    assert len(lossy.submitted) == 2
    for job_id in lossy.submitted:
        shell.run("miniwdl-aws", "wait", job_id)
    codes = [shell.job(job_id)["container"]["exitCode"] for job_id in lossy.submitted]
    assert sorted(codes) == [0, ExitCode.ALREADY_BEGUN]
    assert sorted(len(shell.children(job_id)) for job_id in lossy.submitted) == [0, 1]
    late = lossy.submitted[codes.index(ExitCode.ALREADY_BEGUN)]
    assert shell.run("miniwdl-aws", "wait", late).code == 0, "whichever of them AWS has told of"
