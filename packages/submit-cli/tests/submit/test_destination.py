"""The folder of results is looked at before a run is submitted; what is known of it is a plugin's business."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_submit_cli.submit.command import main

FOLDER = ("--s3upload", "s3://bucket/out/")


@pytest.fixture
def submit(aws: Any, here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run the command; give its exit code and stderr."""

    def run(*words: str) -> tuple[int, str]:
        return main(["--workflow-queue", "workflow", "hello.wdl", "n=1", *words]), capsys.readouterr().err

    return run


def test_a_plugin_is_asked_once_and_what_it_notes_is_shown(parts: Any, submit: Callable[..., Any]) -> None:
    code, err = submit(*FOLDER, "--no-overwrite")
    assert code == 0
    assert "note: --s3upload: s3://bucket/out/ is known\n" in err
    (context,) = parts.destinations
    assert (context.folder, context.submitting, context.options.overwrite) == ("s3://bucket/out/", True, False)


def test_nobody_is_asked_where_nothing_is_uploaded_or_on_request(parts: Any, submit: Callable[..., Any]) -> None:
    assert submit()[0] == 0
    assert submit(*FOLDER, "--no-check")[0] == 0
    assert parts.destinations == []


@pytest.mark.parametrize(
    "obstacle",
    [
        AwsError("can't list s3://bucket/: no such bucket", kind=Kind.MISSING, hint="create it"),
        ConfigurationError("s3://bucket/out/ is protected", hint="name another"),
    ],
)
def test_what_stands_in_the_way_is_said_and_nothing_is_staged(
    parts: Any, submit: Callable[..., Any], here: Path, obstacle: Any
) -> None:
    parts.obstacle = obstacle
    (here / "ref.fa").write_text("A")
    code, err = submit(*FOLDER, "ref=ref.fa")
    assert (code, obstacle.message in err, obstacle.hint in err) == (64, True, True)
    assert parts.staged == []


@pytest.mark.parametrize("kind", [Kind.DENIED, Kind.UNREACHABLE, Kind.REFUSED])
def test_what_may_not_be_seen_from_here_stops_nobody(parts: Any, submit: Callable[..., Any], kind: Kind) -> None:
    parts.obstacle = AwsError("can't list s3://bucket/", kind=kind)
    code, err = submit(*FOLDER)
    assert (code, "can't list s3://bucket/; the job may have other rights" in err) == (0, True)
