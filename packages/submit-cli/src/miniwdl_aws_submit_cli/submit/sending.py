"""To submit a job that is ready, be it new or a repetition; and to stay with its run where the user waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.console import emit, emit_json, say
from miniwdl_aws_hooks.exit_codes import ExitCode
from miniwdl_aws_submit_cli.runs.names import given_name
from miniwdl_aws_submit_cli.watch.ending import say_next
from miniwdl_aws_submit_cli.watch.stay import stay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_submit_cli.runs.session import Session
    from miniwdl_aws_submit_cli.watch.stay import Manner

__all__ = ["Ready", "send"]


@dataclass(frozen=True)
class Ready:
    """A job that is ready to be submitted."""

    request: Mapping[str, Any]
    """SubmitJob, with the name or the ARN of its definition."""
    definition: Mapping[str, Any] | None = None
    """RegisterJobDefinition, of one that may not be there yet."""


def send(ready: Ready, session: Session, manner: Manner, *, wait: bool) -> int:
    """
    Submit a job and tell it, as one JSON object where the manner says so; stay with its run if that is wanted.

    :return: the exit code of the run, or 0 where nobody waits.
    """
    request = dict(ready.request)
    if ready.definition:
        request["jobDefinition"] = session.batch.ensure_definition(dict(ready.definition))
    job_id = session.batch.submit(request, lambda text: say(f"note: {text}"))
    if not manner.json:
        emit(job_id)
    queue = str(request["jobQueue"])
    say(f"submitted workflow job {given_name(request['jobName'])} to queue {queue.rpartition('/')[2]}")
    facts = {
        "jobId": job_id,
        "jobName": request["jobName"],
        "jobQueue": queue,
        "jobDefinition": ready.request["jobDefinition"],
        "region": session.batch.region,
    }
    if wait:
        return stay(facts, manner, session)
    if manner.json:
        emit_json(facts)
    say_next(job_id, session)
    say(*session.surroundings.closing_lines())
    return ExitCode.OK
