"""Tasks that are to run: where each would go, and whether there are hosts for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_batch_backend.preflight.demands import Demand, load_configuration, read_demand
from miniwdl_aws_batch_backend.preflight.placing import Offer, check_placing, place_unknown, unknown_sizes
from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_hooks import Check, CheckState, MiniwdlAwsError, QueueContext
from miniwdl_aws_hooks.findings import not_checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from miniwdl_aws_batch_backend.configuration import BackendSettings
    from miniwdl_aws_batch_backend.preflight.hosts import InstanceTypes
    from miniwdl_aws_batch_backend.process.extensions import Extensions
    from miniwdl_aws_core.hosts.environments import ComputeEnvironment
    from miniwdl_aws_hooks import PreflightContext, TaskNeeds

    Environments = Mapping[str, Sequence[ComputeEnvironment]]

__all__ = ["Tasks"]


class Tasks:
    """The calls of tasks that are to run."""

    def __init__(
        self,
        context: PreflightContext,
        settings: BackendSettings,
        extensions: Extensions,
        hosts: InstanceTypes,
        look_up: Callable[[Sequence[str]], Environments],
    ) -> None:
        """
        Know whom to ask.

        :param look_up: finds the compute environments of queues that only tasks name.
        """
        self._context = context
        self._settings = settings
        self._extensions = extensions
        self._hosts = hosts
        self._look_up = look_up

    def checks(self, known: Environments) -> list[Check]:
        """
        Look at all of them.

        :param known: compute environments by job queue, as far as they have been looked up.
        """
        demands, found = self._read(self._context.tasks)
        found += unknown_sizes(demands)
        queues: dict[str, list[Demand]] = {}
        for demand in demands:
            if unknown := place_unknown(demand):
                found.append(unknown)
                continue
            try:
                for queue in self._queues_of(demand):
                    queues.setdefault(queue, []).append(demand)
            except MiniwdlAwsError as exc:
                found.append(Check(f"task {demand.call}", CheckState.FAILED, exc.message, exc.hint))
        more = [queue for queue in queues if queue not in known]
        try:
            environments = {**known, **self._look_up(more)} if more else known
            for queue, there in queues.items():
                found += self._placing(queue, environments.get(queue), there)
        except AwsError as exc:
            found.append(not_checked("hosts for the tasks", exc, CheckState.WARNING))
        return list(dict.fromkeys(found))

    def _read(self, tasks: Iterable[TaskNeeds]) -> tuple[list[Demand], list[Check]]:
        cfg = load_configuration()
        demands, found = [], []
        for needs in tasks:
            try:
                demands.append(read_demand(needs, cfg, self._settings))
            except MiniwdlAwsError as exc:
                why = "the task would fail before its job is submitted"
                found.append(Check(f"task {needs.call}", CheckState.FAILED, exc.message, exc.hint, why))
        return demands, found

    def _queues_of(self, demand: Demand) -> dict[str, None]:
        """Find the job queues of a task: that of its first try, and that of tries after losses of spot hosts."""
        options = AwsOptions(self._context.settings)
        queue = self._context.task_queue or options.task_queue
        if not queue:
            return {}  # which another check says
        preemptible = demand.runtime.get("preemptible", 0)
        found = (
            self._extensions.queue(
                QueueContext(
                    run_id=f"call-{demand.call}",
                    task_name=demand.task,
                    try_number=1 + losses,
                    interruptions=losses,
                    preemptible=preemptible,
                    queue=queue,
                    fallback_queue=options.task_queue_fallback,
                    runtime=demand.runtime,
                    settings=self._context.settings,
                )
            )
            for losses in (0, max(1, preemptible))
        )
        return dict.fromkeys(found)

    def _placing(
        self, queue: str, environments: Sequence[ComputeEnvironment] | None, demands: Sequence[Demand]
    ) -> list[Check]:
        if environments is None:
            return [
                Check(f"task {demand.call}", CheckState.FAILED, f"there is no job queue {queue}") for demand in demands
            ]
        usable = [environment for environment in environments if environment.takes_jobs]
        offers = [
            Offer(environment, self._hosts.of(environment.instance_types))
            for environment in usable
            if environment.managed and environment.instance_types
        ]
        found = list(check_placing(queue, offers, demands)) if usable else []  # that none takes jobs, others say
        if len(offers) == len(usable):
            return found
        others = ", ".join(item.name for item in usable if item.name not in {it.environment.name for it in offers})
        return [
            *(check for check in found if check.state is CheckState.OK),
            *(
                Check(check.subject, CheckState.UNKNOWN, f"{check.message}; the hosts of {others} aren't known")
                for check in found
                if check.state is not CheckState.OK
            ),
        ]
