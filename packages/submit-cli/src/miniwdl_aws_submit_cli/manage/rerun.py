"""``miniwdl-aws rerun``: the same run once more; the call cache does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.console import say
from miniwdl_aws_hooks.protocol import ENV_SUBMISSION
from miniwdl_aws_submit_cli.runs.session import open_session
from miniwdl_aws_submit_cli.runs.workflow_job import given_name, submission_token, unique_name
from miniwdl_aws_submit_cli.watch.stay import Submitted, stay_with
from miniwdl_aws_submit_cli.watch.view import require_follower

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

__all__ = ["resubmission", "run"]


def run(args: Namespace) -> int:
    """Submit the workflow job of a run again: same WDL, inputs, options, image, role and tags."""
    args.follow = args.follow or bool(args.follow_task)
    with open_session(args, waiting=args.wait or args.follow) as session:
        if args.follow:
            require_follower(session.manager)
        request = resubmission(session.find(args.run).detail)
        job_id = session.batch.submit(request, lambda text: say(f"note: {text}"))
        submitted = Submitted(job_id, request["jobName"], request["jobQueue"], request["jobDefinition"])
        return stay_with(submitted, args, session.batch, session.manager, session.surroundings)


def resubmission(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Make the request of SubmitJob out of a JobDetail: the same, but for what makes it a submission of its own."""
    container = detail["container"]
    name = unique_name(given_name(detail["jobName"]), submission_token())
    # AWS Batch adds variables of its own, and takes none of them back.
    kept = [item for item in container["environment"] if not item["name"].startswith(("AWS_BATCH", ENV_SUBMISSION))]
    overrides: dict[str, Any] = {
        "command": list(container["command"]),
        "environment": [*kept, {"name": ENV_SUBMISSION, "value": name}],
    }
    if container.get("resourceRequirements"):
        overrides["resourceRequirements"] = container["resourceRequirements"]
    request: dict[str, Any] = {
        "jobName": name,
        "jobQueue": detail["jobQueue"],
        "jobDefinition": detail["jobDefinition"],
        "containerOverrides": overrides,
        "propagateTags": True,
    }
    if detail.get("tags"):
        request["tags"] = dict(detail["tags"])
    return request
