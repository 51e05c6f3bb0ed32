"""
Amazon FSx for Lustre: what moto has of it, completed.

:mod:`~miniwdl_aws_local_cloud.fsx.models` and :mod:`~miniwdl_aws_local_cloud.fsx.responses` are laid out as moto's are
and could be moto's; the part that really moves files between S3 and a folder is
:mod:`~miniwdl_aws_local_cloud.fsx.repository`.
"""

from miniwdl_aws_local_cloud.fsx.models import LustreBackend
from miniwdl_aws_local_cloud.fsx.operations import FsxOperations
from miniwdl_aws_local_cloud.fsx.repository import FolderRepository

__all__ = ["FolderRepository", "FsxOperations", "LustreBackend"]
