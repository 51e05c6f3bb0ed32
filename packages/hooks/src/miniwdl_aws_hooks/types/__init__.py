"""
The plain types that travel through the hooks: frozen dataclasses and enumerations, nothing that acts.

By subject: :mod:`~miniwdl_aws_hooks.types.jobs`, :mod:`~miniwdl_aws_hooks.types.files`,
:mod:`~miniwdl_aws_hooks.types.reports`, :mod:`~miniwdl_aws_hooks.types.watching`, :mod:`~miniwdl_aws_hooks.types.cli`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.lazy import names_from

if TYPE_CHECKING:
    from miniwdl_aws_hooks.types.cli import Command, FoundRun, SubmitEnvironment, SubmitOption
    from miniwdl_aws_hooks.types.files import (
        DestinationContext,
        FetchReport,
        FetchRequest,
        InputFinding,
        InputsContext,
        LocalizeRequest,
        PublishOptions,
        PublishReport,
        PublishRequest,
        RemoteInput,
        StageItem,
        StageRequest,
        StageResult,
    )
    from miniwdl_aws_hooks.types.jobs import (
        FailureClass,
        FailurePolicy,
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
    )
    from miniwdl_aws_hooks.types.reports import EndedRun, RunEnded, RunReport
    from miniwdl_aws_hooks.types.watching import (
        Check,
        CheckState,
        FollowRequest,
        LogEvent,
        PreflightContext,
        TaskNeeds,
    )

__all__ = [
    "Check",
    "CheckState",
    "Command",
    "DestinationContext",
    "EndedRun",
    "FailureClass",
    "FailurePolicy",
    "FailureVerdict",
    "FetchReport",
    "FetchRequest",
    "FileSystemContext",
    "FollowRequest",
    "FoundRun",
    "InputFinding",
    "InputsContext",
    "JobChange",
    "JobChanges",
    "JobContext",
    "JobFailure",
    "JobRole",
    "LocalizeRequest",
    "LogEvent",
    "Mount",
    "MountContext",
    "PreflightContext",
    "PublishOptions",
    "PublishReport",
    "PublishRequest",
    "QueueContext",
    "RemoteInput",
    "RunEnded",
    "RunReport",
    "StageItem",
    "StageRequest",
    "StageResult",
    "SubmitEnvironment",
    "SubmitOption",
    "TaskNeeds",
]

__getattr__ = names_from(
    __name__,
    {
        "cli": ("Command", "FoundRun", "SubmitEnvironment", "SubmitOption"),
        "files": (
            "DestinationContext",
            "FetchReport",
            "FetchRequest",
            "InputFinding",
            "InputsContext",
            "LocalizeRequest",
            "PublishOptions",
            "PublishReport",
            "PublishRequest",
            "RemoteInput",
            "StageItem",
            "StageRequest",
            "StageResult",
        ),
        "jobs": (
            "FailureClass",
            "FailurePolicy",
            "FailureVerdict",
            "FileSystemContext",
            "JobChange",
            "JobChanges",
            "JobContext",
            "JobFailure",
            "JobRole",
            "Mount",
            "MountContext",
            "QueueContext",
        ),
        "reports": ("EndedRun", "RunEnded", "RunReport"),
        "watching": ("Check", "CheckState", "FollowRequest", "LogEvent", "PreflightContext", "TaskNeeds"),
    },
)
