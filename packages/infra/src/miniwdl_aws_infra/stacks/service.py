"""The edge to CloudFormation, and to what is asked of other services before a deployment."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.errors import Case, ErrorFamily, translated
from miniwdl_aws_core.aws.session import connect
from miniwdl_aws_infra.errors import NoSuchStackError, NothingToDoError
from miniwdl_aws_infra.stacks.words import LEFT_REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_cloudformation import CloudFormationClient

__all__ = ["ChangeSet", "Resource", "Stack", "Stacks"]

MISSING = "does not exist"

_OURS = ErrorFamily(
    cases=(
        Case("ValidationError", NoSuchStackError, says=MISSING),
        Case("ValidationError", NothingToDoError, says="no updates are to be performed"),
        # CloudFormation itself says this of the resource, in an event; moto refuses the request.
        Case("RepositoryAlreadyExistsException", hint=LEFT_REPOSITORY),
    )
)
asking = partial(translated, family=_OURS)


@dataclass(frozen=True)
class Stack:
    """A stack as it is now."""

    id: str
    name: str
    status: str
    """As AWS says it: ``CREATE_COMPLETE``."""
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Sequence[tuple[str, str, str]] = ()
    """Name, value and description, in the order of the names."""

    @property
    def in_progress(self) -> bool:
        """Whether CloudFormation works on it."""
        return self.status.endswith("IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def deployed(self) -> bool:
        """Whether it was made once, so that it can be changed."""
        return self.status not in {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}


@dataclass(frozen=True)
class Resource:
    """A resource of a stack."""

    name: str
    id: str
    """As its service knows it; for some types an ARN."""
    type: str
    status: str
    reason: str = ""


@dataclass(frozen=True)
class ChangeSet:
    """What a deployment would do."""

    id: str
    status: str
    reason: str
    changes: Sequence[Mapping[str, Any]] = ()
    """``ResourceChange`` of CloudFormation's API."""


class Stacks:
    """CloudFormation, as far as it is needed here."""

    def __init__(self, client: CloudFormationClient) -> None:
        self._client = client

    @classmethod
    def connect(cls, region: str | None = None) -> Stacks:
        """Make a client; nothing is sent yet."""
        return cls(connect("cloudformation", region, family=_OURS))

    @property
    def region(self) -> str:
        """Region that it asks."""
        return str(self._client.meta.region_name)

    def find(self, name: str) -> Stack | None:
        """
        Describe a stack.

        :param name: or its id, by which one that is deleted can be found, too.
        """
        try:
            with asking(f"look up stack {name}"):
                (found,) = self._client.describe_stacks(StackName=name)["Stacks"]
                outputs = sorted(
                    (item["OutputKey"], item["OutputValue"], item.get("Description", ""))
                    for item in found.get("Outputs", ())
                )
                return Stack(
                    id=found["StackId"],
                    name=found["StackName"],
                    status=found["StackStatus"],
                    reason=found.get("StackStatusReason", ""),
                    parameters={
                        item["ParameterKey"]: item.get("ParameterValue", "") for item in found.get("Parameters", ())
                    },
                    outputs=outputs,
                )
        except NoSuchStackError:
            return None

    def require(self, name: str) -> Stack:
        """
        Describe a stack that must be there.

        :raises NoSuchStackError: when it isn't.
        """
        found = self.find(name)
        if found is None or not found.deployed:
            raise NoSuchStackError(
                f"there is no stack {name} in {self.region}",
                hint="`miniwdl-aws infra deploy` makes it; --stack-name and --region name another one",
            )
        return found

    def begin_change_set(
        self, name: str, template: str, parameters: Sequence[Mapping[str, Any]], *, new: bool
    ) -> tuple[str, str]:
        """
        Let CloudFormation find out what a deployment would do.

        :param parameters: as CloudFormation's API wants them.
        :return: ids of the change set and of the stack.
        """
        wanted: Any = list(parameters)
        with asking(f"prepare the deployment of stack {name}"):
            answer = self._client.create_change_set(
                StackName=name,
                ChangeSetName=f"miniwdl-aws-infra-{uuid.uuid4().hex[:8]}",
                ChangeSetType="CREATE" if new else "UPDATE",
                TemplateBody=template,
                Parameters=wanted,
                Capabilities=["CAPABILITY_IAM"],
            )
            return answer["Id"], answer["StackId"]

    def change_set(self, identifier: str) -> ChangeSet:
        """Describe a change set, with all of its changes once it is ready."""
        with asking("look up what the deployment would do"):
            changes: list[Mapping[str, Any]] = []
            position: dict[str, Any] = {}
            while True:
                answer = self._client.describe_change_set(ChangeSetName=identifier, **position)
                changes += [item["ResourceChange"] for item in answer.get("Changes", ()) if "ResourceChange" in item]
                if not answer.get("NextToken"):
                    break
                position = {"NextToken": answer["NextToken"]}
            return ChangeSet(identifier, answer["Status"], answer.get("StatusReason", ""), changes)

    def forget_change_set(self, identifier: str) -> None:
        """Delete a change set that won't be carried out."""
        with asking("delete the change set"):
            self._client.delete_change_set(ChangeSetName=identifier)

    def carry_out(self, identifier: str) -> None:
        """Begin to do what a change set says."""
        with asking("deploy"):
            self._client.execute_change_set(ChangeSetName=identifier)

    def begin_deletion(self, identifier: str) -> None:
        """Begin to delete a stack."""
        with asking("delete the stack"):
            self._client.delete_stack(StackName=identifier)

    def template(self, identifier: str) -> str:
        """Give the template with which a stack was deployed."""
        with asking("read the stack's template"):
            return str(self._client.get_template(StackName=identifier)["TemplateBody"])

    def resources(self, identifier: str) -> list[Resource]:
        """List the resources of a stack; at most 100, of which ours has fewer."""
        with asking("look up the stack's resources"):
            answer = self._client.describe_stack_resources(StackName=identifier)["StackResources"]
            return [
                Resource(
                    item["LogicalResourceId"],
                    item.get("PhysicalResourceId", ""),
                    item["ResourceType"],
                    item["ResourceStatus"],
                    item.get("ResourceStatusReason", ""),
                )
                for item in answer
            ]

    def events(self, identifier: str, known: set[str]) -> list[Mapping[str, Any]]:
        """
        List a stack's events that are new, the oldest first.

        :param known: ids of those that aren't; the new ones are added.
        """
        fresh: list[Mapping[str, Any]] = []
        position: dict[str, Any] = {}
        with asking("look up how far the deployment is"):
            while True:
                answer = self._client.describe_stack_events(StackName=identifier, **position)
                page = [item for item in answer["StackEvents"] if item["EventId"] not in known]
                fresh += page
                if len(page) < len(answer["StackEvents"]) or not answer.get("NextToken"):
                    break  # they come newest first: what follows is known, too
                position = {"NextToken": answer["NextToken"]}
        known.update(item["EventId"] for item in fresh)
        return fresh[::-1]
