"""Inputs by URI that no plugin has looked at."""

import pytest

from miniwdl_aws_hooks import RemoteInput, get_manager
from miniwdl_aws_hooks.settings import EnvironSettings
from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.inputs.remote import look_at


def look(uri: str, *, directory: bool = False) -> list[str]:
    return look_at(get_manager(), [RemoteInput(uri, "reads", directory)], EnvironSettings({}), lambda _line: None)


@pytest.mark.parametrize(
    ("uri", "directory", "message"),
    [
        ("drs://example.org/1", False, "nothing here knows a file by drs://"),
        ("https://example.org/panel/", True, "nothing here knows a folder by https://"),
        ("file://host/data/a.fq", False, "it is on another machine"),
        ("file:///data/a.fq", False, "it is a path"),
        ("FILE://localhost/data/a.fq", False, "it is a path"),
    ],
)
def test_what_nothing_can_download_is_refused(uri: str, directory: bool, message: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        look(uri, directory=directory)
    assert caught.value.message == f"input reads: {uri} can't be downloaded: {message}"
    assert caught.value.hint
    if "path" in message:
        assert caught.value.hint == "name it by its path: /data/a.fq"


@pytest.mark.parametrize("uri", ["https://example.org/a", "http://example.org/a", "ftp://example.org/a"])
def test_what_miniwdl_downloads_itself_is_not(uri: str) -> None:
    assert look(uri) == [f"input {uri}: read by the job as named, not checked here"]
