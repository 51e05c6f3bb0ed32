"""The same requests to two clouds, and what each answers, in one word where it can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCEPTED = "accepted"
LOG_GROUP, EMPTY_STREAM = "/aws/batch/job", "second-opinion/empty"
NOBODY = "00000000-0000-0000-0000-000000000000"
STOP = {"action": "EXIT", "onReason": "*"}
QUEUE, DISABLED = "probe", "disabled"
"""Queues of the probe's own: one takes jobs."""


@dataclass(frozen=True)
class Known:
    """What there is in a cloud that requests can be about."""

    job: str
    """Id of a job that has ended with exit code 3, and wrote two lines."""
    stream: str
    """Name of its log stream."""
    definition: str
    """ARN of a definition whose jobs end at once, one way or the other."""
    file_system: str
    bucket: str = "demo"
    """Has the object ``present``, of 7 bytes."""


@dataclass(frozen=True)
class Ask:
    """A request, and what of its answer is compared."""

    what: str
    """In words, for the table in the documentation."""
    operation: str
    """Service and method of its client: ``batch.submit_job``."""
    arguments: Callable[[Known], dict[str, Any]]
    read: Callable[[dict[str, Any]], Any] = field(default=lambda _answer: ACCEPTED)

    def of(self, clients: Mapping[str, Any], known: Known) -> str:
        """Ask a cloud; the code of what it refuses, else what is read of its answer."""
        service, _, method = self.operation.partition(".")
        try:
            answer = getattr(clients[service], method)(**self.arguments(known))
        except ClientError as exc:
            return f"refused: {exc.response['Error']['Code']}"
        return _in_words(self.read(answer))


def _in_words(found: object) -> str:
    if found is None:
        return "not told"
    if isinstance(found, bool):
        return "told" if found else "not told"
    return (", ".join(map(str, found)) or "none") if isinstance(found, list) else str(found)


def clients_of(environ: Mapping[str, str], **options: Any) -> dict[str, Any]:
    """Make clients that check nothing themselves and ask once."""
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return {
        name: boto3.client(
            name,
            endpoint_url=environ["AWS_ENDPOINT_URL"],
            region_name=environ["AWS_DEFAULT_REGION"],
            aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
            config=config,
            **options,
        )
        for name in ("batch", "fsx", "logs", "s3")
    }


