import boto3
import pytest
from botocore.stub import Stubber
from efs_mount.access_point import EfsError

from miniwdl_aws_hooks import ConfigurationError, EnvironSettings, JobRole, MountContext
from miniwdl_aws_hooks.testing import PluginConformance

FSAP = "fsap-0123456789abcdef0"


def context(**environ):
    return MountContext(JobRole.TASK, "/mnt/fsx", EnvironSettings(environ))


@pytest.fixture
def efs(monkeypatch):
    client = boto3.client("efs", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    monkeypatch.setattr("boto3.Session.client", lambda _self, service: {"efs": client}[service])
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def access_point(state="available"):
    return {"AccessPoints": [{"AccessPointId": FSAP, "FileSystemId": "fs-01234567", "LifeCycleState": state}]}


class TestEfsMount(PluginConformance):
    plugin_name = "efs-mount"

    def test_does_nothing_unless_configured(self, hooks):
        assert hooks.miniwdl_aws_mounts(context=context()) == []

    def test_mounts_the_access_point(self, hooks, efs):
        efs.add_response("describe_access_points", access_point(), {"AccessPointId": FSAP})
        ((mount,),) = hooks.miniwdl_aws_mounts(context=context(MINIWDL__EFS__FSAP=FSAP))
        assert mount.container_path == "/mnt/fsx"
        assert mount.volume == {
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-01234567",
                "transitEncryption": "ENABLED",
                "authorizationConfig": {"accessPointId": FSAP, "iam": "ENABLED"},
            }
        }

    def test_a_file_system_that_is_given_is_not_looked_up(self, hooks, efs):
        settings = context(MINIWDL__EFS__FSAP=FSAP, MINIWDL__EFS__FS="fs-76543210")
        ((mount,),) = hooks.miniwdl_aws_mounts(context=settings)
        assert mount.volume["efsVolumeConfiguration"]["fileSystemId"] == "fs-76543210"

    def test_an_access_point_on_its_way_out(self, hooks, efs):
        efs.add_response("describe_access_points", access_point("deleting"))
        with pytest.raises(EfsError, match="is deleting, not available"):
            hooks.miniwdl_aws_mounts(context=context(MINIWDL__EFS__FSAP=FSAP))

    def test_an_unknown_access_point(self, hooks, efs):
        efs.add_client_error("describe_access_points", "AccessPointNotFound", "Access point does not exist.")
        with pytest.raises(EfsError, match="Access point does not exist"):
            hooks.miniwdl_aws_mounts(context=context(MINIWDL__EFS__FSAP=FSAP))

    def test_what_is_no_access_point(self, hooks, efs):
        with pytest.raises(ConfigurationError, match="MINIWDL__EFS__FSAP"):
            hooks.miniwdl_aws_mounts(context=context(MINIWDL__EFS__FSAP="fs-01234567"))
