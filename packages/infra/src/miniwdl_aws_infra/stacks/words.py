"""What CloudFormation says, in plain words: types of resources, changes, states, reasons of failures. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_infra.template import DATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["LEFT_REPOSITORY", "Failure", "change_lines", "failure_of", "kind", "state", "summary"]

_PRODUCTS = {"FSx": "FSx", "EC2": "EC2", "IAM": "IAM", "ECR": "ECR", "S3": "S3", "Batch": "Batch", "Logs": "log"}
_STATES = {
    "CREATE": ("making", "made", "could not make"),
    "UPDATE": ("changing", "changed", "could not change"),
    "DELETE": ("deleting", "deleted", "could not delete"),
    "ROLLBACK": ("taking back", "taken back", "could not take back"),
    "UPDATE_ROLLBACK": ("taking back", "taken back", "could not take back"),
    "REVIEW": ("not made yet", "not made yet", "not made yet"),
}
_CONSEQUENCES = ("Resource creation cancelled", "Resource update cancelled")
"""What CloudFormation says of resources that it gave up because another one failed."""


def kind(resource_type: str) -> str:
    """Write a type in words: ``AWS::Batch::JobQueue`` is a Batch job queue."""
    _, _, rest = resource_type.partition("::")
    product, _, name = rest.partition("::")
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).split()
    words = " ".join(part if part.isupper() else part.lower() for part in parts) or resource_type
    prefix = _PRODUCTS.get(product, "")
    return f"{prefix} {words.removeprefix(f'{prefix.lower()} ')}".strip()


def state(status: str) -> str:
    """Write a status in words: ``CREATE_IN_PROGRESS`` is making."""
    if status == "DELETE_SKIPPED":
        return "left alone"
    found = re.fullmatch(r"(.+?)(?:_COMPLETE_CLEANUP)?_(IN_PROGRESS|COMPLETE|FAILED)", status)
    if not found or found[1] not in _STATES:
        return status.lower().replace("_", " ")
    return _STATES[found[1]][("IN_PROGRESS", "COMPLETE", "FAILED").index(found[2])]


def change_lines(changes: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """
    Say of each change what it does.

    :param changes: ``ResourceChange`` of CloudFormation's API.
    :return: verb, name of the resource, and what it is; the gravest last, where it is seen.
    """
    order = ("make", "change", "perhaps replace", "replace", "delete", "let go of")
    lines = [_change(item) for item in changes]
    return sorted(lines, key=lambda line: (order.index(line[0]) if line[0] in order else 0, line[1]))


def _change(change: Mapping[str, Any]) -> tuple[str, str, str]:
    action, name = change["Action"], change["LogicalResourceId"]
    what, policy = kind(change["ResourceType"]), change.get("PolicyAction", "")
    if action == "Add":
        return "make", name, what
    if action == "Remove":
        return ("let go of", name, f"{what}: it stays, outside of the stack") if policy == "Retain" else (
            "delete", name, what,
        )  # fmt: skip
    changed = sorted({item["Target"].get("Name") or item["Target"]["Attribute"] for item in change.get("Details", ())})
    because = f": {', '.join(changed)}" if changed else ""
    replacement = change.get("Replacement")
    if replacement not in {"True", "Conditional"}:
        return "change", name, f"{what}{because}"
    fate = "; the old one stays, outside of the stack" if policy == "ReplaceAndRetain" else ""
    if name in DATA:
        fate = f"; the new {DATA[name]} is empty, the old one stays outside of the stack and goes on to cost"
    return ("replace" if replacement == "True" else "perhaps replace"), name, f"{what}{because}{fate}"


def summary(lines: Sequence[tuple[str, str, str]]) -> str:
    """Count what a deployment would do, in one sentence."""
    verbs = {
        "make": "made", "change": "changed", "perhaps replace": "perhaps replaced", "replace": "replaced",
        "delete": "deleted", "let go of": "left outside of the stack",
    }  # fmt: skip
    counts = {done: sum(line[0] == verb for line in lines) for verb, done in verbs.items()}
    found = [f"{number} {done}" for done, number in counts.items() if number]
    lost = [
        name
        for verb, name, _ in lines
        if verb in {"replace", "perhaps replace", "delete", "let go of"} and name in DATA
    ]
    return f"{', '.join(found) or 'nothing changed'}; " + (
        f"data affected: {', '.join(lost)}" if lost else "no data affected"
    )


@dataclass(frozen=True)
class Failure:
    """Why a resource failed."""

    resource: str
    reason: str
    hint: str | None = None


LEFT_REPOSITORY = (
    "a stack of this name, whose deletion failed perhaps, has left its image repository behind: `aws ecr "
    "delete-repository --repository-name NAME --force` deletes it and its images; or choose another --stack-name"
)

_HINTS = {
    r"RepositoryAlreadyExists|repository.*already exists": LEFT_REPOSITORY,
    r"/aws/batch/job.*already exists|already exists.*/aws/batch/job": (
        "the account has this log group: deploy with --parameter LogRetentionDays=0, which leaves it alone"
    ),
    r"job-?queue.*(already )?exists|Object already exists": (
        "another stack or person has used this name: choose another one by --stack-name"
    ),
    r"already exists": "something of this name exists and is none of this stack's: delete it, or name another stack",
    r"not authorized to perform|AccessDenied|UnauthorizedOperation|is not authorized": (
        "whoever deploys lacks this permission; CloudFormation acts with yours"
    ),
    r"insufficient.*capacity|not have enough capacity": (
        "the zone is short of it at the moment: name another one by --parameter AvailabilityZone=..."
    ),
    r"service-linked role": "make it once: aws iam create-service-linked-role --aws-service-name SERVICE",
    r"DependencyViolation|has dependencies|in use": "something outside of this stack uses it; delete that first",
    r"BucketNotEmpty|not empty": "empty the bucket first, when nobody needs what is in it",
    r"limit|quota|maximum number": "ask for more of it in the console of Service Quotas",
}
"""What to do about reasons, by patterns of which the first counts."""


def failure_of(event: Mapping[str, Any]) -> Failure | None:
    """Tell whether an event is a failure with a reason of its own, and what to do about it."""
    reason = str(event.get("ResourceStatusReason", "")).strip()
    if not event["ResourceStatus"].endswith("_FAILED") or not reason or reason.startswith(_CONSEQUENCES):
        return None
    if event["LogicalResourceId"] == event.get("StackName"):
        return None  # it only counts those of the resources
    hint = next((text for pattern, text in _HINTS.items() if re.search(pattern, reason, re.IGNORECASE)), None)
    # Handlers of resource types put a token into brackets behind what they say.
    reason = re.sub(r"\s*\((RequestToken|SDK Attempt Count)[^()]*\)", "", reason).rstrip(". ")
    return Failure(event["LogicalResourceId"], reason, hint)