def _said(request: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is ``None``."""
    return {name: value for name, value in request.items() if value is not None}


def submit(what: str, **request: Any) -> Ask:
    """Ask for a job that is like any other but for what is said."""

    def arguments(known: Known) -> dict[str, Any]:
        return _said({"jobName": "probe", "jobQueue": QUEUE, "jobDefinition": known.definition, **request})

    return Ask(f"SubmitJob {what}", "batch.submit_job", arguments)


def submit_by(what: str, name_of: Callable[[str], str]) -> Ask:
    """
    Ask for a job by one of its definition's names.

    :param name_of: makes it of the definition's ARN.
    """
    return Ask(
        f"SubmitJob {what}", "batch.submit_job",
        lambda known: {"jobName": "probe", "jobQueue": QUEUE, "jobDefinition": name_of(known.definition)},
    )  # fmt: skip


def register(what: str, **request: Any) -> Ask:
    """Ask for a definition that is like any other but for what is said."""
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
    container = _said({"image": "none", "resourceRequirements": needs, **request.pop("containerProperties", {})})
    whole = {"jobDefinitionName": "probed", "type": "container", "containerProperties": container, **request}
    return Ask(f"RegisterJobDefinition {what}", "batch.register_job_definition", lambda _known: whole)


def describe(what: str, read: Callable[[dict[str, Any]], Any]) -> Ask:
    """Ask what a job that has ended was."""
    return Ask(
        f"DescribeJobs, {what}", "batch.describe_jobs", lambda known: {"jobs": [known.job]},
        lambda answer: read(answer["jobs"][0]),
    )  # fmt: skip


def listed(what: str, **request: Any) -> Ask:
    """Ask for the jobs of a queue; only how many there are can be compared."""
    return Ask(
        f"ListJobs {what}", "batch.list_jobs", lambda _known: _said({"jobQueue": QUEUE, **request}),
        lambda answer: ["none", "one", "more"][min(len(answer["jobSummaryList"]), 2)],
    )  # fmt: skip


def _events(answer: dict[str, Any]) -> str:
    return f"{len(answer['events']) or 'no'} events"


def events(what: str, read: Callable[[dict[str, Any]], Any] = _events, **request: Any) -> Ask:
    """Ask for the log of a job that has ended."""
    return Ask(
        f"GetLogEvents {what}", "logs.get_log_events",
        lambda known: {
            "logGroupName": LOG_GROUP, "logStreamName": known.stream, "startFromHead": True, **request,
        },
        read,
    )  # fmt: skip


def in_s3(what: str, method: str, read: Callable[[dict[str, Any]], Any] = lambda _a: ACCEPTED, **request: Any) -> Ask:
    """Ask for something of a bucket."""
    return Ask(what, f"s3.{method}", lambda known: {"Bucket": known.bucket, **request}, read)


def _stop(what: str, method: str, **request: Any) -> Ask:
    name = {"terminate_job": "TerminateJob", "cancel_job": "CancelJob"}[method]
    return Ask(
        f"{name} {what}", f"batch.{method}", lambda known: _said({"jobId": known.job, "reason": "probe", **request})
    )


ASKS: tuple[Ask, ...] = (
    Ask("DescribeJobs of an unknown job", "batch.describe_jobs", lambda _: {"jobs": [NOBODY]}, lambda a: a["jobs"]),
    Ask("DescribeJobs of no job", "batch.describe_jobs", lambda _: {"jobs": []}, lambda a: a["jobs"] and "every job"),
    Ask("DescribeJobs of 101 jobs", "batch.describe_jobs", lambda _: {"jobs": [f"{NOBODY}{i}" for i in range(101)]}),
    describe("its state", lambda job: job["status"]),
    describe("its exit code", lambda job: job["container"].get("exitCode")),
    describe("the exit code of its attempt", lambda job: job["attempts"][0]["container"].get("exitCode")),
    describe("why it ended", lambda job: job.get("statusReason")),
    describe("its image", lambda job: "image" in job["container"]),
    describe("what it needed", lambda job: "resourceRequirements" in job["container"]),
    describe("how often it was to be tried", lambda job: job.get("retryStrategy", {}).get("attempts")),
    describe("where it ran", lambda job: job.get("platformCapabilities")),
    listed("without a queue", jobQueue=None),
    listed("of an unknown queue", jobQueue="nowhere", jobStatus="FAILED"),
    listed("without a state"),
    listed("of an unknown state", jobStatus="ASLEEP"),
    listed("by a name that ends in *", filters=[{"name": "JOB_NAME", "values": ["FOR-TH*"]}]),
    listed("by a definition that nobody used", filters=[{"name": "JOB_DEFINITION", "values": ["nowhere"]}]),
    listed("that begin in the future", filters=[{"name": "AFTER_CREATED_AT", "values": ["99999999999999"]}]),
    listed("by an unknown filter", filters=[{"name": "COLOUR", "values": ["red"]}]),
    listed("by two filters", filters=[{"name": "JOB_NAME", "values": ["for-the-probe", "x"]}] * 2),
    listed("from a wrong page on", jobStatus="FAILED", nextToken="nonsense"),
    submit("with nothing special"),
    submit("without a name", jobName=None),
    submit("without a queue", jobQueue=None),
    submit("without a definition", jobDefinition=None),
    submit("to an unknown queue", jobQueue="nowhere"),
    submit("to a queue that is DISABLED", jobQueue=DISABLED),
    submit("of an unknown definition", jobDefinition="nowhere"),
    submit_by("of a definition by its ARN", lambda arn: arn),
    submit_by("of a definition by its ARN without a revision", lambda arn: arn.rpartition(":")[0]),
    submit_by("of a definition by a revision that is no number", lambda arn: f"{arn.rpartition(':')[0]}:newest"),
    submit("with a name of one letter", jobName="a"),
    submit("with a name of 129 letters", jobName="a" * 129),
    submit("with a slash in its name", jobName="a/b"),
    submit("with a share, to a queue without them", shareIdentifier="lab"),
    submit("with 51 tags", tags={f"k{i}": "v" for i in range(51)}),
    submit("with a tag of AWS's", tags={"aws:mine": "v"}),
    submit("with a timeout of 59 seconds", timeout={"attemptDurationSeconds": 59}),
    submit("with 11 attempts", retryStrategy={"attempts": 11}),
    submit("with conditions for another try and no attempts", retryStrategy={"evaluateOnExit": [STOP]}),
    submit("with 21 dependencies", dependsOn=[{"jobId": NOBODY}] * 21),
    submit("with an empty word in its command", containerOverrides={"command": ["echo", ""]}),
    submit("with a reserved variable", containerOverrides={"environment": [{"name": "AWS_BATCH_X", "value": "1"}]}),
    submit("of 31 KiB", parameters={"long": "x" * 31 * 1024}),
    submit("as an array of one", arrayProperties={"size": 1}),
    submit("as an array of two", arrayProperties={"size": 2}),
    _stop("of an ended job", "terminate_job"),
    describe("why it ended, after all that", lambda job: job.get("statusReason")),
    _stop("of an unknown job", "terminate_job", jobId=NOBODY),
    _stop("without a reason", "terminate_job", reason=None),
    _stop("with a reason of 1025 letters", "terminate_job", reason="x" * 1025),
    _stop("of an ended job", "cancel_job"),
    Ask(
        "TerminateJobs of an ended job", "batch.terminate_jobs",
        lambda known: {"jobs": [known.job], "reason": "probe"},
    ),
    Ask(
        "TagResource beyond 50 tags", "batch.tag_resource",
        lambda known: {"resourceArn": known.definition, "tags": {f"k{i}": "v" for i in range(51)}},
    ),
    Ask("GetJobQueueSnapshot", "batch.get_job_queue_snapshot", lambda _: {"jobQueue": QUEUE}),
    register("with nothing special"),
    register("with a blank in its name", jobDefinitionName="a b"),
    register("without an image", containerProperties={"image": None}),
    register("with an image of 256 letters", containerProperties={"image": "x" * 256}),
    register("of 25 KiB", parameters={"long": "x" * 25 * 1024}),
    register("with a timeout of 59 seconds", timeout={"attemptDurationSeconds": 59}),
    register("with six conditions", retryStrategy={"attempts": 2, "evaluateOnExit": [STOP] * 6}),
    register("with 51 tags", tags={f"k{i}": "v" for i in range(51)}),
    Ask(
        "DescribeJobDefinitions of an unknown name", "batch.describe_job_definitions",
        lambda _: {"jobDefinitionName": "nowhere"}, lambda answer: answer["jobDefinitions"],
    ),
    Ask("DeregisterJobDefinition of none", "batch.deregister_job_definition", lambda _: {"jobDefinition": "no:1"}),
    events("of a job"),
    events("of an unknown stream", logStreamName="nowhere"),
    events("of an unknown group", logGroupName="/nowhere"),
    events("of a stream without events", logStreamName=EMPTY_STREAM),
    events("at the end of a stream without events", lambda a: bool(a["nextForwardToken"]), logStreamName=EMPTY_STREAM),
    events("with a wrong token", nextToken="nonsense"),
    events("with a limit of 10,001", limit=10_001),
    Ask(
        "FilterLogEvents of a job", "logs.filter_log_events",
        lambda known: {"logGroupName": LOG_GROUP, "logStreamNames": [known.stream]}, _events,
    ),
    Ask(
        "FilterLogEvents of an unknown stream", "logs.filter_log_events",
        lambda _: {"logGroupName": LOG_GROUP, "logStreamNames": ["nowhere"]}, _events,
    ),
    Ask(
        "FilterLogEvents of 101 streams", "logs.filter_log_events",
        lambda _: {"logGroupName": LOG_GROUP, "logStreamNames": [f"s{i}" for i in range(101)]},
    ),
    in_s3("HeadObject of a missing key", "head_object", Key="absent"),
    in_s3("HeadObject in a missing bucket", "head_object", Bucket="nowhere", Key="absent"),
    in_s3("GetObject of a missing key", "get_object", Key="absent"),
    in_s3("GetObject of bytes behind the end", "get_object", Key="present", Range="bytes=7-"),
    in_s3("GetObject if it has changed", "get_object", Key="present", IfMatch='"0"'),
    in_s3("PutObject over what is there, if nothing is", "put_object", Key="present", Body=b"", IfNoneMatch="*"),
    in_s3("PutObject with a wrong checksum", "put_object", Key="wrong", Body=b"x", ChecksumCRC32="AAAAAA=="),
    in_s3("PutObject with a key of 1025 bytes", "put_object", Key="x" * 1025, Body=b""),
    in_s3("PutObject with .. in the key", "put_object", Key="a/../b", Body=b""),
    in_s3("PutObject with an empty part in the key", "put_object", Key="a//b", Body=b""),
    in_s3("PutObject below a key that is there", "put_object", Key="present/below", Body=b""),
    in_s3("DeleteObject of a missing key", "delete_object", Key="absent"),
    in_s3("ListObjectsV2 of a missing bucket", "list_objects_v2", Bucket="nowhere"),
    in_s3("ListObjectsV2 below nothing", "list_objects_v2", lambda a: a["KeyCount"], Prefix="absent/"),
    in_s3("AbortMultipartUpload of none", "abort_multipart_upload", Key="absent", UploadId="nonsense"),
    Ask(
        "DescribeFileSystems of an unknown one", "fsx.describe_file_systems",
        lambda _: {"FileSystemIds": ["fs-0123456789abcdef0"]}, lambda answer: answer["FileSystems"],
    ),
    Ask(
        "DescribeFileSystems, its state", "fsx.describe_file_systems",
        lambda known: {"FileSystemIds": [known.file_system]}, lambda a: a["FileSystems"][0].get("Lifecycle"),
    ),
    Ask(
        "DescribeFileSystems, its version", "fsx.describe_file_systems",
        lambda known: {"FileSystemIds": [known.file_system]},
        lambda answer: answer["FileSystems"][0].get("FileSystemTypeVersion"),
    ),
    Ask(
        "DescribeFileSystems, the name to mount", "fsx.describe_file_systems",
        lambda known: {"FileSystemIds": [known.file_system]},
        lambda answer: "MountName" in answer["FileSystems"][0].get("LustreConfiguration", {}),
    ),
    Ask(
        "DescribeDataRepositoryAssociations", "fsx.describe_data_repository_associations", lambda _: {},
        lambda answer: answer["Associations"],
    ),
)  # fmt: skip
