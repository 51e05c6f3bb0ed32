"""How the hooks are asked: one function for each of them that needs more than a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.failures.classify import classify
from miniwdl_aws_hooks import (
    FailureVerdict,
    FileSystemContext,
    JobChange,
    JobChanges,
    JobContext,
    JobFailure,
    JobRole,
    Mount,
    MountContext,
    QueueContext,
    Settings,
)
from miniwdl_aws_hooks.guarding.guard import telling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pluggy

    from miniwdl_aws_hooks import PluginError

__all__ = ["Extensions"]


class Extensions:
    """The hooks that this backend calls."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        """Ask the plugins of a manager."""
        self._hook = manager.hook

    def mounts(self, root: str, settings: Settings) -> list[Mount]:
        """All volumes that plugins give to task jobs."""
        context = MountContext(role=JobRole.TASK, mount_point=root, settings=settings)
        answers: Sequence[Sequence[Mount]] = self._hook.miniwdl_aws_mounts(context=context)
        return [mount for answer in answers for mount in answer]

    def prepare_file_system(self, root: str, settings: Settings) -> None:
        """Let plugins make the shared file system ready for task jobs."""
        self._hook.miniwdl_aws_prepare_file_system(context=FileSystemContext(root, settings))

    def prepare(self, context: JobContext) -> list[JobChanges]:
        """What each plugin adds to a job."""
        answers: list[JobChanges] = self._hook.miniwdl_aws_prepare_job(context=context)
        return answers

    def queue(self, context: QueueContext) -> str:
        """The job queue of a try."""
        return self._hook.miniwdl_aws_select_queue(context=context) or context.queue

    def verdict(self, failure: JobFailure, on_error: Callable[[PluginError], None]) -> FailureVerdict:
        """Why a job failed."""
        with telling(on_error):
            return self._hook.miniwdl_aws_classify_failure(failure=failure) or classify(failure)

    def tell(self, change: JobChange, on_error: Callable[[PluginError], None]) -> None:
        """Tell every plugin of a change."""
        with telling(on_error):
            self._hook.miniwdl_aws_job_changed(change=change)
