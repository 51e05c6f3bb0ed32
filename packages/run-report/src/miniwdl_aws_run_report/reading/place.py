"""Finds the run that a user names, and reads it from wherever most is known of it."""

from __future__ import annotations

import shlex
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.run_end import RunEnd
from miniwdl_aws_core.batch.tags import TaskTags
from miniwdl_aws_core.run_files import INPUTS_JSON
from miniwdl_aws_core.s3uri import SCHEME, S3Uri
from miniwdl_aws_hooks import MiniwdlAwsError
from miniwdl_aws_run_report.errors import NoRunError
from miniwdl_aws_run_report.reading.bucket import Bucket, read_bucket
from miniwdl_aws_run_report.reading.folder import read_folder
from miniwdl_aws_run_report.reading.jobs import run_from_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from miniwdl_aws_hooks import FoundRun
    from miniwdl_aws_run_report.model import Run

    Find = Callable[[str], FoundRun]

__all__ = ["open_places"]


@contextmanager
def open_places(
    open_runs: Callable[[], AbstractContextManager[Find]] | None, words: Sequence[str], now: float
) -> Iterator[Callable[[str], Run]]:
    """
    Make ready to read runs; connects to AWS only where a word needs it.

    :param open_runs: as a command with ``finds_runs`` gets it; ``None`` where nobody finds runs by their names.
    :param words: what is to be read.
    :param now: seconds since the epoch.
    :return: reads the run of a word, as long as the block lasts.
    :raises NoRunError: when a word is a path, and nothing is there.
    """
    for word in words:
        if "/" in word and not word.startswith(SCHEME) and not Path(word).is_dir():
            raise _no_directory(word)
    if open_runs is None or all(Path(word).is_dir() for word in words):
        yield lambda word: _read(word, None, now)
        return
    with open_runs() as find:
        yield lambda word: _read(word, find, now)


def _read(word: str, find: Find | None, now: float) -> Run:
    if word.startswith(SCHEME):
        return read_bucket(S3Uri.parse(word, what="RUN").as_folder(), Bucket(), now=now)
    if Path(word).is_dir():
        run = read_folder(Path(word), now=now)
        return replace(run, command=_by_miniwdl(run))
    if find is None:
        raise _no_directory(word)
    return _read_found(find(word), now)


def _by_miniwdl(run: Run) -> str:
    """Write the command that repeats a run of plain miniwdl; empty where its WDL isn't on this machine any more."""
    if not Path(run.source).is_file():
        return ""
    inputs = Path(run.directory, INPUTS_JSON)
    task = ["--task", run.target] if [call.path for call in run.calls] == [""] else []
    return shlex.join(["miniwdl", "run", run.source, *(["-i", str(inputs)] if inputs.is_file() else []), *task])


def _no_directory(word: str) -> NoRunError:
    return NoRunError(f"there is no directory {word}", hint="name the directory of a run, or its folder in S3")


def _read_found(found: FoundRun, now: float) -> Run:
    """Read a run that AWS Batch knows: from this machine, if it sees the shared file system; else from S3, or Batch."""
    job = Job.of(found.job)
    end = RunEnd.read(job.tags)
    notes: tuple[str, ...] = ()
    run: Run | None = None
    if end.run_dir and Path(end.run_dir).is_dir():
        run = replace(read_folder(Path(end.run_dir), now=now), folder=end.results)
    elif end.results:
        try:
            run = read_bucket(S3Uri.parse(end.results).as_folder(), Bucket(), now=now)
        except MiniwdlAwsError as exc:
            notes = (exc.message,)
    if run is None:
        tasks = [Job.of(detail) for detail in found.task_jobs()]
        seen = _directory(job, tasks)
        run = read_folder(seen, now=now) if seen else run_from_jobs(found.name, job, tasks, now=now)
    known = replace(run, job_id=job.job_id, command=found.command, options=found.options)
    return replace(known, notes=(*run.notes, *notes))


def _directory(job: Job, tasks: Sequence[Job]) -> Path | None:
    """Find the directory of a run under way, if this machine sees the shared file system."""
    names = {tags.run_dir for task in tasks if (tags := TaskTags.read(task.tags))}
    words = list(job.command)
    if len(names) != 1 or "--dir" not in words[:-1]:
        return None
    path = Path(words[words.index("--dir") + 1], names.pop())
    return path if path.is_dir() else None
