"""
miniwdl's container backend ``aws_batch``: a WDL task becomes a job of AWS Batch.

Enable it by ``[scheduler] container_backend = aws_batch``; ``[aws] task_queue`` and ``[file_io] root`` must be set. The
shared file system must be mounted at the same path here and on the hosts of all jobs; a plugin says how jobs get it.
"""

from __future__ import annotations

import logging
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import WDL
from WDL.runtime.error import Interrupted, Terminated

from miniwdl_aws_batch_backend.errors import TaskSettingError
from miniwdl_aws_batch_backend.failures.pauses import Pauses
from miniwdl_aws_batch_backend.failures.report import Rewritten, failure_info, stderr_tail, tailed
from miniwdl_aws_batch_backend.jobs.draft import Draft, TaskCall, draft_job
from miniwdl_aws_batch_backend.jobs.job import BatchJob
from miniwdl_aws_batch_backend.jobs.resources import HINTS, OWN, check_own, read_hints, resources_of
from miniwdl_aws_batch_backend.process import batch_api
from miniwdl_aws_batch_backend.process.adoption.callkey import CallFacts, call_key
from miniwdl_aws_batch_backend.process.adoption.journal import Entry
from miniwdl_aws_batch_backend.process.engine import Engine
from miniwdl_aws_batch_backend.process.submission.grouping import Candidate
from miniwdl_aws_batch_backend.process.termination import StoppedError
from miniwdl_aws_batch_backend.records.recorder import Recorder
from miniwdl_aws_batch_backend.records.tries import what_follows
from miniwdl_aws_batch_backend.task_files import TaskFiles
from miniwdl_aws_batch_backend.workdir.handover import (
    Place,
    discard,
    hand_over,
    has_begun,
    lie_elsewhere,
    new_place,
    read_claim,
    read_exit_code,
)
from miniwdl_aws_batch_backend.workdir.paths import top_run_dir
from miniwdl_aws_batch_backend.workdir.taskdir import link_inputs, write_command
from miniwdl_aws_batch_backend.workdir.wrapper import command_file
from miniwdl_aws_core.collector import collect_seldom
from miniwdl_aws_core.options.loader import LoaderSettings
from miniwdl_aws_core.records.jobs import Followed
from miniwdl_aws_core.wdl_log import NOTICE_LEVEL, message
from miniwdl_aws_hooks import FailureClass, FailurePolicy, FailureVerdict, JobChange, JobFailure, MiniwdlAwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from miniwdl_aws_core.batch.job import Job

__all__ = ["BatchBackend"]

UNBOUNDED = {"cpu": 1 << 20, "mem_bytes": 1 << 60}
"""What a compute environment can offer is for AWS Batch to say, not for this process to guess."""
EXIT_CODE_COUNTS = frozenset({FailureClass.TOOL_ERROR, FailureClass.OUT_OF_MEMORY})
"""Failures that are the command's own, so that its exit code is what to report."""


