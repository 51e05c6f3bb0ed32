"""What tasks that are to run will ask AWS Batch for, as far as it is known: read as the backend reads it in a run."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import WDL
from WDL.runtime.config import Loader
from WDL.runtime.task_container import TaskContainer

from miniwdl_aws_batch_backend.backend import UNBOUNDED
from miniwdl_aws_batch_backend.errors import TaskSettingError
from miniwdl_aws_batch_backend.jobs.resources import HINTS, MIB, OWN, Resources, check_own, read_hints, resources_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_batch_backend.configuration import BackendSettings
    from miniwdl_aws_hooks import TaskNeeds

__all__ = ["SIZES", "Demand", "load_configuration", "read_demand"]

logger = logging.getLogger(__name__)

SIZES = {
    "cpu": "its vCPUs",
    "memory": "its memory",
    "gpu": "whether it wants GPUs",
    "acceleratorType": "whether it wants GPUs",
    "acceleratorCount": "its number of GPUs",
}
"""Runtime keys that say how large a host must be, with what they say."""
PLACES = ("queue", "architecture")
"""Runtime keys that say which queue a task goes to."""


@dataclass(frozen=True)
class Demand:
    """A call of a task, with what its job asks for."""

    call: str
    task: str
    resources: Resources
    """Where something isn't known, as little as a task can ask for."""
    memory_mib: int | None
    """What the task asks for, of which :attr:`resources` leaves something to the host; ``None`` is the default."""
    runtime: Mapping[str, Any]
    """Effective runtime values, hints among them."""
    unknown: Mapping[str, str]
    """Keys of :data:`SIZES` and :data:`PLACES` that aren't known, with what they depend on."""


class _Reading(TaskContainer):
    """Runtime values as miniwdl makes them of WDL's, for a task that will not run here."""

    def __init__(self, cfg: Loader) -> None:
        # Not miniwdl's own, which makes directories.
        self.cfg = cfg
        self.runtime_values: dict[str, Any] = {}

    @classmethod
    def detect_resource_limits(cls, cfg: Loader, logger: logging.Logger) -> dict[str, int]:  # noqa: ARG003 - as in run
        return UNBOUNDED

    def _run(self, *_arguments: Any) -> int:
        raise NotImplementedError


def load_configuration() -> Loader:
    """Load what miniwdl's configuration and the environment say of tasks."""
    quiet = logging.getLogger(__name__ + ".miniwdl")
    quiet.setLevel(logging.ERROR)
    return Loader(quiet)


def read_demand(needs: TaskNeeds, cfg: Loader, settings: BackendSettings) -> Demand:
    """
    Work out what a task's job asks for.

    :raises TaskSettingError: when the task would fail for what it asks.
    """
    defaults = cfg.get_dict("task_runtime", "defaults")
    known = {key: value for key, value in {**defaults, **needs.runtime}.items() if key not in needs.unknown}
    check_own({key: known[key] for key in OWN if key in known}, needs.task)
    reading = _Reading(cfg)
    try:
        values = {key: WDL.Value.from_json(WDL.Type.Any(), value) for key, value in known.items()}
        reading.process_runtime(logger, values)
    except (WDL.Error.RuntimeError, WDL.Error.InputError, ValueError) as exc:
        raise TaskSettingError(f"task {needs.task}: {exc}") from exc
    runtime = {**reading.runtime_values, **read_hints({key: known[key] for key in HINTS if key in known}, needs.task)}
    unknown = {key: why for key, why in needs.unknown.items() if key in SIZES or key in PLACES}
    asked = runtime.get("memory_reservation")
    return Demand(
        needs.call,
        needs.task,
        resources_of(runtime, settings, needs.task),
        None if asked is None else -(-asked // MIB),
        runtime,
        unknown,
    )
