"""miniwdl's private names that we use are still there, and mean what they did."""

import logging

import pytest

pytest.importorskip("WDL", reason="core doesn't need miniwdl")


def test_a_line_with_fields() -> None:
    from miniwdl_aws_core.wdl_log import NOTICE_LEVEL, VERBOSE_LEVEL, message

    assert str(message("done", jobId="j-1", tries=2)) == 'done :: jobId: "j-1", tries: 2'
    assert logging.DEBUG < VERBOSE_LEVEL < logging.INFO < NOTICE_LEVEL < logging.WARNING + 1