@contextmanager
def _as_miniwdl_errors() -> Iterator[None]:
    """Let only errors out that miniwdl knows."""
    try:
        yield
    except MiniwdlAwsError as exc:
        raise WDL.Error.RuntimeError(exc.told, more_info=exc.more_info) from exc
    except OSError as exc:
        raise WDL.Error.RuntimeError(f"the task's files could not be made ready: {exc}") from exc
    except StoppedError as exc:
        raise Terminated(quiet=not exc.had_started) from None


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class BatchBackend(TaskFiles):
    """One task call, with the jobs that are submitted for its tries."""

    _engine: ClassVar[Engine]

    @classmethod
    def global_init(cls, cfg: WDL.runtime.config.Loader, logger: logging.Logger) -> None:
        """Read the configuration, once per process."""
        with _as_miniwdl_errors():
            cls._engine = Engine.start(LoaderSettings(cfg), batch_api.connect)
        collect_seldom()
        logger.info(message("tasks run on AWS Batch", queue=cls._engine.queue, root=cls._engine.root))

    @classmethod
    def detect_resource_limits(
        cls,
        cfg: WDL.runtime.config.Loader,  # noqa: ARG003 - miniwdl's signature
        logger: logging.Logger,  # noqa: ARG003 - miniwdl's signature
    ) -> dict[str, int]:
        """Let any request through to AWS Batch."""
        return UNBOUNDED

    def __init__(self, cfg: WDL.runtime.config.Loader, run_id: str, host_dir: str) -> None:
        """Make ready for the first try."""
        super().__init__(cfg, run_id, host_dir)
        self._recorder = Recorder(host_dir, self._engine.root, self._task)
        self._rewritten: Rewritten | None = None
        self._submitted = False
        self._interruptions = 0
        self._growth = 1.0
        self._pauses = Pauses(self._engine.settings.retry_wait, self._engine.chance)
        self._final: Exception | None = None
        self._terminating: Callable[[], bool] = lambda: False

    # --- what the task asks for

    def process_runtime(self, logger: logging.Logger, runtime_eval: dict[str, WDL.Value.Base]) -> None:
        """Check what the task asks for, so that nothing is submitted that AWS would refuse."""
        with _as_miniwdl_errors():
            check_own({key: runtime_eval[key].json for key in OWN if key in runtime_eval}, self._task)
        super().process_runtime(logger, runtime_eval)
        with _as_miniwdl_errors():
            if "inlineDockerfile" in self.runtime_values:
                raise TaskSettingError(
                    f"task {self._task}: runtime.inlineDockerfile needs a Docker daemon beside miniwdl",
                    hint="push the image to a registry and name it in runtime.docker",
                )
            hints = {key: runtime_eval[key].json for key in HINTS if key in runtime_eval}
            self.runtime_values.update(read_hints(hints, self._task))
            resources_of(self.runtime_values, self._engine.settings, self._task)
        accelerator = self.runtime_values.get("acceleratorType")
        if accelerator and not accelerator.startswith("nvidia"):
            logger.warning(message("ignored unrecognized runtime.acceleratorType", value=accelerator))
        if "docker_network" in self.runtime_values:
            logger.warning(message("ignored runtime.docker_network, which AWS Batch doesn't have"))

    def reset(self, logger: logging.Logger) -> None:
        """Wait, then get ready for another try in a work directory of its own."""
        if self._final is None:
            self._wait_to_retry(logger)
        self.try_counter += 1
        self._next_directory()

    def delete_work(self, logger: logging.Logger, delete_streams: bool = False) -> None:
        """Delete what the current job left, but not what its successor will read."""
        allowed = 1 + self.runtime_values.get("maxRetries", 0) + self.runtime_values.get("preemptible", 0)
        retry_may_follow = delete_streams and self._final is None and self.try_counter < allowed
        doomed = [self._paths.work, self._paths.command]
        if delete_streams:
            doomed += [self._paths.stdout, self._paths.stderr]
        if not retry_may_follow:
            # Files that the command refers to, written once for all tries.
            doomed.append(f"{self.host_dir}/write_")
        for path in doomed:
            _delete(Path(path))
        if self._place:
            discard(self._place)
        logger.info(message("deleted task work artifacts", artifacts=doomed))

    def _wait_to_retry(self, logger: logging.Logger) -> None:
        seconds = self._pauses.seconds
        if seconds > 0:
            logger.info(message("waiting to retry, by [aws] retry_wait", seconds=round(seconds, 1)))
            self._engine.termination.pause(seconds, self._terminating)

    # --- running it

    def _run(self, logger: logging.Logger, terminating: Callable[[], bool], command: str) -> int:
        self._terminating = terminating
        if self._final is not None:
            # miniwdl retries whatever fails, while retries are left; but this can't end otherwise.
            logger.notice(message("not submitted again, since the outcome would be the same"))  # type: ignore[attr-defined]
            raise self._final
        with _as_miniwdl_errors(), ExitStack() as cleanup:
            faults = 0
            while True:
                ended, verdict, exit_code = self._run_job(logger, terminating, command)
                if verdict is None:
                    self._recorder.ended(logger, self._paths, ended, Followed.DONE, exit_code)
                    return exit_code or 0
                self._pauses.failed(verdict)
                follows = what_follows(
                    verdict,
                    self.runtime_values,
                    tries=self.try_counter,
                    interruptions=self._interruptions,
                    faults_left=self._engine.settings.infrastructure_retries - faults,
                    grows=self._engine.settings.memory_retry_multiplier > 1,
                )
                self._recorder.ended(logger, self._paths, ended, follows, exit_code, verdict)
                if follows is not Followed.RESUBMITTED:
                    return self._conclude(verdict, exit_code)
                faults += 1
                logger.warning(
                    message(
                        "infrastructure fault, submitting again",
                        error=verdict.message,
                        faults=faults,
                        max_faults=self._engine.settings.infrastructure_retries,
                    )
                )
                self._wait_to_retry(logger)
                self._renew_work(logger, cleanup)

    def _renew_work(self, logger: logging.Logger, cleanup: ExitStack) -> None:
        """Do within a try what miniwdl does before one."""
        before = f"{self._paths.work}/_miniwdl_tmpdir"
        self._next_directory()
        if self._copies_inputs:
            super().copy_input_files(logger)
        if Path(before).is_dir():
            temporary = Path(self._paths.work, "_miniwdl_tmpdir")
            temporary.mkdir(mode=0o770)
            cleanup.callback(shutil.rmtree, temporary, ignore_errors=True)

    def _run_job(
        self, logger: logging.Logger, terminating: Callable[[], bool], command: str
    ) -> tuple[Job, FailureVerdict | None, int | None]:
        """Submit one job and wait for it; give why it failed, if it did, and its exit code, if there is one."""
        place = self._place = new_place(top_run_dir(self.host_dir, self._engine.root), self.run_id, self._paths.number)
        job = BatchJob(
            self._engine,
            logger,
            terminating,
            lambda now, previous: self._tell(logger, now, previous),
            lambda: read_claim(self._place or place),
        )
        try:
            self._start(logger, job, place, command)
            with ExitStack() as cleanup:
                poll_stderr = cleanup.enter_context(self.poll_stderr_context(logger))
                ended = job.wait(poll_stderr, cleanup, self.task_running_context)
        except StoppedError:
            self._bring_home(logger)
            if job.latest:
                self._recorder.ended(logger, self._paths, job.latest, Followed.STOPPED)
            raise
        finally:
            job.close()
            self._bring_home(logger)
        begun = has_begun(self._place, self._paths)
        if ended.status == "SUCCEEDED" and begun is not False:
            return ended, None, 0
        self._recorder.note_detail(logger, self._paths, ended)
        exit_file = read_exit_code(self._paths)
        exit_code = ended.exit_code
        if exit_code and exit_code == exit_file and self.success_exit_code(exit_code):
            return ended, None, exit_code
        stderr = stderr_tail(self.host_dir, Path(self._paths.stderr).name)
        verdict = self._engine.extensions.verdict(
            JobFailure(job=ended.detail, exit_file=exit_file, stderr_tail=stderr, begun=begun),
            lambda error: logger.error(error.told),
        )
        if self._rewritten:
            verdict = self._rewritten.explained(verdict)
        self.failure_info = failure_info(ended, verdict, stderr, self._rewritten)
        return ended, verdict, exit_code or exit_file

    def _conclude(self, verdict: FailureVerdict, exit_code: int | None) -> int:
        """Fail the try as the verdict says."""
        if verdict.failure_class is FailureClass.OUT_OF_MEMORY:
            self._growth *= self._engine.settings.memory_retry_multiplier
        if verdict.policy is FailurePolicy.INTERRUPTED:
            self._interruptions += 1
            raise Interrupted(verdict.message, more_info=self.failure_info)
        if verdict.failure_class in EXIT_CODE_COUNTS and exit_code and verdict.policy is not FailurePolicy.FAIL:
            return exit_code
        error = WDL.Error.RuntimeError(verdict.message, more_info=self.failure_info)
        if verdict.policy is FailurePolicy.FAIL:
            self._final = error
        raise error

    # --- what is submitted

    def _call(self, place: Place) -> TaskCall:
        default_image = self.cfg.get_dict("task_runtime", "defaults").get("docker", "")
        return TaskCall(
            run_id=self.run_id,
            task=self._task,
            paths=self._paths,
            place=place,
            runtime=self.runtime_values,
            image=str(self.runtime_values.get("docker", default_image)).removeprefix("docker://"),
            shell=self.cfg.get("task_runtime", "command_shell"),
            as_user=self._as_user,
            chown=self.cfg.get_bool("file_io", "chown"),
            interruptions=self._interruptions,
            growth=self._growth,
        )

    @property
    def _as_user(self) -> bool:
        return bool(self.cfg["task_runtime"].get_bool("as_user"))

    def _start(self, logger: logging.Logger, job: BatchJob, place: Place, command: str) -> None:
        """Write the files that the job reads and submit it, or go on with one of a killed run."""
        if not self._copies_inputs or self._paths.number > 1:
            link_inputs(self._paths, self.input_path_map, self._beside_files)
        environment: dict[str, str] = self.runtime_values.get("env", {})
        retargeted = {name: self._paths.retarget(value) for name, value in environment.items()}
        write_command(self._paths, command_file(self._paths.retarget(command), retargeted))
        call = self._call(place)
        draft = draft_job(self._engine, call)
        if draft.image != call.image:
            self._rewritten = Rewritten(call.image, draft.image)
            if not self._submitted:
                # Loud once for all tasks: a scatter would say it thousands of times.
                level = logging.INFO if call.image in self._engine.rewritten else NOTICE_LEVEL
                self._engine.rewritten.add(call.image)
                logger.log(
                    level, message("image rewritten by [aws] image_rewrite", image=call.image, becomes=draft.image)
                )
        if self._growth > 1:
            memory = draft.resources.memory_mib
            logger.notice(message("more memory after running out of it", memory_mib=memory))  # type: ignore[attr-defined]
        recovery = self._engine.recovery
        key = self._key(draft, command) if recovery else None
        left = recovery.claim(key, self._paths, logger, job.pause) if recovery and key and not self._submitted else None
        self._submitted = True
        if left:
            self._adopted, self._place = left, Place.at(left.place)
            lie_elsewhere(self._paths, self._place)
            job.go_on(left)
            return
        entry = None
        if recovery and key:
            entry = Entry(
                key, draft.request.name, draft.request.queue, self.host_dir, self._paths.number, place.paths.work
            )
        candidate = Candidate(
            draft.request, self._engine.definitions.arn_of(draft.definition), self._paths, place, entry
        )
        hand_over(self._paths, place, to_any_user=not self._as_user)
        job.submit(candidate)

    def _key(self, draft: Draft, command: str) -> str | None:
        resources = draft.resources
        return call_key(
            CallFacts(
                task=self._task,
                task_dir=self.host_dir,
                run_dir=top_run_dir(self.host_dir, self._engine.root),
                command=command,
                shell=self.cfg.get("task_runtime", "command_shell"),
                environment=self.runtime_values.get("env", {}),
                inputs=self.input_path_map,
                definition=draft.definition,
                resources=(resources.vcpu, resources.memory_mib, resources.gpu),
            )
        )

    def poll_stderr_context(self, logger: logging.Logger) -> AbstractContextManager[Callable[[], None]]:
        """Read along with the task's standard error, which is the job's to write."""
        place = self._place
        assert place is not None  # noqa: S101 - for the type checker: asked for when the job has been submitted
        return tailed(place, logger, self.stderr_callback)

    # --- what is told of it

    def _tell(self, logger: logging.Logger, job: Job, previous: str | None) -> None:
        self._engine.hosts.seen(job, top_run_dir(self.host_dir, self._engine.root))
        change = JobChange(
            job_id=job.job_id,
            job_name=job.name,
            run_id=self.run_id,
            task_name=self._task,
            try_number=self._paths.number,
            queue=job.queue_arn,
            status=job.status,
            previous=previous,
            log_group=job.stream.group if job.stream else None,
            log_stream=job.stream.name if job.stream else None,
            status_reason=job.status_reason or None,
            run_dir=self.host_dir,
            at=self._engine.time_of_day(),
        )
        self._engine.extensions.tell(change, lambda error: logger.error(error.told))
