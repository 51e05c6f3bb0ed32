"""What linked buckets promise, through the whole submission: inputs without a copy, results without an upload."""

from __future__ import annotations

import re

import pytest

from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_local_cloud import Fault, FaultKind, LocalCloud

from .conftest import WDL

LINKED = str(WDL / "linked.wdl")
EXPORTED = str(WDL / "exported.wdl")
LINKS = {"s3://linked/refs": "/refs", "s3://linked/results": "/results"}
EXPORT = ("--publish", "export")
INPUTS = {
    "sample 1.bam": b"reads\n",
    "sample 1.bam.bai": b"index\n",
    "genome/chr1.fa": b">1\n",
    "genome/sub/größe %20.fa": b">2\n",
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """A cloud with linked buckets, in place of the worker's."""
    with LocalCloud(tmp_path_factory.mktemp("linked"), links=LINKS) as running:
        yield running


@pytest.fixture
def fsx(shell):
    return shell.client("fsx")


@pytest.fixture
def fsid(shell):
    (queue,) = shell.client("batch").describe_job_queues(jobQueues=["workflow"])["jobQueues"]
    return queue["tags"]["DefaultFsId"]


@pytest.fixture
def manual(shell, fsx, fsid):
    """A bucket that is linked, but from which nothing is imported by itself."""
    shell.client("s3").create_bucket(Bucket="manual", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    link = fsx.create_data_repository_association(
        FileSystemId=fsid, FileSystemPath="/manual", DataRepositoryPath="s3://manual"
    )["Association"]["AssociationId"]
    yield "s3://manual"
    fsx.delete_data_repository_association(AssociationId=link)


@pytest.fixture
def automatic_export(shell, fsx):
    """Automatic export on one of the links."""
    (link, *_rest) = fsx.describe_data_repository_associations()["Associations"]

    def switch(*events):
        fsx.update_data_repository_association(
            AssociationId=link["AssociationId"], S3={"AutoExportPolicy": {"Events": list(events)}}
        )

    switch("NEW")
    yield
    switch()


def put_inputs(shell, folder):
    bucket, _, prefix = folder.removeprefix("s3://").partition("/")
    for name, content in INPUTS.items():
        shell.client("s3").put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=content)
    return [f"reads={folder}/sample 1.bam", f"index={folder}/sample 1.bam.bai", f"references={folder}/genome/"]


def run_linked(shell, cloud, inputs):
    """Run the workflow; give how many objects were read from S3 for it, and the workflow job's log."""
    cloud.counts.reset()
    done = shell.submit(LINKED, *inputs, "--follow")
    gets = cloud.counts.read().get("s3:GetObject", 0)
    assert done.code == 0, done.stderr
    assert "reads\\nindex\\n>1\\n>2" in done.stdout + done.stderr
    return gets, done.stdout + done.stderr


def export_tasks(fsx):
    tasks = fsx.describe_data_repository_tasks()["DataRepositoryTasks"]
    return [task for task in tasks if task["Type"] == "EXPORT_TO_REPOSITORY"]


def test_linked_inputs_are_not_downloaded(shell, cloud):
    gets, _log = run_linked(shell, cloud, put_inputs(shell, "s3://linked/refs/v1"))
    assert gets == 0


def test_the_same_inputs_elsewhere_are_downloaded(shell, cloud):
    gets, _log = run_linked(shell, cloud, put_inputs(shell, "s3://demo/not-linked"))
    assert gets == len(INPUTS)


def test_what_is_not_imported_is_downloaded_until_it_is(shell, cloud, manual, fsid):
    inputs = put_inputs(shell, f"{manual}/v1")
    gets, log = run_linked(shell, cloud, inputs)
    assert gets > 0
    assert f"to import it: miniwdl-aws fsx import {manual}/v1/sample 1.bam" in log
    done = shell.run("miniwdl-aws", "fsx", "import", "--fsid", fsid, f"{manual}/v1/")
    assert (done.code, done.stdout.splitlines()[-1]) == (0, "succeeded: 4 of 4 files"), done.stderr
    gets, _log = run_linked(shell, cloud, inputs)
    assert gets == 0


def test_results_are_exported_then_released(shell, cloud, fsx, fsid):
    cloud.faults.add([Fault(FaultKind.EXPORT_FAILURE, path="*/137.txt")])
    before = len(export_tasks(fsx))
    cloud.counts.reset()
    done = shell.submit(EXPORTED, "count=200", "--s3upload", "s3://linked/results/many/", *EXPORT, "--follow")
    assert done.code == 0, done.stderr
    assert cloud.counts.read().get("s3:PutObject", 0) == 0, "nothing went through the workflow job's network"
    assert cloud.faults.pending() == []
    assert "exporting to s3://linked/results/many" in done.stderr, "the log tells how far it is"

    outputs = shell.read_json("s3://linked/results/many/outputs.json")
    files, odd, nested = (outputs[f"exported.{name}"] for name in ("files", "odd", "nested"))
    assert sorted(int(shell.read(uri)) for uri in files) == list(range(1, 201))
    assert sorted(shell.read(uri).decode().strip() for uri in odd) == sorted(uri.rsplit("/", 1)[-1] for uri in odd)
    assert len(odd) == 4
    assert shell.read(f"{nested.rstrip('/')}/deep/deeper/one") == b"1\n"
    prefix = nested.removeprefix("s3://linked/").rstrip("/")
    assert {f"{prefix}/deep/deeper/one", f"{prefix}/deep/two", f"{prefix}/empty/"} <= set(shell.keys("linked", prefix))

    first, retry, *_later, last = export_tasks(fsx)[before:]
    assert (first["Lifecycle"], first["Status"]["FailedCount"]) == ("FAILED", 1)
    assert [path.endswith("/137.txt") for path in retry["Paths"]] == [True]
    assert last["Paths"] == ["results/many/outputs.json"]

    where = ("--fsid", fsid, "s3://linked/results/many/")
    trial = shell.run("miniwdl-aws", "fsx", "release", "--dry-run", *where)
    assert trial.code == 0, trial.stderr
    assert re.match(r"/results/many: \d+ files, .* are in S3 \(s3://linked/results/many/?\)", trial.stdout)
    assert "stays" not in trial.stdout
    released = shell.run("miniwdl-aws", "fsx", "release", *where)
    assert (released.code, released.stdout.splitlines()[-1].split(":")[0]) == (0, "succeeded"), released.stdout


def test_an_older_outputs_json_goes_first(shell, cloud, fsx):
    s3 = shell.client("s3")
    s3.put_object(Bucket="linked", Key="results/older/outputs.json", Body=b"{}")
    cloud.faults.add([Fault(FaultKind.EXPORT_FAILURE, path="results/older/files/*", times=None)])
    try:
        done = shell.submit(EXPORTED, "--s3upload", "s3://linked/results/older/", *EXPORT, "--follow")
    finally:
        cloud.faults.clear()
    assert done.code != 0
    assert "S3AccessDenied" in done.stderr
    assert "results/older/outputs.json" not in shell.keys("linked", "results/older/")


def refused(shell, cloud, *arguments, code=ExitCode.REFUSED):
    """Submit what can't be exported, with a look and without; give the log, after a look that nothing ran."""
    early = shell.submit(EXPORTED, *arguments)
    assert (early.code, early.stdout) == (code, ""), early.stderr
    runs = cloud.state / "fsx/miniwdl_run"
    before = sorted(runs.glob("*"))
    done = shell.submit(EXPORTED, *arguments, "--follow", "--no-check")
    assert done.code == code, done.stderr
    assert "Traceback" not in done.stderr
    assert shell.children(done.job_id) == []
    assert sorted(runs.glob("*")) == before
    return done.stderr


def test_refused_with_automatic_export(shell, cloud, automatic_export):
    said = refused(shell, cloud, "--s3upload", "s3://linked/results/x/", *EXPORT)
    assert "automatic export is on for s3://linked/refs/" in said
    assert "hint: switch automatic export off, or publish by upload" in said


def test_refused_without_a_link(shell, cloud):
    said = refused(shell, cloud, "--s3upload", "s3://demo/x/", *EXPORT)
    assert "no data repository association covers it (there are: s3://linked/refs/, s3://linked/results/)" in said
    assert "link the bucket" in said


def test_refused_to_protect_what_is_there(shell, cloud):
    said = refused(shell, cloud, "--s3upload", "s3://linked/results/x/", *EXPORT, "--no-overwrite", code=ExitCode.USAGE)
    assert "--no-overwrite can't be kept by --publish export" in said


def test_refused_by_name(shell):
    done = shell.submit(EXPORTED, "--s3upload", "s3://linked/results/x/", "--publish", "ftp")
    assert done.code == 64
    assert "--publish" in done.stderr
    assert done.stdout == ""


def test_the_option_wins_over_the_environment(shell, folder):
    env = {"MINIWDL__AWS__PUBLISH": "export"}
    done = shell.submit(EXPORTED, "--s3upload", folder + "/", "--publish", "upload", "--follow", env=env)
    assert done.code == 0, done.stderr
    assert shell.read_json(f"{folder}/outputs.json")["exported.files"] == [f"{folder}/files/0/1.txt"]
