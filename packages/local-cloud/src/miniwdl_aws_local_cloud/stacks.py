"""
CloudFormation: what moto's lacks of AWS Batch and FSx for Lustre, so that a stack's queues run jobs here.

moto makes no file systems and scheduling policies, compute environments only with a service role, and queues without
tags. It all could be moto's, and is imported once somebody asks for CloudFormation: moto's own imports half of moto.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.batch.models import batch_backends
from moto.batch.utils import lowercase_first_key
from moto.cloudformation import parsing
from moto.cloudformation.models import Change, CloudFormationBackend, cloudformation_backends
from moto.cloudformation.parsing import OutputMap, ResourceMap
from moto.core.common_models import CloudFormationModel
from moto.ec2.models import ec2_backends
from moto.ec2.models.route_tables import RouteTable
from moto.fsx.models import fsx_backends

from miniwdl_aws_local_cloud.resources import SERVICE_ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.batch.models import ComputeEnvironment, JobQueue

__all__ = ["Stacks", "cloudformation_backends"]


def _delete_route_table(
    cls: type[RouteTable],  # noqa: ARG001  # moto calls it as a method of the class
    resource_name: str,
    cloudformation_json: dict[str, Any],  # noqa: ARG001  # moto calls it by position
    account_id: str,
    region_name: str,
) -> None:
    ec2_backends[account_id][region_name].delete_route_table(resource_name)


# moto leaves route tables behind, and refuses then to delete their VPC.
_route_table: Any = RouteTable
_route_table.delete_from_cloudformation_json = classmethod(_delete_route_table)


class Stacks(CloudFormationBackend):
    """
    moto's stacks, whose change sets are about the resources that there will be.

    moto takes conditions into account when it makes a resource, and neither before, as for what a change set says, nor
    after. Nor does it know outputs of stacks that come from change sets, or the policy ``RetainExceptOnCreate``.
    """

    def create_change_set(self, *args: Any, **request: Any) -> tuple[str, str]:
        """Find out what a deployment would do."""
        change_set_id, stack_id = super().create_change_set(*args, **request)
        new: Any = self.change_sets[change_set_id]
        old: Any = self.stacks[stack_id].resource_map
        new.parameters = {name: _text(value) for name, value in new.parameters.items()}
        new.template_dict = self._with_what_will_be(new)
        old.input_parameters = {name: _text(value) for name, value in old.resolved_parameters.items()}
        before, after = old._resource_json_map, new.template_dict["Resources"]
        new.changes = [
            Change(action, name, {**before, **after}[name]["Type"])
            for action, names in old.build_resource_diff(new.template_dict, new.parameters).items()
            for name in names
        ]
        return change_set_id, stack_id

    def _with_what_will_be(self, change_set: Any) -> dict[str, Any]:
        template: dict[str, Any] = change_set.template_dict
        future = ResourceMap(
            change_set.stack_id, change_set.stack_name, change_set.parameters, {}, self.region_name, self.account_id,
            template, {},
        )  # fmt: skip
        future.load()
        resources = {
            name: _decided(resource, future.lazy_condition_map)
            for name, resource in template["Resources"].items()
            if "Condition" not in resource or future.lazy_condition_map[resource["Condition"]]
        }
        return {**template, "Resources": resources}

    def execute_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:
        """Do what a change set says."""
        change_set: Any = self.describe_change_set(change_set_name)
        stack: Any = self.stacks[change_set.stack_id]
        before = dict(stack.resource_map._parsed_resources)
        super().execute_change_set(change_set_name, stack_name)
        # moto forgets what it doesn't know how to change.
        parsed = stack.resource_map._parsed_resources
        parsed.update({name: before[name] for name, value in parsed.items() if value is None and name in before})
        stack.template_dict, stack.parameters = change_set.template_dict, change_set.parameters
        stack.output_map = OutputMap(stack.resource_map, stack.template_dict, stack.stack_id)

    def delete_stack(self, name_or_stack_id: str) -> None:
        """Delete a stack."""
        for stack in self.stacks.values():
            if name_or_stack_id in {stack.name, stack.stack_id}:
                for resource in stack.resource_map._resource_json_map.values():
                    if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
                        resource["DeletionPolicy"] = "Retain"
        super().delete_stack(name_or_stack_id)


def _decided(value: Any, conditions: Mapping[str, bool]) -> Any:
    """Put the branch that counts in the place of each ``Fn::If``, so that another condition is a difference."""
    if isinstance(value, list):
        return [_decided(item, conditions) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        return _decided(yes if conditions[condition] else no, conditions)
    return {key: _decided(item, conditions) for key, item in value.items()}


def _text(value: Any) -> str:
    """Write a parameter as it stood in the request."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


