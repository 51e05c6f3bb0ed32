from __future__ import annotations

import pytest

from miniwdl_aws_local_cloud.batch.retries import should_retry

SPOT = {"action": "RETRY", "onStatusReason": "Host EC2*"}
REST = {"action": "EXIT", "onReason": "*"}


@pytest.mark.parametrize(
    ("made", "attempts", "conditions", "code", "status_reason", "again"),
    [
        (1, 1, [], 1, "x", False),
        (1, 3, [], 1, "x", True),
        (3, 3, [], 1, "x", False),
        (1, 3, [SPOT, REST], None, "host ec2 (instance i-1) terminated.", True),
        (1, 3, [SPOT, REST], 1, "Essential container in task exited", False),
        (1, 3, [SPOT], 1, "Essential container in task exited", True),
        (1, 3, [{"action": "exit", "onExitCode": "13*"}], 137, "x", False),
        (1, 3, [{"action": "exit", "onExitCode": "13"}], 137, "x", True),
        (1, 3, [{"action": "exit", "onExitCode": "1", "onStatusReason": "y"}], 1, "x", True),
    ],
)
def test_conditions(made, attempts, conditions, code, status_reason, again) -> None:
    assert should_retry(made, attempts, conditions, exit_code=code, reason="", status_reason=status_reason) is again
