import pytest

from miniwdl_aws_cwlogs.errors import NoLogError
from miniwdl_aws_cwlogs.target import StreamName, read_job


def job(**details):
    return {"jobId": "j-1", "jobName": "align", "status": "RUNNING", **details}


def test_a_running_job():
    logs = read_job(job(container={"logStreamName": "def/default/1"}))
    assert logs.streams == (StreamName("/aws/batch/job", "def/default/1"),)
    assert (logs.name, logs.ended) == ("align", False)


def test_a_job_that_waits_has_no_stream():
    logs = read_job(job(status="RUNNABLE", statusReason="MISCONFIGURATION:...", container={"vcpus": 1}))
    assert logs.streams == ()
    assert logs.status_reason == "MISCONFIGURATION:..."


def test_another_group_and_region():
    options = {"awslogs-group": "/lab/jobs", "awslogs-region": "us-east-1"}
    container = {"logStreamName": "s", "logConfiguration": {"logDriver": "awslogs", "options": options}}
    assert read_job(job(container=container)).streams == (StreamName("/lab/jobs", "s", "us-east-1"),)


def test_all_attempts_in_order_each_once():
    attempts = [
        {"container": {"logStreamName": "a1"}},
        {"container": {"reason": "lost"}},
        {"container": {"logStreamName": "a3"}},
    ]
    running = read_job(job(attempts=attempts[:2], container={"logStreamName": "a3"}))
    assert [stream.name for stream in running.streams] == ["a1", "a3"]
    ended = read_job(job(status="FAILED", attempts=attempts, container={"logStreamName": "a3"}, stoppedAt=5))
    assert ended.streams == running.streams
    assert ended.ended
    assert ended.stopped_at == 5


def test_attempts_use_the_jobs_log_configuration():
    container = {
        "logStreamName": "a2",
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/lab"}},
    }
    logs = read_job(job(attempts=[{"container": {"logStreamName": "a1"}}], container=container))
    assert [stream.group for stream in logs.streams] == ["/lab", "/lab"]


def test_several_containers():
    containers = [
        {"name": "main", "logStreamName": "m2"},
        {
            "name": "side",
            "logStreamName": "s2",
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/side"}},
        },
    ]
    attempt = {"taskProperties": [{"containers": [{"logStreamName": "m1"}, {"logStreamName": "s1"}]}]}
    logs = read_job(job(attempts=[attempt], ecsProperties={"taskProperties": [{"containers": containers}]}))
    assert [(stream.group, stream.name) for stream in logs.streams] == [
        ("/aws/batch/job", "m1"),
        ("/side", "s1"),
        ("/aws/batch/job", "m2"),
        ("/side", "s2"),
    ]


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
        read_job(job(**details))
    assert hint in caught.value.hint


def test_children_of_arrays_are_jobs_like_others():
    child = job(arrayProperties={"index": 3}, container={"logStreamName": "s"})
    assert len(read_job(child).streams) == 1
