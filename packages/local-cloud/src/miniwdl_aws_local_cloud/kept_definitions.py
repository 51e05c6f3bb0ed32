"""The job definitions of earlier days, as far as jobs tell: AWS keeps its own until somebody deregisters them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.batch.models import BatchBackend, JobDefinition

__all__ = ["register_again"]


def register_again(backend: BatchBackend, name: str, job: Mapping[str, Any]) -> JobDefinition:
    """
    Register the definition that an earlier cloud had for a job.

    It has what the job's request had replaced in it, so another job must replace as much, as a repetition does.

    :param name: of the definition.
    :param job: its JobDetail.
    """
    known = {key: value for key, value in job["container"].items() if key in _of_definitions()}
    return backend.register_job_definition(
        def_name=name,
        parameters={},
        _type="container",
        tags={},
        retry_strategy={},
        container_properties=known,
        node_properties=None,
        eks_properties=None,
        timeout={},
        platform_capabilities=list(job.get("platformCapabilities") or ["EC2"]),
        propagate_tags=bool(job.get("propagateTags")),
    )


@cache
def _of_definitions() -> frozenset[str]:
    """Name what a definition says of a container; a job's detail says more."""
    service: Any = ServiceModel(Loader().load_service_model("batch", "service-2"), "batch")
    return frozenset(service.shape_for("ContainerProperties").members)
