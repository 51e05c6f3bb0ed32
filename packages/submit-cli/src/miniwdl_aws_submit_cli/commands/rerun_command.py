"""``miniwdl-aws rerun``: the same run once more; the call cache does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_submit_cli.commands.session import open_session
from miniwdl_aws_submit_cli.follow import require_follower
from miniwdl_aws_submit_cli.staying import Submitted, stay_with

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
        job_id = session.batch.submit(request)
        submitted = Submitted(job_id, request["jobName"], request["jobQueue"], request["jobDefinition"])
        return stay_with(submitted, args, session.batch, session.manager, session.surroundings)


def resubmission(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Make the request of SubmitJob out of a JobDetail. Pure."""
    container = detail["container"]
    overrides: dict[str, Any] = {
        "command": list(container["command"]),
        # AWS Batch adds variables of its own, and takes none of them back.
        "environment": [item for item in container["environment"] if not item["name"].startswith("AWS_BATCH")],
    }
    if container.get("resourceRequirements"):
        overrides["resourceRequirements"] = container["resourceRequirements"]
    request: dict[str, Any] = {
        "jobName": detail["jobName"],
        "jobQueue": detail["jobQueue"],
        "jobDefinition": detail["jobDefinition"],
        "containerOverrides": overrides,
        "propagateTags": True,
    }
    if detail.get("tags"):
        request["tags"] = dict(detail["tags"])
    return request
