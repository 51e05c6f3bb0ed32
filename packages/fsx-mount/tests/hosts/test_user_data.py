import base64
import email
import re
import subprocess
import sys
from email import policy
from pathlib import Path

import pytest

from miniwdl_aws_fsx_mount.hosts.user_data import (
    AMAZON_LINUX,
    VERSION,
    HostOptions,
    boothook,
    encode,
    user_data,
    version_of,
)
from miniwdl_aws_hooks import ConfigurationError

OPTIONS = HostOptions("fs-1.fsx.eu-west-1.amazonaws.com", "abcdefgh", sentinel=".marker")


def test_it_is_mime_that_cloud_init_understands():
    message = email.message_from_string(user_data(OPTIONS), policy=policy.default)
    assert message["MIME-Version"] == "1.0"
    assert message.get_content_type() == "multipart/mixed"
    (part,) = message.iter_parts()
    assert part.get_content_type() == "text/cloud-boothook"
    assert part.get_content() == boothook(OPTIONS)
    assert boothook(OPTIONS).startswith("#!/bin/bash\n")
    assert not re.search("@[A-Z_]+@", boothook(OPTIONS)), "all places are filled"


def test_it_tells_its_version():
    assert version_of(user_data(OPTIONS)) == VERSION
    assert version_of(user_data(OPTIONS).replace("\n", "\r\n")) == VERSION
    assert version_of("cat >/etc/systemd/system/miniwdl-aws-fsx.service <<'EOF'") == 1
    assert version_of("#!/bin/bash\nmount -t lustre fs-1.fsx.eu-west-1.amazonaws.com@tcp:/m /mnt/fsx") is None


def test_encoding():
    assert base64.b64decode(encode(user_data(OPTIONS))).decode() == user_data(OPTIONS)


def test_the_same_options_give_the_same_text():
    """Else each call would make a new version of a launch template."""
    assert user_data(OPTIONS) == user_data(OPTIONS)


def test_limits():
    largest = HostOptions(
        "fs-0123456789abcdef0.fsx.ap-southeast-2.amazonaws.com", "abcdefgh", layout="genomics", scratch=True
    )
    # EC2 takes 16384 bytes, and AWS Batch and others add parts of their own.
    assert 8_000 < len(user_data(largest)) < 11_000
    with pytest.raises(ConfigurationError, match="EC2 takes"):
        user_data(HostOptions("x" * 20_000, "y"))
    with pytest.raises(ConfigurationError, match="--mount"):
        user_data(HostOptions("x", "y", mount_point="/mnt/größe"))


@pytest.mark.parametrize("scratch", [False, True])
@pytest.mark.parametrize("amazon_linux", AMAZON_LINUX)
def test_shellcheck_finds_nothing(tmp_path, amazon_linux, scratch):
    options = HostOptions(
        "fs-1", "m", "/mnt/it's", ".marker", layout="genomics", amazon_linux=amazon_linux, scratch=scratch
    )
    script = tmp_path / "script.sh"
    script.write_text(boothook(options))
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")
