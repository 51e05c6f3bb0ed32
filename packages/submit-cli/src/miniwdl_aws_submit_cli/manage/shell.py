"""
``miniwdl-aws shell``: look around in the container of a task that runs.

AWS's own way into a container is ECS Exec, which a task has when it was started with ``[aws] enable_execute_command``.
The session goes over the AWS CLI and its Session Manager plugin, so this command finds the container and hands over.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-run.html
"""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING, NoReturn

from miniwdl_aws_core.console import emit, emit_json
from miniwdl_aws_core.hosts.ecs_names import cluster_of
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.manage.arguments import add_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from miniwdl_aws_core.batch.job import Job
    from miniwdl_aws_submit_cli.runs.calls import Call
    from miniwdl_aws_submit_cli.runs.session import Session

__all__ = ["configure", "run"]

CONTAINER = "default"
"""Name that AWS Batch gives to the one container of a job; it is in the job's log stream, too."""
TASK_LABEL = "com.amazonaws.ecs.task-arn"
"""Label that the ECS agent gives to the containers of a task."""
SOMEWHERE_ELSE = frozenset({"127.0.0.1", "::1", "localhost"})
PROGRAMS = {
    "aws": "install the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    "session-manager-plugin": "install the AWS CLI's Session Manager plugin: "
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
}
"""What opens the session, and where it comes from."""


def configure(parser: ArgumentParser) -> None:
    """Add which container, and what to run in it."""
    parser.add_argument(
        "--command", dest="shell", metavar="COMMAND", default="/bin/sh", help="what to run there [/bin/sh]"
    )
    parser.add_argument(
        "--print", action="store_true", help="print the command line of the AWS CLI in place of running it"
    )
    add_run(parser)
    parser.add_argument("call", metavar="CALL", help="the call to look into (sort, sort-3, sub-1/sort), or task")


def run(args: Namespace) -> int:
    """Open a shell; where there is no terminal, print how."""
    from miniwdl_aws_submit_cli.runs.session import open_session

    with open_session(args) as session:
        call, job = _running(session, args.run, args.call)
        cluster, task = _place(session, call, job)
        words = _command_line(session.batch.region, cluster, task, args.shell)
    if args.json:
        facts = {"call": call.name, "jobId": job.job_id, "cluster": cluster, "taskArn": task, "command": words}
        emit_json(facts)
        return ExitCode.OK
    if args.print or not (os.isatty(0) and os.isatty(1)):
        emit(shlex.join(words))
        return ExitCode.OK
    return _hand_over(words)


def _hand_over(words: list[str]) -> NoReturn:
    """Go on as the AWS CLI, in place of this process: the terminal, its signals and the exit code are the session's."""
    for program, hint in PROGRAMS.items():
        if shutil.which(program) is None:
            raise ConfigurationError(f"{program} is not on PATH, and opens the shell", hint=f"{hint}; or see --print")
    os.execvp(words[0], words)  # noqa: S606 - no shell reads the words


def _command_line(region: str, cluster: str, task: str, command: str) -> list[str]:
    words = ["aws", "ecs", "execute-command", "--region", region, "--cluster", cluster, "--task", task]
    return [*words, "--container", CONTAINER, "--interactive", "--command", command]


def _running(session: Session, word: str, name: str) -> tuple[Call, Job]:
    """Find the one call of that name that runs."""
    from miniwdl_aws_submit_cli.runs.calls import calls_of, matching, no_such_call, some_names
    from miniwdl_aws_submit_cli.runs.runs import TaskJobs

    found = session.find(word)
    jobs = {job.job_id: job for job in TaskJobs(session.batch, found).refresh()}
    calls = calls_of(jobs.values())
    chosen = matching(calls, name)
    if not chosen:
        raise no_such_call(name, found.job_id, calls)
    running = [call for call in chosen if call.latest.status == "RUNNING"]
    if len(running) > 1:
        raise ConfigurationError(
            f"{len(running)} calls of that name run: {some_names(running)}", hint="name one of them"
        )
    if not running:
        raise _not_running(session, word, chosen)
    return running[0], jobs[running[0].latest.job_id]


def _not_running(session: Session, word: str, calls: list[Call]) -> ConfigurationError:
    waiting = [call for call in calls if call.latest.status not in {"SUCCEEDED", "FAILED"}]
    call = (waiting or calls)[-1]
    status = call.latest.status.lower()
    if waiting:
        return ConfigurationError(
            f"call {call.name} does not run yet: job {call.latest.job_id} is {status}",
            hint=f"try again once `{session.command('status', word)}` calls it running",
        )
    code = f" with exit code {call.latest.exit_code}" if call.latest.exit_code is not None else ""
    return ConfigurationError(
        f"call {call.name} runs no more: job {call.latest.job_id} {status}{code}",
        hint=f"its container is gone; see `{session.command('logs', word, '--task', call.name)}`, and its files in the "
        "run directory",
    )


def _place(session: Session, call: Call, job: Job) -> tuple[str, str]:
    """Give the cluster's name and the task's ARN, where there is a way into the container."""
    from urllib.parse import urlsplit

    if urlsplit(session.batch.endpoint).hostname in SOMEWHERE_ELSE:
        raise ConfigurationError(
            f"call {call.name} runs on the local cloud, which has no way into a container",
            hint="its processes are those of this machine: look into its folder in the run directory; in the mode "
            "`engine`, `podman exec` or `docker exec` open a shell",
        )
    cluster = cluster_of(job.task_arn or "") or cluster_of(job.container_instance_arn or "")
    if not job.task_arn or not cluster:
        raise ConfigurationError(
            f"AWS Batch does not say by which ECS task job {job.job_id} of call {call.name} runs", hint="try again"
        )
    if not job.execute_command:
        raise ConfigurationError(
            f"call {call.name} was started without [aws] enable_execute_command, so there is no way into its container",
            hint="set it for the next run (MINIWDL__AWS__ENABLE_EXECUTE_COMMAND=true); now, on the host, container "
            f"instance {job.container_instance_arn}: `docker exec -it $(docker ps -q --filter "
            f"label={TASK_LABEL}={job.task_arn}) /bin/sh`",
        )
    return cluster, job.task_arn
