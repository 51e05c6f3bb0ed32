"""The configuration that miniwdl gets inside a workflow job: one file for the image and for the local cloud."""

from importlib.resources import files
from pathlib import Path

__all__ = ["workflow_cfg"]


def workflow_cfg() -> Path:
    """Path of ``miniwdl_aws.cfg``, a miniwdl configuration file with every option of this project explained in it."""
    return Path(str(files("miniwdl_aws_hooks").joinpath("miniwdl_aws.cfg")))
