"""
What a role lacks of the table of permissions, asked of IAM's policy simulator.

The simulator goes by policies of the role alone: what a bucket's own policy allows, it doesn't see.
Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.permissions import BUCKET, INPUTS, Role, Statement, statements
from miniwdl_aws_core.batch.definition import TASK_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Place", "lacking", "questions"]

Question = tuple[tuple[str, ...], tuple[str, ...]]
"""Actions, each of which the role needs on each of some resources."""

_QUEUE, _DEFINITION, _JOB = "job-queue", "job-definition", "job"
_NIL = ("0" * 8, "0" * 4, "0" * 4, "0" * 4, "0" * 12)
_TAKES = {
    "batch:DeregisterJobDefinition": (_DEFINITION,),
    "batch:GetJobQueueSnapshot": (_QUEUE,),
    "batch:RegisterJobDefinition": (_DEFINITION,),
    "batch:SubmitJob": (_QUEUE, _DEFINITION),
    "batch:TagResource": (_JOB,),
    "batch:TerminateJob": (_JOB,),
}
"""Kinds of resources of AWS Batch: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html"""


@dataclass(frozen=True)
class Place:
    """Where runs take place."""

    partition: str
    account: str
    region: str
    queues: Sequence[str]
    """Names of the job queues of tasks."""
    read: Sequence[str] = ()
    """Buckets that runs read."""
    written: Sequence[str] = ()
    """Buckets into which results go."""

    def batch(self, kind: str) -> tuple[str, ...]:
        """Write ARNs of resources of a kind; jobs and definitions that aren't there will do."""
        names = {
            _QUEUE: self.queues,
            _DEFINITION: (f"{TASK_PREFIX}x:1",),
            _JOB: ("0" * 8 + "-0000" * 3 + "-" + "0" * 12,),
        }
        prefix = f"arn:{self.partition}:batch:{self.region}:{self.account}"
        return tuple(f"{prefix}:{kind}/{name}" for name in names[kind])


def questions(role: Role, place: Place) -> list[Question]:
    """List what a role needs in every setup, on what a place has."""
    asked: dict[tuple[str, ...], list[str]] = {}
    for statement in statements(role):
        if statement.when:
            continue
        for action in statement.actions:
            for resources in _resources(statement, action, place):
                asked.setdefault(resources, []).append(action)
    return [(tuple(dict.fromkeys(actions)), resources) for resources, actions in asked.items()]


def _resources(statement: Statement, action: str, place: Place) -> Iterator[tuple[str, ...]]:
    if action.startswith("s3:"):
        buckets = dict.fromkeys((*place.written, *place.read) if _reads(statement) else place.written)
        objects = "/x" if statement.resources[0].endswith("/*") else ""
        found = tuple(f"arn:{place.partition}:s3:::{bucket}{objects}" for bucket in buckets)
        if found:
            yield found
    elif statement.resources == ("*",):
        yield ("*",)
    else:
        yield from (found for kind in _TAKES[action] if (found := place.batch(kind)))


def _reads(statement: Statement) -> bool:
    assert statement.resources[0].startswith(BUCKET)  # noqa: S101 - of the table, which has a test
    return any(resource.startswith(INPUTS) for resource in statement.resources)


def lacking(client: Any, role_arn: str, asked: Sequence[Question]) -> list[tuple[str, str]]:
    """
    Ask which actions a role's policies don't allow.

    :param client: of IAM; what it raises passes.
    :return: actions with the resources on which they aren't allowed.
    """
    found: list[tuple[str, str]] = []
    for actions, resources in asked:
        position: dict[str, str] = {}
        while True:
            answer = client.simulate_principal_policy(
                PolicySourceArn=role_arn, ActionNames=list(actions), ResourceArns=list(resources), **position
            )
            found += [
                (item["EvalActionName"], item.get("EvalResourceName", "*"))
                for item in answer["EvaluationResults"]
                if item["EvalDecision"] != "allowed"
            ]
            if not answer.get("IsTruncated"):
                break
            position = {"Marker": answer["Marker"]}
    return found
