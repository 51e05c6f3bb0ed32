from collections.abc import Mapping
from typing import Any

import pytest

from miniwdl_aws_s3_rails.workflow_job.reason import hint_of, reason_of

TOP = {"error": "RunFailed", "workflow": "align", "dir": "/mnt/fsx/20260101_000000_align"}
SORT = "call sub-1/sort (align.wdl, line 7): "
PLACE = {"source": "/tmp/x/align.wdl", "line": 7, "column": 3}


def failed(**cause: Any) -> dict[str, Any]:
    return {**TOP, "cause": {"dir": f"{TOP['dir']}/call-sub-1/call-sort", "pos": PLACE, **cause}}


@pytest.mark.parametrize(
    ("said", "code", "sentence"),
    [
        (failed(error="CommandFailed", exit_status=3), 3, f"{SORT}its command failed with exit code 3"),
        (
            failed(error="RuntimeError", message="long", explanation="the task used\n too much memory"),
            2,
            f"{SORT}the task used too much memory",
        ),
        (
            failed(error="DownloadFailed", message="unable to download s3://b/x", dir=TOP["dir"], pos=None),
            2,
            "workflow align: unable to download s3://b/x",
        ),
        ({"error": "ValidationError", "message": "odd"}, 2, "odd"),
        ({"error": "KeyError"}, 2, "KeyError"),
        ({**TOP, "cause": {"error": "E", "message": "null", "pos": {"line": 4}}}, 2, "workflow align (line 4): null"),
        ({}, 2, "miniwdl ended with exit code 2, and says why in its log alone"),
        ({"dir": "/x", "error": "E", "cause": "no object", "pos": []}, 2, "E"),
    ],
)  # fmt: skip
def test_the_sentence(said: Mapping[str, Any], code: int, sentence: str) -> None:
    assert reason_of(said, code) == sentence


def test_a_message_of_others_has_an_end() -> None:
    assert len(reason_of({"error": "E", "message": "x" * 10_000}, 2)) < 1000


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("host-lost", "--task-queue-fallback"),
        ("out-of-memory", "runtime.memory"),
        ("image-platform", "an image for"),
        ("tool-error", ""),
        ("a-plugins-own", ""),
    ],
)
def test_what_would_help_is_named(kind: str, what: str) -> None:
    assert what in hint_of(failed(**{"class": kind}))
    assert bool(what) == bool(hint_of(failed(**{"class": kind})))
