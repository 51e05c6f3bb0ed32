"""What miniwdl says as it ends: texts of tasks are in it."""

import json

import pytest

from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_s3_rails.errors import AnswerError
from miniwdl_aws_s3_rails.products.ending import read_answer

GOOD = b'{"outputs": {}, "dir": "/mnt/fsx/run"}'


def deep(levels: int) -> bytes:
    return b'{"outputs": {"wf.x": ' + b"[" * levels + b"]" * levels + b'}, "dir": "/mnt/fsx/run"}'


def test_it_is_read() -> None:
    assert read_answer(GOOD, uploads=True) == json.loads(GOOD)


@pytest.mark.parametrize("said", [deep(300), deep(100_000), b'{"a": ' + b"9" * 5000 + b"}", b'{"outputs'])
def test_outputs_that_nobody_should_read_are_not_taken_for_none(said: bytes) -> None:
    with pytest.raises(AnswerError, match="nothing is uploaded") as caught:
        read_answer(said, uploads=True)
    assert caught.value.exit_code == ExitCode.UPLOAD_FAILED
    assert read_answer(said, uploads=False) == {}


@pytest.mark.parametrize("said", [b"", b"usage: miniwdl run", b"[]"])
def test_nothing_is_said_of_a_run(said: bytes) -> None:
    assert read_answer(said, uploads=True) == {}