class _Maker(CloudFormationModel):
    """How resources of a type are made, changed and deleted, without what moto hands over and nobody needs."""

    @staticmethod
    def cloudformation_name_type() -> str:
        """Name no property from which a resource gets its name."""
        return ""

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **_more: Any
    ) -> Any:
        """Make one."""
        return cls.make(resource_name, cloudformation_json["Properties"], account_id, region_name)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,  # noqa: ARG003  # moto calls it by names
        cloudformation_json: dict[str, Any],
        account_id: str,  # noqa: ARG003  # the same
        region_name: str,  # noqa: ARG003  # the same
    ) -> Any:
        """Change one in place."""
        cls.change(original_resource, cloudformation_json["Properties"])
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],  # noqa: ARG003  # the same
        account_id: str,
        region_name: str,
    ) -> None:
        """Delete one."""
        cls.remove(resource_name, account_id, region_name)

    @classmethod
    def make(cls, name: str, given: dict[str, Any], account: str, region: str) -> Any:
        """Make one with some properties."""
        raise NotImplementedError

    @classmethod
    def change(cls, resource: Any, given: dict[str, Any]) -> None:
        """Give one other properties; some keep those that they have."""

    @classmethod
    def remove(cls, identifier: str, account: str, region: str) -> None:
        """Delete one."""
        raise NotImplementedError


class _Made:
    """What moto wants to know of a resource whose own class is none for CloudFormation."""

    def __init__(self, identifier: str, **attributes: str) -> None:
        self.physical_resource_id = identifier
        self._attributes = attributes

    def get_cfn_attribute(self, name: str) -> str:
        """Answer ``Fn::GetAtt``."""
        return self._attributes[name]

    def is_created(self) -> bool:
        """Tell whether it is there, as it is at once."""
        return True


# moto looks at the direct children of its class alone, so each names that one, too.


class StackFileSystem(_Maker, CloudFormationModel):
    """File systems."""

    @staticmethod
    def cloudformation_type() -> str:
        """Name the type."""
        return "AWS::FSx::FileSystem"

    @classmethod
    def make(cls, name: str, given: dict[str, Any], account: str, region: str) -> _Made:  # noqa: ARG003  # it has none
        """Make one."""
        backend: Any = fsx_backends[account][region]
        system = backend.create_file_system(
            client_request_token="",
            file_system_type=given["FileSystemType"],
            file_system_type_version=given.get("FileSystemTypeVersion"),
            storage_capacity=int(given["StorageCapacity"]),
            storage_type=given.get("StorageType", "SSD"),
            subnet_ids=given["SubnetIds"],
            security_group_ids=given.get("SecurityGroupIds", []),
            tags=given.get("Tags", []),
            kms_key_id=None,
            windows_configuration=None,
            lustre_configuration=given.get("LustreConfiguration"),
            ontap_configuration=None,
            open_zfs_configuration=None,
        )
        mount_name = str((system.lustre_configuration or {})["MountName"])
        return _Made(system.file_system_id, DNSName=system.dns_name, LustreMountName=mount_name)

    @classmethod
    def remove(cls, identifier: str, account: str, region: str) -> None:
        """Delete one."""
        fsx_backends[account][region].file_systems.pop(identifier, None)


class StackAssociation(_Maker, CloudFormationModel):
    """Data repository associations."""

    @staticmethod
    def cloudformation_type() -> str:
        """Name the type."""
        return "AWS::FSx::DataRepositoryAssociation"

    @classmethod
    def make(cls, name: str, given: dict[str, Any], account: str, region: str) -> _Made:  # noqa: ARG003  # it has none
        """Link a folder with a bucket."""
        backend: Any = fsx_backends[account][region]
        made = backend.create_data_repository_association(given)
        return _Made(made.association_id, AssociationId=made.association_id, ResourceARN=made.arn)

    @classmethod
    def remove(cls, identifier: str, account: str, region: str) -> None:
        """Remove the link."""
        backend: Any = fsx_backends[account][region]
        backend.delete_data_repository_association(identifier)


