"""What a submission needs to know once the queues are looked up: their tags are options, too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from miniwdl_aws_submit_cli.options.resolve import find, find_required, resolve
from miniwdl_aws_submit_cli.options.table import option
from miniwdl_aws_submit_cli.runs.shares import shares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_submit_cli.options.resolve import Settings
    from miniwdl_aws_submit_cli.runs.queues import QueueTable

__all__ = ["settings_on_queues"]


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
