"""
The configuration that miniwdl gets inside a workflow job: one file for the image and for the local cloud.

Here is what it sets of miniwdl's own options, and why. The file itself, ``miniwdl_aws.cfg``, is written by
``docs/generate.py``, together with what the sections of all parts of this project say of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

__all__ = ["CFG_NAME", "PRESETS", "Preset", "workflow_cfg"]

CFG_NAME = "miniwdl_aws.cfg"


@dataclass(frozen=True)
class Preset:
    """An option of miniwdl's that workflow jobs set."""

    section: str
    name: str
    value: str
    reason: str


PRESETS: tuple[Preset, ...] = (
    Preset("scheduler", "container_backend", "aws_batch", "Tasks run as AWS Batch jobs."),
    Preset(
        "scheduler",
        "task_concurrency",
        "500",
        "How many tasks miniwdl hands to Batch at once. Each waits in a thread of its own that sleeps until its job "
        "changes, so the number can be far above the processors of the workflow job; AWS Batch queues whatever it "
        "can't run yet.",
    ),
    Preset("scheduler", "subworkflow_concurrency", "50", "Subworkflow calls at once, per level of nesting."),
    Preset(
        "scheduler",
        "fail_fast",
        "false",
        "After one failure start nothing new, but let running tasks finish: the call cache keeps what they did.",
    ),
    Preset(
        "file_io",
        "root",
        "/mnt/fsx",
        "Where the shared file system is mounted in all jobs; run directories and inputs must lie within it.",
    ),
    Preset(
        "task_runtime",
        "defaults",
        '{"docker": "public.ecr.aws/docker/library/ubuntu:22.04"}',
        "Image and resources of tasks that name none. miniwdl's own default is the same image at Docker Hub, which "
        "limits anonymous pulls by address, and all hosts behind a NAT gateway have one.",
    ),
    Preset("call_cache", "put", "true", "Keep what finished calls did, for later runs on this file system."),
    Preset(
        "call_cache",
        "get",
        "true",
        "Reuse what earlier runs on this file system did. --no-cache switches the lookup off for one run.",
    ),
    Preset("call_cache", "dir", "miniwdl_call_cache", "Relative to [file_io] root."),
    Preset("download_cache", "put", "true", "Inputs downloaded once are kept for later runs on this file system."),
    Preset("download_cache", "get", "true", "Take inputs that an earlier run has downloaded."),
    Preset("download_cache", "dir", "miniwdl_download_cache", "Relative to [file_io] root."),
    Preset(
        "download_cache",
        "flock",
        "false",
        "One lock per cached file and run is more than a shared file system should keep; clean the cache when nothing "
        "runs.",
    ),
    Preset(
        "download_cache",
        "disable_patterns",
        "[]",
        "Objects in S3 whose URI ends like a script are data all the same.",
    ),
)


def workflow_cfg() -> Path:
    """Path of ``miniwdl_aws.cfg``, a miniwdl configuration file with every option of this project explained in it."""
    return Path(str(files("miniwdl_aws_core.options").joinpath(CFG_NAME)))