class StackSchedulingPolicy(_Maker, CloudFormationModel):
    """Scheduling policies."""

    @staticmethod
    def cloudformation_name_type() -> str:
        """Say which property is its name."""
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        """Name the type."""
        return "AWS::Batch::SchedulingPolicy"

    @classmethod
    def make(cls, name: str, given: dict[str, Any], account: str, region: str) -> _Made:
        """Make one."""
        policy = lowercase_first_key(given.get("FairsharePolicy", {}))
        arn = batch_backends[account][region].create_scheduling_policy(name, policy, {}).arn
        return _Made(arn, Arn=arn)

    @classmethod
    def remove(cls, identifier: str, account: str, region: str) -> None:
        """Delete one."""
        batch_backends[account][region].delete_scheduling_policy(identifier)


class StackComputeEnvironment(_Maker, CloudFormationModel):
    """Compute environments, in place of moto's own way."""

    @staticmethod
    def cloudformation_name_type() -> str:
        """Say which property is its name."""
        return "ComputeEnvironmentName"

    @staticmethod
    def cloudformation_type() -> str:
        """Name the type."""
        return "AWS::Batch::ComputeEnvironment"

    @classmethod
    def make(cls, name: str, given: dict[str, Any], account: str, region: str) -> ComputeEnvironment:
        """Make one, with the service-linked role where none is named."""
        backend = batch_backends[account][region]
        role = given.get("ServiceRole") or backend.iam_backend.get_role(SERVICE_ROLE).arn
        return backend.create_compute_environment(
            name, given["Type"], given.get("State", "ENABLED"), _resources(given), role
        )

    @classmethod
    def change(cls, resource: ComputeEnvironment, given: dict[str, Any]) -> None:
        """Change what its hosts are."""
        resource.compute_resources = _resources(given)

    @classmethod
    def remove(cls, identifier: str, account: str, region: str) -> None:
        """Delete one."""
        batch_backends[account][region].delete_compute_environment(identifier)


def _resources(properties: dict[str, Any]) -> dict[str, Any]:
    """Write ``ComputeResources`` as Batch has them; moto leaves a parameter's default a text that should be a list."""
    found: dict[str, Any] = lowercase_first_key(properties["ComputeResources"])
    types = found["instanceTypes"]
    return {**found, "instanceTypes": types.split(",") if isinstance(types, str) else types}


class StackJobQueue(_Maker, CloudFormationModel):
    """Job queues, in place of moto's own way: with tags and a scheduling policy."""

    @staticmethod
    def cloudformation_name_type() -> str:
        """Say which property is its name."""
        return "JobQueueName"

    @staticmethod
    def cloudformation_type() -> str:
        """Name the type."""
        return "AWS::Batch::JobQueue"

    @classmethod
    def make(cls, name: str, given: dict[str, Any], account: str, region: str) -> JobQueue:
        """Make one."""
        return batch_backends[account][region].create_job_queue(
            name,
            str(given["Priority"]),
            given.get("SchedulingPolicyArn"),
            given.get("State", "ENABLED"),
            [lowercase_first_key(item) for item in given["ComputeEnvironmentOrder"]],
            given.get("Tags"),
        )

    @classmethod
    def change(cls, resource: JobQueue, given: dict[str, Any]) -> None:
        """Change its tags."""
        before = resource.backend.list_tags_for_resource(resource.arn)
        resource.backend.untag_resource(resource.arn, list(before))
        resource.backend.tag_resource(resource.arn, given.get("Tags") or {})

    @classmethod
    def remove(cls, identifier: str, account: str, region: str) -> None:
        """Delete one."""
        batch_backends[account][region].delete_job_queue(identifier)


# moto keeps what it has found; a class that comes later takes the place of an earlier one of its type.
parsing.get_model_list.cache_clear()
parsing.get_model_map.cache_clear()
parsing.get_name_type_map.cache_clear()
