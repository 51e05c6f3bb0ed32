"""The edge to EC2 launch templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_fsx_mount.aws.fsx_service import asking, make_client

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

__all__ = ["LaunchTemplates", "TemplateVersion"]


@dataclass(frozen=True)
class TemplateVersion:
    """A launch template as it is now."""

    id: str
    name: str
    version: int
    created: bool
    """Whether it is new altogether."""


class LaunchTemplates:
    """Launch templates of the account."""

    def __init__(self, client: EC2Client) -> None:
        self._client = client

    @classmethod
    def connect(cls, region: str | None = None) -> LaunchTemplates:
        """Make a client; nothing is sent yet."""
        return cls(make_client("ec2", region))

    def put_user_data(self, name: str, encoded: str) -> TemplateVersion:
        """
        Create a template with the user data, or a new default version of it that differs in nothing else.

        :param encoded: user data in base64.
        """
        with asking(f"write launch template {name}"):
            if self._exists(name):
                answer = self._client.create_launch_template_version(
                    LaunchTemplateName=name, SourceVersion="$Latest", LaunchTemplateData={"UserData": encoded}
                )["LaunchTemplateVersion"]
                version = answer["VersionNumber"]
                self._client.modify_launch_template(LaunchTemplateName=name, DefaultVersion=str(version))
                return TemplateVersion(answer["LaunchTemplateId"], name, version, created=False)
            created = self._client.create_launch_template(
                LaunchTemplateName=name, LaunchTemplateData={"UserData": encoded}
            )["LaunchTemplate"]
            return TemplateVersion(created["LaunchTemplateId"], name, created["LatestVersionNumber"], created=True)

    def _exists(self, name: str) -> bool:
        try:
            with asking(f"look up launch template {name}"):
                return bool(self._client.describe_launch_templates(LaunchTemplateNames=[name])["LaunchTemplates"])
        except AwsError as exc:
            # EC2 answers so for names; moto lists nothing.
            if exc.kind is Kind.MISSING:
                return False
            raise
