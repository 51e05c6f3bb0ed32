"""Deletes what a killed process left for the children of its arrays, once none of them can read it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.workdir.array_folder import discard_left
from miniwdl_aws_batch_backend.workdir.handover import Place
from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_core.batch.arrays import parent_of
from miniwdl_aws_core.batch.limits import MAX_DESCRIBE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miniwdl_aws_batch_backend.process.adoption.journal import Entry
    from miniwdl_aws_batch_backend.process.batch_api import BatchApi

__all__ = ["LeftArrays"]


class LeftArrays:
    """Folders of arrays that killed processes submitted."""

    def __init__(self, api: BatchApi) -> None:
        """Know of none yet."""
        self._api = api
        self._entries: dict[str, Entry] = {}
        """One child of each array, by the parent's id."""

    def note(self, entries: Iterable[Entry]) -> None:
        """Remember the arrays among jobs of killed processes."""
        for entry in entries:
            if entry.index is not None and (parent := parent_of(entry.job_id or "")):
                self._entries[parent] = entry

    def clear(self) -> None:
        """
        Delete the folders of those whose children have all ended, with one try of a request for a hundred.

        Others may have taken over some of the children, which still wait: their folder is left to the next one.
        """
        parents = list(self._entries)
        for start in range(0, len(parents), MAX_DESCRIBE):
            try:
                answer = self._api.call_once("describe_jobs", jobs=parents[start : start + MAX_DESCRIBE])
            except AwsError:
                return
            for job in answer["jobs"]:
                if job.ended:
                    entry = self._entries.pop(job.job_id)
                    discard_left(Place.at(entry.place).run_dir, entry.name)
