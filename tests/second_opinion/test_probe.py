"""Plain moto and the local cloud, asked the same: each difference is known, and nothing else differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_local_cloud import LocalCloud

from .differences import DIFFERENCES, NEITHER
from .plain_moto import until
from .probe import ASKS, DISABLED, EMPTY_STREAM, LOG_GROUP, QUEUE, Known, clients_of

if TYPE_CHECKING:
    from .plain_moto import PlainMoto

pytestmark = pytest.mark.containers

KNOWN = {item.what: (item.moto, item.local) for item in DIFFERENCES}


def prepare(clients: dict[str, Any], image: str) -> Known:
    """Make what requests can be about; the same in every cloud."""
    batch = clients["batch"]
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]

    def define(name: str, image: str, script: str) -> str:
        container = {"image": image, "command": ["sh", "-c", script], "resourceRequirements": needs}
        answer = batch.register_job_definition(jobDefinitionName=name, type="container", containerProperties=container)
        return str(answer["jobDefinitionArn"])

    for queue, state in ((QUEUE, "ENABLED"), (DISABLED, "DISABLED")):
        order = [{"order": 1, "computeEnvironment": "task"}]
        batch.create_job_queue(jobQueueName=queue, state=state, priority=1, computeEnvironmentOrder=order)
    definition = define("real", image, "echo one; echo two; exit 3")
    job_id = batch.submit_job(jobName="for-the-probe", jobQueue=QUEUE, jobDefinition=definition)["jobId"]

    def ended() -> Any:
        (job,) = batch.describe_jobs(jobs=[job_id])["jobs"]
        return job if job["status"] == "FAILED" else None

    stream = until(ended, "the job has ended")["container"]["logStreamName"]
    clients["logs"].create_log_stream(logGroupName=LOG_GROUP, logStreamName=EMPTY_STREAM)
    clients["s3"].put_object(Bucket="demo", Key="present", Body=b"present")
    (system,) = clients["fsx"].describe_file_systems()["FileSystems"]
    # No engine takes that for an image, whose name is in lower case: so many jobs of moto's need no container.
    return Known(job_id, stream, define("probe", "NO-SUCH-IMAGE", "true"), system["FileSystemId"])


@pytest.fixture(scope="module")
def answers(
    moto: PlainMoto, account: str, task_image: str, tmp_path_factory: pytest.TempPathFactory, aws_requests: Any
) -> dict[str, tuple[str, str]]:
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as local:
        clouds = [clients_of(moto.environ), clients_of(local.environ)]
        known = [prepare(clients, task_image) for clients in clouds]
        asked = [[ask.of(*cloud) for cloud in zip(clouds, known, strict=True)] for ask in ASKS]
    aws_requests.take()  # many of them are wrong, to see what becomes of them
    return {ask.what: (first, second) for ask, (first, second) in zip(ASKS, asked, strict=True)}


@pytest.mark.parametrize("what", [ask.what for ask in ASKS])
def test_both_answer_alike_or_as_the_table_of_differences_says(answers: dict[str, tuple[str, str]], what: str) -> None:
    moto, local = answers[what]
    assert (moto, local) == KNOWN.get(what, (moto, moto))


def test_the_table_tells_of_differences_alone() -> None:
    asked = [ask.what for ask in ASKS]
    assert len(asked) == len(set(asked))
    assert set(KNOWN) <= set(asked)
    assert len(KNOWN) == len(DIFFERENCES)
    alike = {item.what for item in DIFFERENCES if item.moto == item.local}
    assert alike == {item.what for item in DIFFERENCES if item.right == NEITHER}
