import pytest

from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_hooks import CheckState, MiniwdlAwsError
from miniwdl_aws_hooks.findings import not_checked


def test_a_missing_permission_is_no_fault_of_what_is_looked_at():
    found = not_checked("network", AwsError("can't look", kind=Kind.DENIED, hint="allow ec2:DescribeSubnets"))
    assert (found.state, found.message) == (CheckState.UNKNOWN, "not checked: can't look")
    assert found.hint == "allow ec2:DescribeSubnets"


@pytest.mark.parametrize("error", [AwsError("no", kind=Kind.MISSING, hint="h"), MiniwdlAwsError("no", hint="h")])
def test_whatever_else_is_wrong_is_one(error):
    assert not_checked("network", error).state is CheckState.FAILED
    found = not_checked("network", error, CheckState.WARNING)
    assert (found.state, found.message, found.hint) == (CheckState.WARNING, "no", "h")
