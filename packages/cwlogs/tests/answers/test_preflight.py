import pytest
from botocore.stub import Stubber

from miniwdl_aws_core.batch.job import DEFAULT_LOG_GROUP
from miniwdl_aws_cwlogs.answers.preflight import check_log_group
from miniwdl_aws_cwlogs.errors import LogAccessError
from miniwdl_aws_cwlogs.log_source import LogSource
from miniwdl_aws_cwlogs.stream import Page
from miniwdl_aws_hooks import CheckState

FOR_EVER = "can be read, keeps events for ever, which is charged by size and month"


class Readable:
    def get(self, _group, _stream, *, token, start_time):
        assert (token, start_time) == (None, None)
        return Page((), "f", None)


@pytest.mark.parametrize(("days", "said"), [(30, "can be read, keeps events for 30 days"), (None, FOR_EVER)])
def test_how_long_events_are_kept(days, said):
    found = check_log_group(Readable(), lambda _group: days)
    assert (found.state, found.message) == (CheckState.OK, said)


def test_whoever_may_not_ask_hears_nothing_of_it():
    def denied(_group):
        raise LogAccessError("no")

    found = check_log_group(Readable(), denied)
    assert (found.state, found.message) == (CheckState.OK, "can be read")


def test_the_group_itself_counts_and_none_that_begins_like_it(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    source = LogSource.connect("eu-west-1")
    groups = [{"logGroupName": f"{DEFAULT_LOG_GROUP}s", "retentionInDays": 1}, {"logGroupName": DEFAULT_LOG_GROUP}]
    with Stubber(source._client) as stub:
        for days in (None, 7):
            if days:
                groups[1]["retentionInDays"] = days
            stub.add_response("describe_log_groups", {"logGroups": groups})
            assert source.retention(DEFAULT_LOG_GROUP) == days
