import pytest

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_cwlogs.errors import NoLogError
from miniwdl_aws_cwlogs.target import refuse_without_log


def job(**details):
    return Job.of({"jobId": "j-1", "jobName": "align", "status": "RUNNING", **details})


@pytest.mark.parametrize(
    ("details", "message", "hint"),
    [
        ({"arrayProperties": {"size": 40}}, "array of 40 jobs", "j-1:0 to j-1:39"),
        ({"nodeProperties": {"numNodes": 4}}, "4 nodes", "'j-1#0' to 'j-1#3'"),
        ({"eksProperties": {}}, "EKS", "--group"),
        ({"container": {"logConfiguration": {"logDriver": "splunk"}}}, "driver splunk", "logConfiguration"),
    ],
)
def test_jobs_without_a_log_here(details, message, hint):
    with pytest.raises(NoLogError, match=message) as caught:
        refuse_without_log(job(**details))
    assert hint in caught.value.hint


def test_one_container_that_logs_here_is_enough():
    containers = [{"logConfiguration": {"logDriver": "splunk"}}, {"logStreamName": "s"}]
    refuse_without_log(job(ecsProperties={"taskProperties": [{"containers": containers}]}))


def test_children_of_arrays_are_jobs_like_others():
    refuse_without_log(job(arrayProperties={"index": 3}, container={"logStreamName": "s"}))
