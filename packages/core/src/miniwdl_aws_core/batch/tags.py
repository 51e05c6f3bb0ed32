"""
Tags of jobs: what AWS takes, and what this project's own say of a task's job, or of a job definition.

Whoever submits a task's job writes :class:`TaskTags`; whoever shows a run reads it back. Nothing else says which call
of which run a job belongs to: AWS can't list jobs by their tags, so names begin with :func:`run_prefix`, by which those
of one run are found among all of a queue. Pure.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.limits import MAX_TAG_KEY, MAX_TAG_VALUE, MAX_TAGS, LimitError
from miniwdl_aws_hooks.protocol import (
    BATCH_TAG,
    CALL_TAG,
    PARENT_JOB_TAG,
    ROW_KEY_TAG,
    ROW_TAG,
    RUN_DIR_TAG,
    TASK_TAG,
    TRY_TAG,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RowTags", "RunTags", "TaskTags", "call_path", "check_chosen", "check_tags", "run_prefix"]

OWN = (RUN_DIR_TAG, CALL_TAG, TASK_TAG, TRY_TAG, PARENT_JOB_TAG)
"""Tags that each task's job gets."""

_TEXT = re.compile(r"[\w\s+\-=.:/@]*")
_ODD = re.compile(r"[^\w\s+\-=.:/@]")
_TOP = "."
"""Stands for the path of the call that is the run itself: a tag without a value is easily lost."""


def check_tags(tags: Mapping[str, str], subject: str) -> dict[str, str]:
    """
    Make sure that AWS takes the tags; values are cut to size, since they may come from file names.

    :param subject: whose they are, for the error.
    :raises LimitError: naming the tag.
    """
    if len(tags) > MAX_TAGS:
        raise LimitError(f"{subject} has {len(tags)} tags, and AWS Batch allows {MAX_TAGS}")
    for key in tags:
        if not 1 <= len(key) <= MAX_TAG_KEY or not _TEXT.fullmatch(key) or key.lower().startswith("aws:"):
            raise LimitError(
                f"{subject}: {key!r} is not a name for a tag",
                hint="AWS takes 1 to 128 letters, digits, spaces and + - = . _ : / @, but not the prefix aws:",
            )
    return {key: _fitting(value) for key, value in tags.items()}


def _fitting(value: str) -> str:
    return _ODD.sub("_", value)[:MAX_TAG_VALUE]


def check_chosen(tags: Mapping[str, str], option: str) -> None:
    """
    Make sure that a task's job can have the tags that a user chose beside those that it gets anyway.

    :param option: where they come from, for the error.
    :raises LimitError: naming the tag, or how many there are.
    """
    for key in OWN:
        if key in tags:
            raise LimitError(f"{option}: the tag {key} says which call a job belongs to", hint="choose another name")
    if len(tags) > MAX_TAGS - len(OWN):
        raise LimitError(
            f"{option}: {len(tags)} tags are too many; AWS Batch allows {MAX_TAGS}, {len(OWN)} of which are set anyway"
        )


def call_path(path: str) -> str:
    """
    Make the path of a call fit into a tag; nearly all do as they are.

    :param path: within the run, as its directories are named: ``call-sub-1/call-sort``; empty for the run itself.
    :return: of a longer one, the last folders, below one that stands for the others.
    """
    text = _ODD.sub("_", path)
    if len(text) <= MAX_TAG_VALUE:
        return text
    parts = text.split("/")
    for start in range(1, len(parts)):
        tail = "/".join(parts[start:])
        if len(tail) <= MAX_TAG_VALUE - len(_stand_in("")) - 1:
            return f"{_stand_in('/'.join(parts[:start]))}/{tail}"
    return _stand_in(text)


def run_prefix(parent: str | None) -> str:
    """
    Write what the names of the task jobs of a run begin with. Other runs may share it: the tags decide.

    :param parent: id of the workflow job; without one there is nothing to find the jobs by.
    """
    return f"{parent[:8]}-" if parent else ""


def _stand_in(path: str) -> str:
    return f"call-{hashlib.sha256(path.encode()).hexdigest()[:10]}"


@dataclass(frozen=True)
class RunTags:
    """
    Which run a job definition belongs to, where one run alone can use it.

    Task jobs have tags of the same names, and AWS prefers those when it puts both together: none is added to them.
    """

    run_dir: str
    """The last part of the path of the run's directory."""
    parent: str | None = None
    """Id of the workflow job; ``None`` when miniwdl runs outside of AWS Batch."""

    def written(self) -> dict[str, str]:
        """Write them as tags."""
        tags = {RUN_DIR_TAG: _fitting(self.run_dir)}
        return {**tags, PARENT_JOB_TAG: self.parent} if self.parent else tags

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> RunTags | None:
        """Read them back; ``None`` when the definition is for any run."""
        return cls(tags[RUN_DIR_TAG], tags.get(PARENT_JOB_TAG)) if RUN_DIR_TAG in tags else None


@dataclass(frozen=True)
class TaskTags:
    """Which try of which call of which run a job is."""

    run_dir: str
    """The last part of the path of the run's directory."""
    call: str
    """As :func:`call_path` gives it; empty when the run is a single task."""
    task: str
    number: int
    """Of the try, from 1."""
    parent: str | None = None
    """Id of the workflow job; ``None`` when miniwdl runs outside of AWS Batch."""

    def written(self) -> dict[str, str]:
        """Write them as tags."""
        tags = {
            RUN_DIR_TAG: self.run_dir,
            CALL_TAG: self.call or _TOP,
            TASK_TAG: self.task,
            TRY_TAG: str(self.number),
        }
        return {**tags, PARENT_JOB_TAG: self.parent} if self.parent else tags

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> TaskTags | None:
        """Read them back; ``None`` when it is not a task's job of this project's."""
        if CALL_TAG not in tags:
            return None
        call, number = tags[CALL_TAG], tags.get(TRY_TAG, "")
        return cls(
            run_dir=tags.get(RUN_DIR_TAG, ""),
            call="" if call == _TOP else call,
            task=tags.get(TASK_TAG, ""),
            number=int(number) if number.isdecimal() else 1,
            parent=tags.get(PARENT_JOB_TAG),
        )


@dataclass(frozen=True)
class RowTags:
    """Which row of which table a workflow job runs."""

    batch: str
    """What all rows of the table have in common."""
    row: int
    """From 1."""
    key: str
    """A hash of what is run: equal for equal runs alone."""

    def written(self) -> dict[str, str]:
        """Write them as tags."""
        return {BATCH_TAG: self.batch, ROW_TAG: str(self.row), ROW_KEY_TAG: self.key}

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> RowTags | None:
        """Read them back; ``None`` when the job comes from no table."""
        if BATCH_TAG not in tags:
            return None
        row = tags.get(ROW_TAG, "")
        return cls(tags[BATCH_TAG], int(row) if row.isdecimal() else 0, tags.get(ROW_KEY_TAG, ""))
