import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from miniwdl_aws_s3_rails.inside_miniwdl.termination import stopped_on_termination


def test_a_flag_that_fails_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    met: list[Exception] = [OSError("odd"), OSError("odd")]

    def terminating() -> bool:
        if met:
            raise met.pop(0)
        return True

    @contextmanager
    def flag(_logger: logging.Logger) -> Iterator[Callable[[], bool]]:
        yield terminating

    monkeypatch.setattr("miniwdl_aws_s3_rails.inside_miniwdl.termination.TerminationSignalFlag", flag)
    stopped = threading.Event()
    with stopped_on_termination(logging.getLogger("test"), stopped.set, period=0):
        assert stopped.wait(10)
    assert caplog.text.count("cannot tell whether the run is being terminated") == 1
