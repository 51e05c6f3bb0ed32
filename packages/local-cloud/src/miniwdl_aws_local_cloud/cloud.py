"""A local cloud in this process."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import string
import threading
import time
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from moto.batch.models import batch_backends
from moto.core.base_backend import AccountSpecificBackend
from moto.fsx.models import fsx_backends
from moto.logs.models import logs_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends

from miniwdl_aws_core.options.presets import workflow_cfg
from miniwdl_aws_hooks.protocol import ENV_WHERE, SENTINEL_NAME
from miniwdl_aws_local_cloud import __version__
from miniwdl_aws_local_cloud.batch.machine import Machine
from miniwdl_aws_local_cloud.batch.operations import BatchJobs
from miniwdl_aws_local_cloud.batch.process.leftovers import end_leftovers
from miniwdl_aws_local_cloud.batch.process.processes import ProcessRunner, host_environment
from miniwdl_aws_local_cloud.batch.runner import NoRunner
from miniwdl_aws_local_cloud.batch.scheduler import Scheduler
from miniwdl_aws_local_cloud.bundle import BUNDLED_BUCKET, bundled_objects
from miniwdl_aws_local_cloud.cloud_settings import ENGINE, JOB_MARKER, LOCAL_OPTION, CloudSettings
from miniwdl_aws_local_cloud.door.control import Control
from miniwdl_aws_local_cloud.door.counts import CallCounts
from miniwdl_aws_local_cloud.door.faults import Fault, FaultPlan
from miniwdl_aws_local_cloud.door.front import Front
from miniwdl_aws_local_cloud.door.serving import HttpServer
from miniwdl_aws_local_cloud.errors import StateFolderError
from miniwdl_aws_local_cloud.fsx import FolderRepository, FsxOperations, LustreBackend
from miniwdl_aws_local_cloud.kept_jobs import KeptJobs
from miniwdl_aws_local_cloud.logs.capture import MotoLogSink
from miniwdl_aws_local_cloud.logs.kept import KeptStreams
from miniwdl_aws_local_cloud.logs.store import IndexedLogs
from miniwdl_aws_local_cloud.resources import create_resources, link, pool_size
from miniwdl_aws_local_cloud.s3.store import FileBackedS3, file_backed
from miniwdl_aws_local_cloud.state_folder import locate, make_private, refuse_strangers
from miniwdl_aws_local_cloud.variables import aws_variables, submit_variables

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Self

    from miniwdl_aws_local_cloud.batch.engine.connection import EngineConnection
    from miniwdl_aws_local_cloud.batch.runner import Runner

__all__ = ["LocalCloud"]

SERVING_LOCK = ".serving.lock"
OPEN_TO_CONTAINERS = 0o755
"""Mode of the folder ``fsx``, whatever the umask: users in containers come in by a mount, and others do not at all."""
LOCK_PATIENCE = 15.0
"""Seconds to wait for another cloud of the same folder that is going down."""

_accounts = itertools.count(100_000_000_000)


class LocalCloud:
    """
    A cloud from ``with`` to its end; several may live in one process, each with a folder of its own.

    Its state is in the folder: ``s3/<bucket>/<key>`` are the objects, ``fsx/`` is the file system. Both stay.
    """

    def __init__(
        self,
        state: Path,
        settings: CloudSettings | None = None,
        faults: Iterable[Fault] = (),
        *,
        links: Mapping[str, str] | None = None,
        port: int = 0,
        lock_patience: float = LOCK_PATIENCE,
        looking: bool = False,
    ) -> None:
        """
        Choose; nothing starts yet.

        :param state: folder of the state, made when it is missing.
        :param faults: what goes wrong on purpose.
        :param links: paths on the file system by the ``s3://`` prefixes that are linked with them.
        :param port: port on the loopback interface; 0 takes a free one.
        :param looking: only show what a cloud that has ended left in the folder, which stays as it is; jobs can't run.
        :raises StateFolderError: when the folder is a symbolic link.
        """
        self.state = locate(state)
        self.settings = settings or CloudSettings()
        self.faults = FaultPlan(faults)
        self.counts = CallCounts()
        self._links = dict(links or {})
        self.access_key = _new_key()
        self.job_key = _new_key()
        self.stop_requested = threading.Event()
        self._port = port
        self._lock_patience = lock_patience
        self._looking = looking
        self._account = str(next(_accounts))
        self._exit = contextlib.ExitStack()
        self._engine: EngineConnection
        self._s3: FileBackedS3
        self._server: HttpServer
        self._front: Front
        self._scheduler: Scheduler

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            self._start(undo)
            self._exit = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    @property
    def endpoint(self) -> str:
        """URL of all services."""
        return self._server.url

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables for whoever is to use this cloud."""
        return submit_variables(self.endpoint, self.access_key, self.settings.region, self.state, self.settings.runner)

    @property
    def client_options(self) -> dict[str, str]:
        """Arguments of ``boto3.client`` besides the service's name."""
        return {
            "endpoint_url": self.endpoint,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": "local",
            "region_name": self.settings.region,
        }

    def status(self) -> dict[str, Any]:
        """Tell what the cloud is and does."""
        return {
            "version": __version__,
            "pid": os.getpid(),
            "state": str(self.state),
            "jobs": len(self._scheduler.jobs),
            "unfinished": self._scheduler.unfinished(),
            "idle": self.idle_seconds(),
        }

    def idle_seconds(self) -> float:
        """Seconds since anything was asked of the cloud; 0 while jobs run or wait."""
        return 0.0 if self._scheduler.unfinished() else time.monotonic() - self._front.last_request

    def _start(self, undo: contextlib.ExitStack) -> None:
        kept, streams = KeptJobs(self.state), KeptStreams(self.state)
        if self._looking:
            refuse_strangers(self.state)
        else:
            _claim(self.state, self._lock_patience, undo)
            end_leftovers(self.state)
            kept.tidy()
            streams.tidy()
        if self.settings.runner == ENGINE:
            from miniwdl_aws_local_cloud.batch.engine.connection import connect

            self._engine = connect()
            undo.callback(self._engine.close)
        batch, logs = self._make_services(streams, undo)
        self._scheduler = Scheduler(
            self._make_runner,
            MotoLogSink(logs, streams),
            self.faults,
            vcpus_of=lambda name: pool_size(batch, name, self.settings.task_slots),
            stop_timeout=self.settings.stop_timeout,
            farewell=self.settings.farewell,
            ended=kept.add,
        )
        undo.callback(self._scheduler.close)
        jobs = BatchJobs(batch, self._scheduler, minimum_timeout=self.settings.minimum_timeout)
        jobs.remember(kept.read())
        self._front = self._make_front(jobs)
        self._server = HttpServer(self._front, self._port)
        undo.callback(self._server.close)

    def _make_services(self, streams: KeptStreams, undo: contextlib.ExitStack) -> tuple[Any, Any]:
        """Have moto's services ready, with what the account has in them; give those of Batch and of logs."""
        region = self.settings.region
        self._s3 = s3 = self._install(
            s3_backends, "s3", file_backed(self.state / "s3", looking=self._looking), "aws", undo
        )
        undo.callback(s3.close)
        s3.add_bundled(BUNDLED_BUCKET, bundled_objects())
        fsx = self._install(fsx_backends, "fsx", LustreBackend, region, undo)
        batch = batch_backends[self._account][region]
        logs = self._install(logs_backends, "logs", IndexedLogs, region, undo)
        logs.kept = streams
        file_system_id = create_resources(self.settings, self.state, batch, fsx, s3, logs)
        undo.callback(fsx.close)
        fsx.repository = FolderRepository(
            s3,
            lambda identifier: _folder_of(self.state, identifier, file_system_id),
            lambda: list(fsx.associations.values()),
            self.faults,
        )
        link(fsx, s3, file_system_id, self._links, region)
        return batch, logs

    def _make_front(self, jobs: BatchJobs) -> Front:
        region = self.settings.region
        return Front(
            DomainDispatcherApplication(self._backend_app),
            jobs,
            FsxOperations(self._account, region),
            Machine(region),
            self.faults,
            Control(self.faults, self.counts, self.status, self.stop_requested.set),
            self.counts,
            access_key=self.access_key,
            job_key=self.job_key,
            account_id=self._account,
            region=region,
            submit_rate=self.settings.submit_rate,
        )

    def _install(self, services: Any, name: str, backend: Any, region: str, undo: contextlib.ExitStack) -> Any:
        """Make moto use a backend of ours for the account of this cloud, and for no other."""
        services[self._account] = AccountSpecificBackend(
            name, self._account, backend=backend, use_boto3_regions=False, additional_regions=[region]
        )
        undo.callback(services.pop, self._account)
        return services[self._account][region]

    def _backend_app(self, service: Any) -> Any:
        """Make moto's application of a service, when somebody asks for it first."""
        if service == "cloudformation":
            from miniwdl_aws_local_cloud.stacks import Stacks, cloudformation_backends

            self._install(cloudformation_backends, service, Stacks, self.settings.region, self._exit)
        return create_backend_app(service)

    def _job_variables(self) -> dict[str, str]:
        # Asked for when a job starts: the port is known only when the server is up.
        return {**aws_variables(self.endpoint, self.job_key, self.settings.region), ENV_WHERE: LOCAL_OPTION}

    def _make_runner(self, loop: asyncio.AbstractEventLoop) -> Runner:
        if self._looking:
            return NoRunner()
        if self.settings.runner == ENGINE:
            from miniwdl_aws_local_cloud.batch.engine.containers import EngineRunner

            return EngineRunner(loop, self._engine, self.state, self._job_variables, pull=self.settings.pull)
        own = {"MINIWDL_CFG": str(workflow_cfg()), JOB_MARKER: str(self.state)}
        variables = {**host_environment(os.environ), **own}
        return ProcessRunner(loop, self.state, lambda: {**variables, **self._job_variables()})


def _new_key() -> str:
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(20))


def _folder_of(state: Path, file_system_id: str, ours: str) -> Path:
    """Give the folder that stands for a file system; jobs can mount only the cloud's own."""
    return state / "fsx" if file_system_id == ours else state / "file-systems" / file_system_id


def _claim(state: Path, patience: float, undo: contextlib.ExitStack) -> None:
    """Make the state folder, and keep other clouds away from it."""
    try:
        make_private(state)
        for name in ("s3", "logs"):
            (state / name).mkdir(exist_ok=True)
        file_system = state / "fsx"
        if not file_system.exists():
            file_system.mkdir()
            file_system.chmod(OPEN_TO_CONTAINERS)
        (file_system / SENTINEL_NAME).touch()
        undo.enter_context(FileLock(state / SERVING_LOCK).acquire(timeout=patience))
    except Timeout as exc:
        raise StateFolderError(
            f"another local cloud serves {state}", hint="use it, or end it with: miniwdl-aws local down"
        ) from exc
    except OSError as exc:
        raise StateFolderError(f"the local cloud can't write its folder {state}: {exc.strerror or exc}") from exc
