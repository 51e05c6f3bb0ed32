"""The calls of a run, made out of its task jobs. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks.protocol import RUN_DIR_TAG
from miniwdl_aws_submit_cli.runs.wait import state_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Call", "Try", "calls_of", "matching", "name_of"]

RUN_ID_TAG = "miniwdl-run-id"
TASK_TAG = "miniwdl-task"


@dataclass(frozen=True)
class Try:
    """One job of a call."""

    job_id: str
    number: int
    """1 for the first."""
    status: str
    queue: str
    """Its name."""
    created: int
    started: int | None
    stopped: int | None
    exit_code: int | None
    reason: str
    log_stream: str | None

    def seconds(self, now: float) -> float | None:
        """How long it ran, or has been running; ``None`` before it starts."""
        if not self.started:
            return None
        return (self.stopped or now * 1000) / 1000 - self.started / 1000


@dataclass(frozen=True)
class Call:
    """A call of a task."""

    path: str
    """Within the run, as its directories are named: ``call-sub-1/call-sort``; empty when the run is a single task."""
    task: str
    tries: tuple[Try, ...]
    """The first one first; never empty."""

    @property
    def latest(self) -> Try:
        """The try that counts."""
        return self.tries[-1]

    @property
    def name(self) -> str:
        """What users call it: ``sub-1/sort``."""
        return name_of(self.path) or self.task

    @property
    def parts(self) -> list[str]:
        """Its name in parts."""
        return self.name.split("/")


def name_of(path: str) -> str:
    """Take miniwdl's ``call-`` out of the path of a call."""
    return "/".join(part.removeprefix("call-") for part in path.split("/"))


def calls_of(jobs: Iterable[Mapping[str, Any]]) -> list[Call]:
    """
    Put the jobs of one run together to calls, in the order in which their first jobs were submitted.

    :param jobs: their JobDetails.
    """
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for job in sorted(jobs, key=lambda job: int(job["createdAt"])):
        found[_path(job)].append(job)
    return [
        Call(path, _tag(members[0], TASK_TAG) or members[0]["jobName"], tuple(_tries(members)))
        for path, members in found.items()
    ]


def matching(calls: Iterable[Call], name: str) -> list[Call]:
    """
    Select calls by what a user writes: a path, a part of it, or the name of a task; ``call-`` may be left out.

    ``sort`` selects all shards of a scatter over a call named so, and ``sort-3`` the fourth, whose whole name may be
    ``sort-3-NA12878``: miniwdl adds what it was made of where that is a short text. A call of a subworkflow has no job
    of its own: its name selects all calls within it.
    """
    wanted = name_of(name.strip("/")).split("/")
    return [call for call in calls if [call.task] == wanted or _has(call.parts, wanted)]


def _has(parts: list[str], wanted: list[str]) -> bool:
    # Names in WDL have no hyphens: one begins the index of a shard, or what it was made of.
    return any(
        all(f"{part}-".startswith(f"{word}-") for part, word in zip(parts[start:], wanted, strict=False))
        for start in range(len(parts) - len(wanted) + 1)
    )


def _path(job: Mapping[str, Any]) -> str:
    """
    Find a call's path in the paths of the job's command: ``{run directory}/call-sub-1/call-sort/command``.

    The tags have only the last part, which several subworkflows may share.
    """
    run_dir = _tag(job, RUN_DIR_TAG)
    if run_dir:
        script = re.compile(rf".*/{re.escape(run_dir)}(?P<path>(?:/[^/]+)*)/command\d*")
        for word in job.get("container", {}).get("command", ()):
            if match := script.fullmatch(word):
                return match["path"].strip("/")
    return _tag(job, RUN_ID_TAG) or str(job["jobName"])


def _tries(jobs: list[Mapping[str, Any]]) -> Iterable[Try]:
    for number, job in enumerate(jobs, start=1):
        state = state_of(job["jobId"], job)
        yield Try(
            job_id=state.job_id,
            number=number,
            status=state.status,
            queue=str(job.get("jobQueue", "")).rpartition("/")[2],
            created=int(job["createdAt"]),
            started=job.get("startedAt") or None,
            stopped=job.get("stoppedAt") or None,
            exit_code=state.exit_code,
            reason=state.reason,
            log_stream=state.log_stream,
        )


def _tag(job: Mapping[str, Any], name: str) -> str:
    return str((job.get("tags") or {}).get(name, ""))
