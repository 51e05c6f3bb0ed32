import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from miniwdl_aws_hooks import SubmitEnvironment, SubmitOption
from miniwdl_aws_submit_cli.options.surroundings import enter

EVENTS: list[str] = []


@contextmanager
def cloud(args: Namespace) -> Iterator[SubmitEnvironment]:
    EVENTS.append(f"up {args.waiting}")
    yield SubmitEnvironment(
        {"AWS_ENDPOINT_URL": "http://cloud", "AWS_PROFILE": ""}, lambda: ["it was here"], needs_image=False
    )
    EVENTS.append("down " + os.environ.get("AWS_ENDPOINT_URL", ""))


OPTIONS = [SubmitOption("--my-cloud", "help", cloud), SubmitOption("--other", "help", cloud, metavar="X")]


def test_variables_hold_while_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://before")
    EVENTS.clear()
    with ExitStack() as stack:
        found = enter(OPTIONS, Namespace(my_cloud=True, other=None, waiting=True), stack)
        assert os.environ["AWS_ENDPOINT_URL"] == "http://cloud"
        assert "AWS_PROFILE" not in os.environ
    assert (os.environ["AWS_PROFILE"], os.environ["AWS_ENDPOINT_URL"]) == ("mine", "http://before")
    assert found.words == ("--my-cloud",)
    assert found.needs_image is False
    assert found.closing_lines() == ["it was here"]
    assert EVENTS == ["up True", "down http://before"]


def test_without_options_nothing_is_entered() -> None:
    with ExitStack() as stack:
        found = enter(OPTIONS, Namespace(my_cloud=False, other=None), stack)
    assert (found.words, found.needs_image, found.closing_lines()) == ((), True, [])


def test_a_value_is_part_of_the_words() -> None:
    with ExitStack() as stack:
        found = enter(OPTIONS, Namespace(my_cloud=False, other="a b", waiting=False), stack)
    assert found.words == ("--other", "a b")


def test_what_says_how_a_run_goes_is_not_for_the_commands_that_come_back() -> None:
    how = SubmitOption("--how", "help", cloud, submit_only=True)
    with ExitStack() as stack:
        found = enter([*OPTIONS, how], Namespace(my_cloud=True, other=None, how=True, waiting=False), stack)
        assert os.environ["AWS_ENDPOINT_URL"] == "http://cloud"
    assert found.words == ("--my-cloud",)
    assert len(found.closing) == 2
