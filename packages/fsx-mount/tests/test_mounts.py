import pytest

from miniwdl_aws_fsx_mount.mounts import lustre_mount
from miniwdl_aws_hooks import ConfigurationError, Mount


def test_the_hosts_mount_goes_into_the_job(make_settings):
    assert lustre_mount(make_settings(), "/mnt/fsx") == Mount(
        name="fsx",
        container_path="/mnt/fsx",
        volume={"host": {"sourcePath": "/mnt/fsx"}},
        sentinel=".miniwdl-aws-mounted",
    )


def test_hosts_may_mount_it_elsewhere(make_settings):
    mount = lustre_mount(make_settings(fsx__host_path="/mnt/net/"), "/mnt/fsx")
    assert mount.volume == {"host": {"sourcePath": "/mnt/net"}}
    assert mount.container_path == "/mnt/fsx"


@pytest.mark.parametrize(("configured", "expected"), [("marker", "marker"), ("none", None)])
def test_the_marker_can_be_configured(make_settings, configured, expected):
    assert lustre_mount(make_settings(fsx__sentinel=configured), "/mnt/fsx").sentinel == expected


@pytest.mark.parametrize(
    "values",
    [{"fsx__sentinel": "../x"}, {"fsx__sentinel": ".."}, {"fsx__host_path": "mnt"}, {"fsx__host_path": "/mnt/../etc"}],
)
def test_bad_settings_name_their_option(make_settings, values):
    ((name, _value),) = values.items()
    with pytest.raises(ConfigurationError) as caught:
        lustre_mount(make_settings(**values), "/mnt/fsx")
    assert f"MINIWDL__{name.upper()}" in (caught.value.hint or "")
