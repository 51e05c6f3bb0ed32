"""
The jobs of earlier days: a file in the state folder with a line for each job that has ended.

A line is a JSON object: ``queue`` and ``definition``, names that a JobDetail has as ARNs; ``detail``, the JobDetail;
and of an array's parent ``children``, each as what differs from the parent. The last line about a job counts. The file
is bounded: the newest jobs stay. A line that was cut, or isn't what AWS Batch could say, is skipped.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from miniwdl_aws_local_cloud.batch.arrays import JobArray
from miniwdl_aws_local_cloud.batch.jobs import ENDED, Job, JobSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["KEPT_JOBS", "KeptJobs"]

logger = logging.getLogger(__name__)

KEPT_JOBS = "jobs.jsonl"
MOST_JOBS = 2000
MOST_BYTES = 32 * 1024 * 1024
_JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CONTAINER = "container"


class KeptJobs:
    """The file of one cloud. Only the thread of its jobs writes."""

    def __init__(self, state: Path, most_jobs: int = MOST_JOBS, most_bytes: int = MOST_BYTES) -> None:
        """
        Use a state folder; nothing is read yet.

        :param most_jobs: lines beyond which the oldest go; tests lower it.
        :param most_bytes: the same, in bytes.
        """
        self._path = state / KEPT_JOBS
        self._most_jobs = most_jobs
        self._most_bytes = most_bytes
        self._lines = self._bytes = 0

    def read(self) -> list[Job]:
        """Give the jobs, the oldest first; without a file, or with one that can't be read, none."""
        valid = _validator()
        found: dict[str, Job] = {}
        for line in self._newest():
            job = _read(line, valid)
            if job is not None:
                found.pop(job.id, None)
                found[job.id] = job
        return sorted(found.values(), key=lambda job: int(job.detail["createdAt"]))

    def tidy(self) -> None:
        """Write the file anew, with what is to stay of it."""
        lines = self._newest()
        incoming = self._path.with_suffix(".new")
        with open(incoming, "wb", opener=_for_its_owner) as file:
            file.writelines(lines)
        incoming.replace(self._path)
        self._lines, self._bytes = len(lines), sum(map(len, lines))

    def add(self, job: Job) -> None:
        """Keep a job that has ended; where that can't be written, it is forgotten with the cloud."""
        line = _written(job)
        try:
            with open(self._path, "ab", opener=_for_its_owner) as file:
                file.write(line)
            self._lines, self._bytes = self._lines + 1, self._bytes + len(line)
            # Twice as much, so that writing anew is rare.
            if self._lines > 2 * self._most_jobs or self._bytes > 2 * self._most_bytes:
                self.tidy()
        except OSError as exc:
            logger.warning("job %s is not kept: %s", job.id, exc)

    def _newest(self) -> list[bytes]:
        """Read the last lines; each ends with a newline."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return []
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                return []
            file.seek(max(0, found.st_size - self._most_bytes))
            lines = file.read(self._most_bytes).splitlines(keepends=True)
        return [line for line in lines if line.endswith(b"\n") and line.strip()][-self._most_jobs :]


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _written(job: Job) -> bytes:
    kept: dict[str, Any] = {
        "queue": job.spec.queue,
        "definition": job.spec.definition_name,
        "detail": job.detail,
    }
    if job.array is not None:
        kept["children"] = [_difference(child.detail, job.detail) for child in job.array.children]
    # It begins a line of its own, also after one that was cut.
    return b"\n" + json.dumps(kept).encode() + b"\n"


def _difference(child: Mapping[str, Any], parent: Mapping[str, Any]) -> dict[str, Any]:
    different = {key: value for key, value in child.items() if parent.get(key) != value}
    if _CONTAINER in different:
        same = parent[_CONTAINER]
        different[_CONTAINER] = {key: value for key, value in child[_CONTAINER].items() if same.get(key) != value}
    return different


def _read(line: bytes, valid: Callable[[Any], bool]) -> Job | None:
    try:
        kept = json.loads(line)
        detail, children = kept["detail"], kept.get("children") or ()
        spec = _spec(kept["queue"], kept["definition"], detail)
        job = Job(spec, detail)
        if not (valid(detail) and _JOB_ID.fullmatch(job.id) and job.status in ENDED):
            return None
        if children:
            array = JobArray(job, tuple(_children(job, children, valid)))
            job.array = array
            for child in array.children:
                child.array = array
            array.begin()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return job


def _children(parent: Job, kept: list[Mapping[str, Any]], valid: Callable[[Any], bool]) -> Iterator[Job]:
    rest = {key: value for key, value in parent.detail.items() if key != "tags"}
    for index, item in enumerate(kept):
        container = {**parent.detail[_CONTAINER], **item.get(_CONTAINER, {})}
        detail = {**rest, **item, _CONTAINER: container}
        if not valid(detail) or detail["jobId"] != f"{parent.id}:{index}" or detail["status"] not in ENDED:
            raise ValueError("no child of this job")
        yield Job(parent.spec, detail)


def _spec(queue: Any, definition: Any, detail: Mapping[str, Any]) -> JobSpec:
    """Say of an ended job what lists and logs select by: nothing of it will run again."""
    if not (isinstance(queue, str) and isinstance(definition, str)):
        raise TypeError("names are texts")
    return JobSpec(
        name=detail["jobName"],
        queue=queue,
        priority=0,
        environment_name="",
        cluster="",
        definition_name=definition,
        container=detail[_CONTAINER],
        parameters={},
        attempts=1,
        evaluate_on_exit=(),
        timeout=None,
        depends_on=(),
    )


def _validator() -> Callable[[Any], bool]:
    """Make what tells whether a value is a JobDetail with all that this cloud says of its jobs."""
    shape = ServiceModel(Loader().load_service_model("batch", "service-2"), "batch").shape_for("JobDetail")
    validator = ParamValidator()
    # Beside what AWS requires. It requires `startedAt`, too, but neither a parent nor a job that was cancelled has it.
    needed = {"jobArn", "createdAt", "stoppedAt", "attempts", _CONTAINER}
    unstarted = {"startedAt": 0}

    def valid(value: Any) -> bool:
        if not isinstance(value, dict) or not needed <= value.keys():
            return False
        return not validator.validate({**unstarted, **value}, shape).has_errors()

    return valid
