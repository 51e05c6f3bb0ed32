"""
Where plain moto and the local cloud answer differently, and who is right by AWS's pages.

The one table of it: ``test_probe.py`` finds it complete, and docs/explanation/local-cloud.md has it from here. Answers
that AWS's pages contradict on both sides are here too.
"""

from __future__ import annotations

from typing import NamedTuple

LOCAL, NEITHER = "local cloud", "neither"
REFUSED = "refused: ClientException"
_BATCH = "https://docs.aws.amazon.com/batch/latest/APIReference/API_{}.html"
_GUIDE = "https://docs.aws.amazon.com/batch/latest/userguide/{}.html"
_FSX = "https://docs.aws.amazon.com/fsx/latest/APIReference/API_{}.html"
_LOGS = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_{}.html"
_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_{}.html"


class Difference(NamedTuple):
    """What two clouds answer to one request."""

    what: str
    """The request, as the probe names it."""
    moto: str
    local: str
    right: str
    page: str
    """Address of AWS's page that says so."""


def _too_lax(what: str, page: str, moto: str = "accepted") -> Difference:
    """Note a request that moto takes, and that AWS refuses."""
    return Difference(what, moto, REFUSED, LOCAL, page)


DIFFERENCES: tuple[Difference, ...] = (
    Difference("DescribeJobs of no job", "every job", "none", LOCAL, _BATCH.format("DescribeJobs")),
    _too_lax("DescribeJobs of 101 jobs", _BATCH.format("DescribeJobs")),
    Difference("DescribeJobs, its exit code", "not told", "3", LOCAL, _BATCH.format("ContainerDetail")),
    Difference(
        "DescribeJobs, the exit code of its attempt", "not told", "3", LOCAL, _BATCH.format("AttemptContainerDetail")
    ),
    Difference(
        "DescribeJobs, why it ended", "not told", "Essential container in task exited", LOCAL,
        _BATCH.format("JobDetail"),
    ),
    Difference("DescribeJobs, its image", "not told", "told", LOCAL, _BATCH.format("ContainerDetail")),
    Difference("DescribeJobs, what it needed", "not told", "told", LOCAL, _BATCH.format("ContainerDetail")),
    Difference("DescribeJobs, how often it was to be tried", "not told", "1", LOCAL, _BATCH.format("JobDetail")),
    Difference("DescribeJobs, where it ran", "not told", "EC2", LOCAL, _BATCH.format("JobDetail")),
    _too_lax("ListJobs without a queue", _BATCH.format("ListJobs"), "none"),
    Difference("ListJobs without a state", "one", "none", LOCAL, _BATCH.format("ListJobs")),
    Difference("ListJobs by a definition that nobody used", "one", "none", LOCAL, _BATCH.format("ListJobs")),
    Difference("ListJobs that begin in the future", "one", "none", LOCAL, _BATCH.format("ListJobs")),
    _too_lax("ListJobs by an unknown filter", _BATCH.format("ListJobs"), "one"),
    _too_lax("ListJobs by two filters", _BATCH.format("ListJobs"), "one"),
    _too_lax("ListJobs from a wrong page on", _BATCH.format("ListJobs"), "one"),
    Difference("SubmitJob without a name", "refused: 500", REFUSED, LOCAL, _BATCH.format("SubmitJob")),
    Difference("SubmitJob without a definition", "refused: 500", REFUSED, LOCAL, _BATCH.format("SubmitJob")),
    _too_lax("SubmitJob to a queue that is DISABLED", _BATCH.format("UpdateJobQueue")),
    Difference(
        "SubmitJob of a definition by its ARN without a revision", REFUSED, "accepted", LOCAL,
        _BATCH.format("SubmitJob"),
    ),
    Difference("SubmitJob with a name of one letter", REFUSED, "accepted", LOCAL, _BATCH.format("SubmitJob")),
    _too_lax("SubmitJob with a share, to a queue without them", _BATCH.format("SubmitJob")),
    Difference("SubmitJob with 51 tags", "refused: ValidationError", REFUSED, LOCAL, _BATCH.format("SubmitJob")),
    Difference(
        "SubmitJob with a tag of AWS's", "refused: ValidationError", REFUSED, LOCAL, _BATCH.format("SubmitJob")
    ),
    _too_lax("SubmitJob with a timeout of 59 seconds", _BATCH.format("JobTimeout")),
    _too_lax("SubmitJob with 11 attempts", _BATCH.format("RetryStrategy")),
    _too_lax("SubmitJob with conditions for another try and no attempts", _BATCH.format("RetryStrategy")),
    _too_lax("SubmitJob with 21 dependencies", _BATCH.format("SubmitJob")),
    _too_lax("SubmitJob with an empty word in its command", _BATCH.format("ContainerOverrides")),
    _too_lax("SubmitJob with a reserved variable", _BATCH.format("ContainerOverrides")),
    _too_lax("SubmitJob of 31 KiB", _GUIDE.format("service_limits")),
    _too_lax("SubmitJob as an array of one", _BATCH.format("SubmitJob")),
    Difference(
        "DescribeJobs, why it ended, after all that", "probe", "Essential container in task exited", LOCAL,
        _BATCH.format("TerminateJob"),
    ),
    _too_lax("TerminateJob without a reason", _BATCH.format("TerminateJob")),
    _too_lax("TerminateJob with a reason of 1025 letters", _BATCH.format("TerminateJob")),
    Difference("TerminateJobs of an ended job", "refused: 404", "accepted", LOCAL, _BATCH.format("TerminateJobs")),
    _too_lax("TagResource beyond 50 tags", _GUIDE.format("tag-restrictions")),
    Difference("GetJobQueueSnapshot", "refused: 404", "accepted", LOCAL, _BATCH.format("GetJobQueueSnapshot")),
    _too_lax("RegisterJobDefinition with a blank in its name", _BATCH.format("RegisterJobDefinition")),
    _too_lax("RegisterJobDefinition with an image of 256 letters", _BATCH.format("ContainerProperties")),
    _too_lax("RegisterJobDefinition of 25 KiB", _GUIDE.format("service_limits")),
    _too_lax("RegisterJobDefinition with a timeout of 59 seconds", _BATCH.format("JobTimeout")),
    _too_lax("RegisterJobDefinition with six conditions", _BATCH.format("RetryStrategy")),
    _too_lax("RegisterJobDefinition with 51 tags", _BATCH.format("RegisterJobDefinition")),
    Difference(
        "FilterLogEvents of an unknown stream", "no events", "refused: ResourceNotFoundException", LOCAL,
        _LOGS.format("FilterLogEvents"),
    ),
    Difference(
        "FilterLogEvents of 101 streams", "accepted", "refused: InvalidParameterException", LOCAL,
        _LOGS.format("FilterLogEvents"),
    ),
    Difference("PutObject with a wrong checksum", "accepted", "accepted", NEITHER, _S3.format("Error")),
    Difference("PutObject with a key of 1025 bytes", "accepted", "accepted", NEITHER, _S3.format("Error")),
    Difference(
        "DescribeFileSystems of an unknown one", "none", "refused: FileSystemNotFound", LOCAL,
        _FSX.format("DescribeFileSystems"),
    ),
    Difference("DescribeFileSystems, its state", "not told", "AVAILABLE", LOCAL, _FSX.format("FileSystem")),
    Difference("DescribeFileSystems, its version", "not told", "2.15", LOCAL, _FSX.format("FileSystem")),
    Difference(
        "DescribeFileSystems, the name to mount", "not told", "told", LOCAL,
        _FSX.format("LustreFileSystemConfiguration"),
    ),
    Difference(
        "DescribeDataRepositoryAssociations", "refused: 500", "none", LOCAL,
        _FSX.format("DescribeDataRepositoryAssociations"),
    ),
)  # fmt: skip
