"""How a run ended: the exit code, one sentence, why it failed, and where its products are or will be. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.batch.attempts import lost_hosts
from miniwdl_aws_core.batch.run_end import RunEnd
from miniwdl_aws_hooks.exit_codes import ExitCode

if TYPE_CHECKING:
    from miniwdl_aws_core.batch.job import Job

__all__ = ["STOPPED", "STOPPED_BY", "UNEXPLAINED", "Outcome", "Places", "outcome", "state_of", "was_stopped"]

STOPPED_BY = "stopped by miniwdl-aws cancel"
"""How the reason begins with which this project terminates jobs."""
STOPPED = "stopped"
"""State of a run that somebody stopped; AWS Batch says FAILED."""
UNEXPLAINED = "AWS Batch gives no reason"
"""Said of a failed job that has neither an exit code nor a reason."""

_BY_QUEUE = "Canceled by JobStateTimeLimit action"
"""Begins the reason of a job that no person stopped, but the queue's own rule for those that wait too long."""
_NO_MEMORY = "OutOfMemory"
_NOT_PULLED = "CannotPull"


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    code: int
    """The exit code to reproduce."""
    sentence: str
    why: str = ""
    """Why it failed, where the sentence doesn't say it: what the run itself said last."""
    hint: str = ""
    """What to do about it."""
    run_dir: str = ""
    """Path of the run's directory on the shared file system; empty where it is unknown or deleted."""
    results: str = ""
    """URI of the folder with the run's results; empty for a failed run."""
    uploaded: str = ""
    """The same for what a failed run left: its logs and error.json."""
    report: str = ""
    """Where its report is, and what that says in a sentence."""
    only_logged: bool = False
    """Whether why it failed is in its log alone."""

    def lines(self, log: str) -> list[str]:
        """
        Tell what belongs to the sentence: where things are, and why it failed, which comes last.

        :param log: the command line that shows the run's log.
        """
        why = self.why or (f"its log alone says it: {log}" if self.only_logged else "")
        told = [
            ("results: ", self.results),
            ("logs and error.json: ", self.uploaded),
            ("run directory: ", self.run_dir),
            ("report: ", self.report),
            ("why: ", why),
            ("hint: ", self.hint),
        ]
        return [f"  {label}{text}" for label, text in told if text]

    @property
    def short(self) -> str:
        """What a list has room for: where the results are, or why there are none."""
        return self.results or self.why or (self.run_dir if self.code == ExitCode.OK else self.sentence)

    def facts(self) -> dict[str, Any]:
        """Tell programs; what isn't known is ``None``."""
        return {
            "why": (self.why or self.sentence) if self.code != ExitCode.OK else None,
            "hint": self.hint or None,
            "runDir": self.run_dir or None,
            "results": self.results or self.uploaded or None,
            "report": self.report or None,
        }


@dataclass(frozen=True)
class Places:
    """Where a run that goes on will be found; what isn't known yet is empty."""

    run_dir: str = ""
    """Path of the run's directory on the shared file system."""
    results: str = ""
    """URI of the folder that its products will go to."""

    @classmethod
    def of(cls, job: Job) -> Places:
        """Read what the workflow job has said of it; nothing of one that has ended, which :func:`outcome` is for."""
        end = RunEnd.read({} if job.ended else job.tags)
        return cls(end.run_dir, end.results_to)

    def lines(self) -> list[str]:
        """Tell it."""
        told = [("run directory: ", self.run_dir), ("results will be in: ", self.results)]
        return [f"  {label}{text}" for label, text in told if text]

    @property
    def short(self) -> str:
        """What a list has room for."""
        return self.results or self.run_dir

    def facts(self) -> dict[str, Any]:
        """Tell programs; the same keys as those of an outcome."""
        return {"runDir": self.run_dir or None, "results": self.results or None}


def outcome(job: Job) -> Outcome:
    """Say how an ended job ended."""
    end = RunEnd.read(job.tags)
    if job.status == "SUCCEEDED":
        return Outcome(ExitCode.OK, "the run succeeded", run_dir=end.run_dir, results=end.results, report=end.report)
    code, sentence, hint = _failure(job)
    known = bool(job.exit_code) and code == job.exit_code and not was_stopped(job) and not lost_hosts(job)
    return Outcome(
        code,
        sentence,
        why=end.why if known else "",
        hint=hint or (end.hint if known else ""),
        run_dir=end.run_dir,
        uploaded=end.results,
        report=end.report,
        only_logged=known and code != ExitCode.TERMINATED and not end.why and bool(job.streams),
    )


def was_stopped(job: Job) -> bool:
    """Whether somebody stopped it, and no rule of its queue."""
    return job.status_reason.startswith(STOPPED_BY) or (
        job.was_stopped and job.ended and not job.status_reason.startswith(_BY_QUEUE)
    )


def state_of(job: Job) -> str:
    """Name the state of a run, as users read it: AWS Batch's own in small letters, or ``stopped``."""
    return STOPPED if job.status == "FAILED" and was_stopped(job) else job.status.lower()


def _failure(job: Job) -> tuple[int, str, str]:
    """Find exit code, sentence, and what to do about it."""
    if was_stopped(job):
        by = "" if not job.reason or job.status_reason.startswith(STOPPED_BY) else f": {job.reason}"
        return ExitCode.TERMINATED, f"the run was stopped{by}", ""
    if job.exit_code == ExitCode.ALREADY_BEGUN:
        return job.exit_code, "the run was submitted twice, and another job runs it: `miniwdl-aws list` shows it", ""
    if lost := lost_hosts(job):
        # There may be an exit code, such as 143, which isn't the run's.
        return job.exit_code or ExitCode.FAILED, _without_host(job, lost), ""
    if _NO_MEMORY in job.container_reason:
        told = f"the workflow job used more memory than it has: {job.reason}"
        return job.exit_code or ExitCode.FAILED, told, "submit it with more (--memory-GiB)"
    if job.exit_code == ExitCode.UPLOAD_FAILED:
        return job.exit_code, "the run succeeded, but its results could not all be uploaded (exit code 74)", ""
    if job.exit_code == ExitCode.TERMINATED and not RunEnd.read(job.tags).why:
        return job.exit_code, "the run was stopped: its workflow job was told to end (SIGTERM)", ""
    if job.exit_code:
        return job.exit_code, f"the run failed with exit code {job.exit_code}", ""
    reason = job.reason or UNEXPLAINED
    hint = "check the image of the workflow job (--image), and that hosts may pull it" if _NOT_PULLED in reason else ""
    return ExitCode.FAILED, f"the workflow job failed without an exit code: {reason}", hint


def _without_host(job: Job, lost: int) -> str:
    times = f" {lost} times" if lost > 1 else ""
    advice = "submit it to a queue of on-demand hosts (--workflow-queue), where it goes on with what was done"
    return f"the workflow job lost its host{times}; {advice}: {job.reason}"
