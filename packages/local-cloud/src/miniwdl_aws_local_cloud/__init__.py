"""
A cloud on this machine: moto whose AWS Batch really runs jobs, for trying and testing.

In a test::

    with LocalCloud(tmp_path) as cloud:
        batch = boto3.client("batch", **cloud.client_options)

On the command line it is ``miniwdl-aws-submit --local`` and ``miniwdl-aws local up``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from miniwdl_aws_local_cloud.cloud import LocalCloud
    from miniwdl_aws_local_cloud.cloud_settings import CloudSettings
    from miniwdl_aws_local_cloud.door.faults import Fault, FaultKind

__all__ = ["CloudSettings", "Fault", "FaultKind", "LocalCloud"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # moto takes seconds to import, and this module is imported by every `miniwdl-aws-submit --help`.
    if name == "LocalCloud":
        from miniwdl_aws_local_cloud.cloud import LocalCloud

        return LocalCloud
    if name in {"Fault", "FaultKind"}:
        from miniwdl_aws_local_cloud.door import faults

        return getattr(faults, name)
    if name == "CloudSettings":
        from miniwdl_aws_local_cloud.cloud_settings import CloudSettings

        return CloudSettings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
