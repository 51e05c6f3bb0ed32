import logging

import pytest

from miniwdl_aws_core.run_files import StaleFileError, call_name, failed_call, make_way
from miniwdl_aws_hooks import MiniwdlAwsError

STDERR, STDOUT = "CommandFailed_stderr.txt", "CommandFailed_stdout.txt"


class Destination:
    def __init__(self, error: Exception | None = None) -> None:
        self.removed: list[str] = []
        self.error = error

    def remove(self, name: str) -> None:
        if self.error:
            raise self.error
        self.removed.append(name)


@pytest.mark.parametrize(
    ("files", "removed"),
    [
        (["a.bam"], ["outputs.json"]),
        (["error.json", "workflow.log"], ["outputs.json", STDERR, STDOUT]),
        (["error.json", STDERR], ["outputs.json", STDOUT]),
        (["outputs.json"], ["error.json", STDERR, STDOUT]),
    ],
)
def test_what_would_be_wrong_goes(files: list[str], removed: list[str]) -> None:
    destination = Destination()
    make_way(files, destination.remove)
    assert destination.removed == removed


@pytest.mark.parametrize("error", [MiniwdlAwsError("not allowed"), OSError("not allowed")])
def test_what_stays(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    destination = Destination(error)
    with pytest.raises(StaleFileError, match=r"not allowed; it is an earlier run's outputs\.json, and does not fit"):
        make_way(["a.bam"], destination.remove)
    with caplog.at_level(logging.WARNING):
        make_way(["outputs.json"], destination.remove)
    assert caplog.messages == [f"not allowed; it is an earlier run's {name}" for name in ("error.json", STDERR, STDOUT)]


@pytest.mark.parametrize(
    ("error", "path"),
    [
        ({"dir": "/r/w", "cause": {"dir": "/r/w/call-sub/call-sort"}}, "call-sub/call-sort"),
        ({"dir": "/r/w", "cause": {"dir": "/r/w2/call-sort"}}, ""),
        ({"dir": "/r/w", "cause": "text"}, ""),
        ({"cause": {"dir": "/call-sort"}}, ""),
    ],
)
def test_the_call_that_an_error_is_about(error, path):
    assert failed_call(error) == path


def test_a_call_is_named_as_users_do():
    assert call_name("call-sub-1/call-sort") == "sub-1/sort"
    assert call_name("") == ""
