"""Commands of other parts name runs as users do."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_hooks import Command, SubmitEnvironment, SubmitOption, hookimpl
from miniwdl_aws_hooks.manager import get_manager

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator


@pytest.fixture
def seen() -> Iterator[list[Any]]:
    """What a command of another part finds: `miniwdl-aws peek RUN`."""
    found: list[Any] = []

    def look(args: Namespace) -> int:
        with args.open_runs() as find:
            run = find(args.run)
            found.extend([run, run.task_jobs()])
        return 0

    class Other:
        @hookimpl
        def miniwdl_aws_commands(self) -> list[Command]:
            """Add a command."""
            return [Command("peek", "look", lambda parser: parser.add_argument("run"), look, finds_runs=True)]

    plugin = Other()
    get_manager().register(plugin, "peek")
    yield found
    get_manager().unregister(plugin)


@pytest.mark.parametrize("word", ["last", "hello", "{job_id}"])
def test_a_run_is_found_by_what_users_call_it(
    manage: Callable[..., Any], job_id: str, seen: list[Any], word: str
) -> None:
    done = manage("peek", word.format(job_id=job_id))
    assert done[0] == 0, done
    run, tasks = seen
    assert (run.name, run.job["jobId"], run.command, tasks) == ("hello", job_id, f"miniwdl-aws rerun {job_id}", [])


def test_it_says_the_options_that_found_it(manage: Callable[..., Any], job_id: str, seen: list[Any]) -> None:
    class Place:
        @hookimpl
        def miniwdl_aws_submit_options(self) -> list[SubmitOption]:
            """Add an option."""
            return [SubmitOption("--at", "place", lambda _args: nullcontext(SubmitEnvironment()), metavar="PLACE")]

    plugin = Place()
    get_manager().register(plugin, "place")
    try:
        assert manage("peek", job_id, "--at", "my place")[0] == 0
    finally:
        get_manager().unregister(plugin)
    assert (seen[0].options, seen[0].command) == ("--at 'my place'", f"miniwdl-aws rerun {job_id} --at 'my place'")


def test_one_that_is_not_there_is_said(manage: Callable[..., Any], job_id: str, seen: list[Any]) -> None:
    code, _out, err = manage("peek", "other")
    assert (code, "there is no run other in queue workflow" in err) == (64, True)
