"""What all tasks of the process share: the client, the poller, the rate, the definitions, the mounts."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import random
import time
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.configuration import BackendSettings, read_settings
from miniwdl_aws_batch_backend.process.adoption.journal import Journal, journal_folder
from miniwdl_aws_batch_backend.process.adoption.recovery import Recovery
from miniwdl_aws_batch_backend.process.batch_api import BatchApi
from miniwdl_aws_batch_backend.process.definitions import TaskDefinitions
from miniwdl_aws_batch_backend.process.extensions import Extensions
from miniwdl_aws_batch_backend.process.submission.sender import Sender
from miniwdl_aws_batch_backend.process.submission.submitter import Submitter
from miniwdl_aws_batch_backend.process.termination import TerminationWatch
from miniwdl_aws_batch_backend.process.watching.poller import MAX_LAG, JobPoller, PollPlan
from miniwdl_aws_batch_backend.process.watching.queues import QueuePositions
from miniwdl_aws_batch_backend.records.hosts import Hosts
from miniwdl_aws_core.aws.rate import SelfTuningRate
from miniwdl_aws_core.batch.mounts import covering_mount, sentinel_of
from miniwdl_aws_core.options.check import check_options
from miniwdl_aws_core.options.kinds import SWITCH
from miniwdl_aws_hooks import ConfigurationError, Mount, Settings, get_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = ["Engine"]

logger = logging.getLogger(__name__)

LOWEST_RATE = 0.2
"""Submissions a second, however often AWS throttles them: its limit is shared by all workflows of the account."""

BURST = 10
"""Submissions that may follow at once on a pause."""

ALONE = 2.0
"""
Jobs a second that go alone beyond that, where others could go with them: 25 busy workflows share the requests that AWS
takes from an account, 50 a second.
"""


@dataclass(frozen=True)
class Engine:
    """Made once per process, before the first task."""

    settings: BackendSettings
    reader: Settings
    """miniwdl's configuration, as hooks read it."""
    root: str
    """Where the shared file system is, here and in all jobs."""
    queue: str
    mounts: Sequence[Mount]
    sentinel: str | None
    api: BatchApi
    definitions: TaskDefinitions
    poller: JobPoller
    sender: Sender
    submitter: Submitter
    extensions: Extensions
    positions: QueuePositions
    recovery: Recovery | None
    """``None`` when no journal is kept."""
    hosts: Hosts
    rewritten: set[str] = field(default_factory=set)
    """Images of which the log has said what they became."""
    termination: TerminationWatch = field(default_factory=TerminationWatch)
    process: str = ""
    """A text that no other process has."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, for what has to wait: the time of day may be set meanwhile."""
    time_of_day: Callable[[], float] = time.time
    """Seconds since the epoch."""
    chance: Callable[[], float] = random.random
    """Gives numbers between 0 and 1, for pauses that keep tasks apart."""

    @classmethod
    def start(cls, reader: Settings, connect: Callable[[str | None], Any]) -> Engine:
        """
        Read the configuration and get ready; nothing is asked of AWS yet.

        :param connect: makes the client, given the configured region.
        :raises ConfigurationError: when something is missing or wrong.
        """
        check_options(reader, os.environ)
        settings = read_settings(reader)
        if settings.task_queue is None:
            raise ConfigurationError(
                "no job queue for tasks is configured",
                hint="set [aws] task_queue, MINIWDL__AWS__TASK_QUEUE or --task-queue",
            )
        _warn_of_few_at_once(reader)
        extensions = Extensions(get_manager())
        root = _root(reader)
        extensions.prepare_file_system(root, reader)
        mounts = extensions.mounts(root, reader)
        sentinel = sentinel_of(_shared(mounts, root))
        api = BatchApi(connect(settings.region))
        plan = PollPlan(settings.describe_period_min, settings.describe_period_max, MAX_LAG)
        burst = BURST / settings.submit_rate
        # Its own rate: a run that is stopped can't wait for what throttled submissions have made of theirs.
        definitions = TaskDefinitions(api, SelfTuningRate(settings.submit_rate, burst=burst))
        hosts = Hosts(settings.region, api.call)
        # The last one registered comes first: what takes its time at the end is time for the hosts' records, too.
        atexit.register(hosts.close)
        atexit.register(definitions.close)
        process = uuid.uuid4().hex
        sender = Sender(api, SelfTuningRate(settings.submit_rate, lowest=LOWEST_RATE, burst=burst), definitions)
        recovery = _recovery(settings, reader, root, process, api)
        return cls(
            settings=settings,
            reader=reader,
            root=root,
            queue=settings.task_queue,
            mounts=mounts,
            sentinel=sentinel,
            api=api,
            definitions=definitions,
            poller=JobPoller(partial(api.describe, gives_way=True), plan),
            sender=sender,
            submitter=Submitter(sender, recovery.journal if recovery else None, _alone(settings)),
            extensions=extensions,
            positions=QueuePositions(api),
            hosts=hosts,
            recovery=recovery,
            process=process,
        )


def _alone(settings: BackendSettings) -> SelfTuningRate | None:
    if settings.array != "auto":
        return None
    rate = min(ALONE, settings.submit_rate)
    return SelfTuningRate(rate, burst=BURST / rate)


def _recovery(settings: BackendSettings, reader: Settings, root: str, process: str, api: BatchApi) -> Recovery | None:
    """Keep a journal when finished calls are kept as well, and go on with jobs when finished calls are reused."""
    if not settings.adopt or not _is_on(reader, "put"):
        return None
    own_job = os.environ.get("AWS_BATCH_JOB_ID")
    try:
        journal = Journal(journal_folder(root), process, own_job)
    except OSError as exc:
        logger.warning("no journal of jobs is kept, so none could be adopted if this process were killed: %s", exc)
        return None
    recovery = Recovery(journal, api, own_job, adopts=_is_on(reader, "get"))
    atexit.register(recovery.close)
    return recovery


def _warn_of_few_at_once(reader: Settings) -> None:
    # miniwdl knows both names; 0 is the default of the one, the number of processors what it then takes.
    if not any(int(reader.get("scheduler", name) or 0) for name in ("task_concurrency", "call_concurrency")):
        logger.warning(
            "[scheduler] task_concurrency is at miniwdl's default: no more than %d tasks are on AWS Batch at once, one"
            " per processor of this host; set it, or MINIWDL__SCHEDULER__TASK_CONCURRENCY, to a number such as 500",
            multiprocessing.cpu_count(),
        )


def _is_on(reader: Settings, key: str) -> bool:
    return SWITCH.parse(reader.get("call_cache", key) or "false")


def _shared(mounts: Sequence[Mount], root: str) -> Mount:
    shared = covering_mount(mounts, root)
    if shared is None:
        others = ", ".join(mount.container_path for mount in mounts)
        raise ConfigurationError(
            f"nothing says what is mounted at {root} in task jobs" + (f" (only at {others})" if others else ""),
            hint="name the file system by --fsid, MINIWDL__AWS__FS or [aws] fs, and install miniwdl-aws-fsx-mount or "
            "another plugin that gives mounts",
        )
    return shared


def _root(reader: Settings) -> str:
    root = os.path.normpath(reader.get("file_io", "root") or "/")
    if root == "/" or not root.startswith("/"):
        raise ConfigurationError(
            f"[file_io] root must be the shared file system's mount point, not {root!r}",
            hint="set [file_io] root or MINIWDL__FILE_IO__ROOT, to /mnt/fsx for instance",
        )
    return root
