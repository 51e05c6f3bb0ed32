"""
Puts what the task backend has recorded of jobs and hosts to the calls that the log tells of. Pure, but for the files.

The records know more and know it better than the log: AWS's own times, what was asked for, what was used. The log knows
jobs under way, of which there is no record yet.
"""

from __future__ import annotations

import io
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from miniwdl_aws_core.records.folding import MAX_FOLDED
from miniwdl_aws_core.records.hosts import BATCH_HOSTS, HostRecord, Market
from miniwdl_aws_core.records.jobs import BATCH_JOBS, Followed, JobRecord
from miniwdl_aws_core.records.lines import read, read_file
from miniwdl_aws_core.terminal import plain
from miniwdl_aws_hooks import FailureClass
from miniwdl_aws_run_report.model import Call, State, Try, TryEnd, Used
from miniwdl_aws_run_report.reading.events import is_under_way

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from miniwdl_aws_core.records.usage import Usage
    from miniwdl_aws_run_report.reading.sampled import Series

__all__ = ["folded_records", "on_host", "read_records", "try_of", "with_records"]

_ENDS = {
    FailureClass.HOST_LOST: TryEnd.HOST_LOST,
    FailureClass.OUT_OF_MEMORY: TryEnd.OUT_OF_MEMORY,
    FailureClass.STOPPED_BY_USER: TryEnd.STOPPED,
}


def read_records(
    folder: Path, directories: Mapping[str, str], notes: list[str]
) -> tuple[dict[str, list[JobRecord]], dict[str, HostRecord]]:
    """
    Read the records of a run.

    :param folder: the run's directory.
    :param directories: those of calls below it, by the calls' paths.
    :param notes: gets a sentence where something had to be left out.
    :return: the jobs by the paths of their calls, and the hosts by their names.
    """
    jobs: dict[str, list[JobRecord]] = {}
    hosts: dict[str, HostRecord] = {}
    skipped = 0
    for path, directory in directories.items():
        with suppress(OSError):  # most often there is none: a cached call, a run of another backend
            found = read_file(JobRecord, folder, f"{directory}/{BATCH_JOBS}")
            jobs[path] = list(found.records)
            skipped += found.skipped
    with suppress(OSError):
        listed = read_file(HostRecord, folder, BATCH_HOSTS)
        hosts = {item.container_instance_arn: item for item in listed.records}
        skipped += listed.skipped
    _note_skipped(skipped, notes)
    return jobs, hosts


def folded_records(
    jobs: bytes, hosts: bytes, notes: list[str]
) -> tuple[dict[str, list[JobRecord]], dict[str, HostRecord]]:
    """
    Read the records of a run that were folded into two files.

    :param notes: gets a sentence where something had to be left out.
    :return: as :func:`read_records`.
    """
    by_call: dict[str, list[JobRecord]] = defaultdict(list)
    told = read(JobRecord, io.BytesIO(jobs), MAX_FOLDED)
    for record in told.records:
        by_call[record.call_path].append(record)
    listed = read(HostRecord, io.BytesIO(hosts), MAX_FOLDED)
    _note_skipped(told.skipped + listed.skipped, notes)
    return by_call, {item.container_instance_arn: item for item in listed.records}


def _note_skipped(lines: int, notes: list[str]) -> None:
    if lines:
        notes.append(f"{lines} lines of {BATCH_JOBS} and {BATCH_HOSTS} are none of the backend's, and left out")


def with_records(
    call: Call, records: Sequence[JobRecord], hosts: Mapping[str, HostRecord], series: Series | None = None
) -> Call:
    """
    Give a call the tries that were recorded; those that the log alone knows come after them.

    :param records: in their order; the last one of a job counts.
    :param series: what its tries used over time, where that is at hand.
    """
    by_job = {item.job_id: item for item in records}
    if not by_job:
        return call
    logged = {item.job_id: item for item in call.tries}
    tries = [
        replace(try_of(record, place, hosts), starting=logged[job_id].starting if job_id in logged else None)
        for place, (job_id, record) in enumerate(by_job.items(), start=1)
    ]
    tries += [
        replace(item, number=place)
        for place, item in enumerate((item for item in call.tries if item.job_id not in by_job), start=len(tries) + 1)
        if item.job_id or is_under_way(item)
    ]
    if series:
        tries = [replace(item, used=replace(item.used, series=series.get(item.job_id, ()))) for item in tries]
    state = State.RUNNING if call.state is State.WAITING and any(is_under_way(item) for item in tries) else call.state
    return replace(call, tries=tuple(tries), state=state)


def try_of(record: JobRecord, number: int, hosts: Mapping[str, HostRecord]) -> Try:
    """Read a record; texts of others are made fit to be shown."""
    item = Try(
        number=number,
        end=_end_of(record),
        created=_seconds(record.created_at),
        started=_seconds(record.started_at),
        stopped=_seconds(record.stopped_at),
        exit_code=record.exit_code,
        reason=plain(record.reason),
        failure_class=plain(record.failure_class or ""),
        followed=record.followed or "",
        job_id=plain(record.job_id),
        queue=plain(record.queue.rpartition("/")[2]),
        log_group=plain(record.log_group or ""),
        log_stream=plain(record.log_stream or ""),
        image=plain(record.image),
        vcpus=record.vcpus,
        memory=record.memory_mib,
        gpus=record.gpus or None,
        host=plain(record.container_instance_arn or ""),
        used=_used(record.usage) if record.usage else Used(),
    )
    host = hosts.get(record.container_instance_arn or "")
    return on_host(item, host) if host else item


def on_host(item: Try, host: HostRecord) -> Try:
    """Note which kind of instance a try ran on."""
    return replace(
        item,
        instance_type=plain(host.instance_type or ""),
        zone=plain(host.zone or ""),
        spot=None if host.market is None else host.market is Market.SPOT,
        instance_vcpus=host.vcpus,
        instance_memory=host.memory_mib,
    )


def _end_of(record: JobRecord) -> TryEnd:
    if record.followed is Followed.DONE:
        return TryEnd.SUCCEEDED
    if record.followed is Followed.STOPPED:
        return TryEnd.STOPPED
    failed = set(FailureClass) & {record.failure_class}
    if failed or record.status == "FAILED":
        return next((_ENDS.get(FailureClass(item), TryEnd.FAILED) for item in failed if item), TryEnd.FAILED)
    return TryEnd.SUCCEEDED if record.status == "SUCCEEDED" else TryEnd.STOPPED


def _used(usage: Usage) -> Used:
    return Used(
        peak_memory=usage.peak_memory,
        held_memory=usage.held_memory,
        cpu_seconds=usage.cpu_seconds,
        read=usage.read_bytes,
        written=usage.written_bytes,
        wall=usage.wall_seconds,
        source=usage.source,
    )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
