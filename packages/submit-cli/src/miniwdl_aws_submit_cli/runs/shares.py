"""
Which jobs of a run name a share: those whose queue has a scheduling policy, for AWS refuses the others with one. Pure.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_submit_cli.options.resolve import find, find_required, resolve
from miniwdl_aws_submit_cli.options.table import option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniwdl_aws_submit_cli.options.resolve import Resolved, Settings
    from miniwdl_aws_submit_cli.runs.queues import Queue, QueueTable

__all__ = ["Shares", "settings_on_queues", "shares"]


@dataclass(frozen=True)
class Shares:
    """Share identifiers of a run; ``None`` where jobs go without one."""

    workflow: str | None
    tasks: str | None


def shares(given: Resolved, workflow: Queue, tasks: Sequence[Queue]) -> Shares:
    """
    Decide which jobs get the share identifier.

    One that only some queues take is no mistake: a workflow queue is often served in order where tasks share. But all
    task queues must be alike, since a task goes from one to the other as it is.

    :param given: the share identifier, with where it comes from; its value is empty when there is none.
    :param workflow: queue of the workflow job.
    :param tasks: queues of its tasks.
    :raises ConfigurationError: naming a queue that would refuse its jobs.
    """
    share = given.value or None
    for queue in (workflow, *tasks):
        if queue.fair_share and not share:
            raise ConfigurationError(
                f"job queue {queue.name} has a scheduling policy: it takes no job without a share identifier",
                hint=option("--share").sources,
            )
    plain = [queue for queue in tasks if not queue.fair_share]
    if share and not workflow.fair_share and len(plain) == len(tasks):
        names = ", ".join(dict.fromkeys(queue.name for queue in (workflow, *tasks)))
        raise ConfigurationError(
            f"{given.source}: none of the job queues {names} has a scheduling policy, so they take no job with a share"
            " identifier",
            hint='leave it out (--share ""), or name queues with a scheduling policy',
        )
    if plain and len(plain) < len(tasks):
        raise ConfigurationError(
            f"{given.source}: job queue {plain[0].name} has no scheduling policy and takes no job with a share"
            " identifier, unlike the other queue for tasks",
            hint="name task queues that all have a scheduling policy, or none of them",
        )
    return Shares(share if workflow.fair_share else None, share if tasks and not plain else None)


def settings_on_queues(queues: QueueTable, given: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """
    Resolve all options with the workflow queue's tags.

    :param given: parsed options by dest.
    :raises ConfigurationError: when one is wrong, or a queue takes no jobs.
    """
    workflow_queue = find_required(option("--workflow-queue"), given, environ, {})
    workflow = queues.find(workflow_queue.value, workflow_queue.source)
    settings = resolve(given, environ, workflow.tags)
    named = [find(option(name), given, environ, workflow.tags) for name in ("--task-queue", "--task-queue-fallback")]
    tasks = [queues.find(found.value, found.source) for found in named if found.value]
    decided = shares(find(option("--share"), given, environ, workflow.tags), workflow, tasks)
    return replace(settings, workflow_share=decided.workflow, task_share=decided.tasks)
