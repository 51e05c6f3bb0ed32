"""
``miniwdl-aws infra`` on the local cloud: a stack's life, and a workflow on the queues that it made.

What moto can't deploy, and how that is looked at instead, says packages/infra/tests/test_template.py.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "genome_stats"


@pytest.fixture
def user(shell):
    """Somebody who has nothing but credentials: no queue, no image, no staging folder."""
    for name in ("MINIWDL__AWS__WORKFLOW_QUEUE", "MINIWDL__AWS__WORKFLOW_IMAGE", "MINIWDL__AWS__STAGING"):
        shell.environ.pop(name, None)
    return shell


def infra(shell, *words):
    return shell.run("miniwdl-aws", "infra", *words)


def outputs(shell, stack):
    return json.loads(infra(shell, "outputs", "--json", "--stack-name", stack).stdout)


def example(folder):
    """The example, with one task for each file of reads, as words of a command that is typed anywhere."""
    text = (EXAMPLE / "inputs.json").read_text().replace('"examples/', f'"{ROOT}/examples/')
    inputs = folder / "inputs.json"
    inputs.write_text(json.dumps({**json.loads(text), "genome_stats.reads_per_chunk": 1_000_000}))
    return str(EXAMPLE / "genome_stats.wdl"), "-i", str(inputs)


def names(table, verb):
    """Resources of which a preview says something."""
    return set(re.findall(rf"(?m)^{verb} +(\w+) ", table))


def test_one_lab_on_a_network_of_its_own(user):
    preview = infra(user, "preview")
    assert preview.code == 0
    assert {"FileSystem", "Bucket", "Vpc", "WorkflowQueue", "Link", "FallbackQueue"} <= names(preview.stdout, "make")
    assert not {"Arm64Queue", "GpuQueue", "QuayCache", "Budget"} & names(preview.stdout, "make")
    assert "no data affected" in preview.stderr
    assert infra(user, "status").code == 69, "a preview leaves no stack behind"

    deployed = infra(user, "deploy", "--yes")
    assert deployed.code == 0, deployed.stderr
    assert "LogRetentionDays=0" in deployed.stderr
    checks = re.findall(r"(?m)^(ok|warning|FAILED) +(.+?)  +", deployed.stdout)
    assert "workflow queue" in {subject for _, subject in checks}
    environments = {
        subject.split("-")[1] for _, subject in checks if subject.startswith("compute environment miniwdl-")
    }
    assert environments == {"WorkflowEnvironment", "TaskEnvironment", "FallbackEnvironment"}
    not_yet = [(state, subject.split(" ")[:2]) for state, subject in checks if state != "ok"]
    assert not_yet == [("warning", ["workflow", "image"])], "nobody has pushed it so far"

    found = outputs(user, "miniwdl")
    (system,) = user.client("fsx").describe_file_systems(FileSystemIds=[found["FileSystem"]])["FileSystems"]
    tags = user.client("batch").describe_job_queues(jobQueues=[found["WorkflowQueue"]])["jobQueues"][0]["tags"]
    assert tags["DefaultFsId"] == found["FileSystem"]
    assert tags["DefaultStaging"] == f"s3://{found['Bucket']}/staging/"
    assert tags["DefaultTaskQueueFallback"] == "miniwdl-fallback"
    (link,) = [
        item
        for item in user.client("fsx").describe_data_repository_associations()["Associations"]
        if item["FileSystemId"] == found["FileSystem"]
    ]
    assert (link["FileSystemPath"], link["DataRepositoryPath"]) == ("/s3", f"s3://{found['Bucket']}/")

    changed = infra(user, "deploy", "--yes", "--parameter", "Arm64MaxVcpus=8", "--parameter", "OnDemandFallback=no")
    assert changed.code == 0, changed.stderr
    assert names(changed.stdout, "make") == {"Arm64Environment", "Arm64Queue"}
    assert names(changed.stdout, "change") >= {"WorkflowQueue"}
    assert names(changed.stdout, "delete") == {"FallbackEnvironment", "FallbackQueue"}
    assert outputs(user, "miniwdl") == found

    deleted = infra(user, "delete", "--yes")
    assert deleted.code == 0, deleted.stderr
    assert f"the file system {found['FileSystem']} goes on to cost" in deleted.stderr
    assert f"aws fsx delete-file-system --file-system-id {found['FileSystem']}" in deleted.stdout
    assert user.client("fsx").describe_file_systems(FileSystemIds=[found["FileSystem"]])["FileSystems"] == [system]
    assert found["Bucket"] in [item["Name"] for item in user.client("s3").list_buckets()["Buckets"]]
    assert user.client("ec2").describe_subnets(SubnetIds=system["SubnetIds"])["Subnets"]
    assert user.client("batch").describe_job_queues(jobQueues=["miniwdl-workflow"])["jobQueues"] == []


@pytest.mark.filterwarnings("ignore::UserWarning")  # as an error in moto it would be asked again, and hide a refusal
def test_whoever_asks_gets_rid_of_the_file_system(user):
    assert infra(user, "deploy", "--yes", "--stack-name", "short").code == 0
    found = outputs(user, "short")
    deleted = infra(user, "delete", "--yes", "--with-file-system", "--stack-name", "short")
    assert deleted.code == 0, deleted.stderr
    assert f"all files on {found['FileSystem']} are lost" in deleted.stderr
    systems = [item["FileSystemId"] for item in user.client("fsx").describe_file_systems()["FileSystems"]]
    assert found["FileSystem"] not in systems
    assert found["Bucket"] in [item["Name"] for item in user.client("s3").list_buckets()["Buckets"]]


def test_a_shared_account_runs_a_workflow_by_outputs_alone(user, folder, tmp_path):
    """Existing network, file system and bucket, and queues that want shares."""
    fsx, ec2, batch = (user.client(name) for name in ("fsx", "ec2", "batch"))
    (environment,) = batch.describe_compute_environments(computeEnvironments=["task"])["computeEnvironments"]
    (subnet,) = environment["computeResources"]["subnets"]
    (group,) = environment["computeResources"]["securityGroupIds"]
    (queue,) = batch.describe_job_queues(jobQueues=["workflow"])["jobQueues"]
    system = queue["tags"]["DefaultFsId"]
    vpc = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    given = {
        "FileSystemId": system, "SecurityGroupId": group, "VpcId": vpc, "BucketName": "demo", "FairShare": "yes",
        "TaskMaxVcpus": "4", "WorkflowImage": "not-used-by-processes",
    }  # fmt: skip
    words = [word for name, value in given.items() for word in ("--parameter", f"{name}={value}")]
    deployed = infra(user, "deploy", "--yes", "--stack-name", "shared", *words)
    assert deployed.code == 0, deployed.stderr
    assert "FileSystemMountName=" in deployed.stderr
    assert not {"Vpc", "FileSystem", "Bucket", "Link", "SecurityGroup"} & names(deployed.stdout, "make")
    assert re.search(r"(?m)^ok +share identifier +everybody, for task jobs", deployed.stdout)

    steps = outputs(user, "shared")
    variables = dict(word.split("=", 1) for word in shlex.split(steps["Step1Queue"])[1:])
    assert "Step3Image" not in steps
    words = example(tmp_path)
    examined = user.run("miniwdl-aws", "doctor", "--wdl", *words, env=variables)
    assert examined.code == 0, examined.stdout
    assert re.search(r"(?m)^ok +tasks on job queue shared-task +its hosts hold gather, .* 2\.0 GiB", examined.stdout)
    ran = user.submit(*words, "--s3upload", f"{folder}/", "--wait", env=variables)
    assert ran.code == 0, ran.stderr
    queues = {
        job["jobQueue"].rpartition("/")[2] for job in user.client("batch").describe_jobs(jobs=[ran.job_id])["jobs"]
    }
    assert queues == {"shared-workflow"}
    assert user.read_json(f"{folder}/outputs.json").keys() >= {"genome_stats.plot", "genome_stats.stats"}

    assert infra(user, "delete", "--yes", "--stack-name", "shared").code == 0
    assert fsx.describe_file_systems(FileSystemIds=[system])["FileSystems"]
    assert user.client("s3").head_bucket(Bucket="demo")
