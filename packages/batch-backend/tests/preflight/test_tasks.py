"""Tasks that are to run against the hosts of the queues that they go to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_batch_backend.configuration import BackendSettings
from miniwdl_aws_batch_backend.jobs.resources import resources_of
from miniwdl_aws_batch_backend.preflight.checks import check
from miniwdl_aws_batch_backend.preflight.hosts import HostType, InstanceTypes
from miniwdl_aws_batch_backend.process.extensions import Extensions
from miniwdl_aws_core.aws.errors import AwsError, Kind
from miniwdl_aws_hooks import (
    Check,
    CheckState,
    EnvironSettings,
    PreflightContext,
    TaskNeeds,
    create_manager,
    hookimpl,
)

if TYPE_CHECKING:
    from fake_batch import FakeBatch

GIB = 1024
SIZES = {
    "c6i.large": (2, 4, 0), "m6i.large": (2, 8, 0), "r6i.large": (2, 16, 0), "r6i.4xlarge": (16, 128, 0),
    "c7g.large": (2, 4, 0), "g5.xlarge": (4, 16, 1),
}  # fmt: skip


class FakeEc2:
    """Instance types, one a page."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def describe_instance_types(self, **request: Any) -> dict[str, Any]:
        (asked,) = request["Filters"]
        assert asked["Name"] == "instance-type"
        patterns = asked["Values"]
        names = [name for name in SIZES if name in patterns or f"{name.partition('.')[0]}.*" in patterns]
        here = int(request.get("NextToken", 0))
        if not here:
            self.asked.append(patterns)
        answer: dict[str, Any] = {"InstanceTypes": [self._describe(name) for name in names[here : here + 1]]}
        return {**answer, "NextToken": str(here + 1)} if here + 1 < len(names) else answer

    @staticmethod
    def _describe(name: str) -> dict[str, Any]:
        vcpus, memory, gpus = SIZES[name]
        found: dict[str, Any] = {
            "InstanceType": name, "VCpuInfo": {"DefaultVCpus": vcpus}, "MemoryInfo": {"SizeInMiB": memory * GIB},
        }  # fmt: skip
        cards = [{"Count": gpus, "Manufacturer": "NVIDIA"}, {"Count": 1, "Manufacturer": "Habana"}]
        return {**found, "GpuInfo": {"Gpus": cards}} if gpus else found


@pytest.fixture
def ec2() -> FakeEc2:
    return FakeEc2()


class Look:
    """Asks for the findings about tasks."""

    def __init__(self, batch: FakeBatch, ec2: FakeEc2) -> None:
        from miniwdl_aws_batch_backend import plugin

        self.batch, self.ec2 = batch, ec2
        self.manager = create_manager([], {})
        self.manager.register(plugin)

    def __call__(self, *tasks: TaskNeeds, **options: str) -> list[Check]:
        settings = EnvironSettings({}, {("aws", key): value for key, value in options.items()})
        context = PreflightContext("task", "task", "/mnt/fsx", settings, tasks)
        found = check(
            context,
            lambda _region: self.batch,
            find_hosts=lambda _region: InstanceTypes(self.ec2),
            extensions=Extensions(self.manager),
        )
        return [item for item in found if item.subject.startswith(("task ", "tasks ", "hosts "))][1:]

    def one(self, *tasks: TaskNeeds, **options: str) -> Check:
        (found,) = self(*tasks, **options)
        return found


@pytest.fixture
def look(batch: FakeBatch, ec2: FakeEc2) -> Look:
    return Look(batch, ec2)


def needs(call: str = "align", unknown: dict[str, str] | None = None, **runtime: Any) -> TaskNeeds:
    return TaskNeeds(call, call.rpartition(".")[2], runtime, unknown or {})


def test_the_largest_task_has_a_host(look: Look) -> None:
    found = look.one(needs("sort", cpu=1, memory="1 GiB"), needs(cpu=2, memory="16 GiB"), needs("plain"))
    assert (found.subject, found.state) == ("tasks on job queue task", CheckState.OK)
    assert found.message == "its hosts hold align, which asks for most (2 vCPUs, 16.0 GiB), on r6i.large or larger"
    assert look.ec2.asked == [["m6i.*", "c6i.*", "r6i.*", "c7i.*"]]


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        (
            {"cpu": 17},
            "17 vCPUs, 1.0 GiB, and none of its hosts has all of that: the largest, r6i.4xlarge, has 16 vCPUs",
        ),
        ({"memory": "129 GiB"}, "1 vCPU, 129.0 GiB, and none of its hosts has all of that: the largest, r6i.4xlarge"),
        ({"gpu": True}, "1 vCPU, 1.0 GiB, 1 GPU, and none of its hosts has all of that: r6i.4xlarge has no GPUs"),
    ],
)
def test_a_task_that_no_host_can_hold(look: Look, runtime: dict[str, Any], words: str) -> None:
    found = look.one(needs(**runtime))
    assert (found.subject, found.state) == ("task align on job queue task", CheckState.FAILED)
    assert words in found.message
    assert "RUNNABLE" in (found.why or "")


def test_what_a_host_keeps_for_itself_counts(look: Look) -> None:
    # A task that asks for all of a host is given a little less, a task that asks for a little more is not.
    assert look.one(needs(memory=f"{128 * GIB} MiB")).state is CheckState.OK
    assert look.one(needs(memory=f"{128 * GIB + 40} MiB")).state is CheckState.FAILED


def test_types_families_and_several_environments(look: Look) -> None:
    look.batch.environments = {
        "small": {"computeResources": {"type": "EC2", "maxvCpus": 64, "instanceTypes": ["c6i.large"]}},
        "gpu": {"computeResources": {"type": "EC2", "maxvCpus": 64, "instanceTypes": ["g5"]}},
    }
    assert look.one(needs(acceleratorType="nvidia-tesla-t4", memory="15 GiB")).message.endswith(
        "on g5.xlarge or larger"
    )
    assert look.ec2.asked == [["c6i.large"], ["g5.*"]]
    assert look.one(needs(gpu=True, acceleratorCount=2)).message.endswith("g5.xlarge has 1 GPUs")


def test_an_environment_with_too_few_vcpus(look: Look) -> None:
    look.batch.environments["hosts"]["computeResources"]["maxvCpus"] = 8
    found = look.one(needs(cpu=12))
    assert found.message.endswith("compute environment hosts runs 8 vCPUs at most")
    assert (found.command or "").endswith("--compute-environment hosts --compute-resources maxvCpus=12")


def test_the_hosts_of_environments_that_take_no_jobs_do_not_count(look: Look) -> None:
    look.batch.environments = {
        "off": {"state": "DISABLED", "computeResources": {"maxvCpus": 64, "instanceTypes": ["r6i"]}},
        "on": {"computeResources": {"maxvCpus": 64, "instanceTypes": ["c6i"]}},
    }
    assert look.one(needs(memory="100 GiB")).state is CheckState.FAILED


@pytest.mark.parametrize("kind", [{"type": "UNMANAGED"}, {"computeResources": {"type": "FARGATE", "maxvCpus": 9}}])
def test_hosts_that_nobody_knows_may_hold_it(look: Look, kind: dict[str, Any]) -> None:
    look.batch.environments["own"] = kind
    found = look.one(needs(cpu=100))
    assert found.state is CheckState.UNKNOWN
    assert found.message.endswith("; the hosts of own aren't known")
    assert look.one(needs(cpu=1)).state is CheckState.OK


def test_where_a_task_goes(look: Look) -> None:
    look.batch.queues = ("task", "spare", "arm", "own")
    found = look(
        needs("a"), needs("b", queue="own"), needs("c", architecture="arm64"), needs("d", queue="nowhere"),
        task_queue_fallback="spare", task_queue_arm64="arm",
    )  # fmt: skip
    assert {(item.subject, item.state, item.message.split(",")[0]) for item in found} == {
        ("tasks on job queue task", CheckState.OK, "its hosts hold a"),
        ("tasks on job queue spare", CheckState.OK, "its hosts hold a"),
        ("tasks on job queue own", CheckState.OK, "its hosts hold b"),
        ("tasks on job queue arm", CheckState.OK, "its hosts hold c"),
        ("task d", CheckState.FAILED, "there is no job queue nowhere"),
    }


def test_a_plugin_may_send_tasks_elsewhere(look: Look) -> None:
    class ToOwn:
        @hookimpl
        def miniwdl_aws_select_queue(self, context: Any) -> str | None:
            return "own" if context.runtime.get("gpu") else None

    look.batch.queues = ("task", "own")
    look.manager.register(ToOwn())
    assert look.one(needs(gpu=True)).subject == "task align on job queue own"


def test_an_architecture_without_a_queue(look: Look) -> None:
    found = look.one(needs(architecture="arm64"))
    assert (found.subject, found.state) == ("task align", CheckState.FAILED)
    assert "no job queue for it is configured" in found.message


def test_what_can_not_be_known_is_said_once_of_a_task(look: Look) -> None:
    of_trim = {"memory": "an output of call trim", "disks": "nothing that matters here"}
    unknown, fits = look(needs(unknown=of_trim, cpu=2), needs("again.align", unknown=of_trim, cpu=2))
    assert (unknown.subject, unknown.state) == ("task align", CheckState.UNKNOWN)
    assert unknown.message == "its memory depends on an output of call trim"
    assert "(2 vCPUs, 1.0 GiB)" in fits.message


def test_a_default_does_not_stand_for_what_is_unknown(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIWDL__TASK_RUNTIME__DEFAULTS", '{"cpu": 100, "memory": "100 GiB"}')
    assert look.one(needs(cpu=1)).state is CheckState.OK
    assert [item.state for item in look(needs(unknown={"cpu": "x"}))] == [CheckState.UNKNOWN, CheckState.OK]
    assert look.one(needs()).state is CheckState.FAILED


def test_a_queue_that_can_not_be_known(look: Look) -> None:
    assert look.one(needs(unknown={"queue": "an output of call trim"})).message == (
        "its queue depends on an output of call trim"
    )


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        ({"memory": "much"}, "task align: invalid setting of runtime.memory, much"),
        ({"memory": "1 MiB"}, "must be at least"),
        ({"cpu": "many"}, "task align:"),
        ({"ulimits": 1}, "runtime.ulimits must be"),
    ],
)
def test_a_task_that_would_fail_for_what_it_says(look: Look, runtime: dict[str, Any], words: str) -> None:
    found = look.one(needs(**runtime))
    assert (found.subject, found.state) == ("task align", CheckState.FAILED)
    assert words in found.message


def test_instance_types_that_may_not_be_looked_up(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_request: Any) -> None:
        raise AwsError("can't: permission is missing", kind=Kind.DENIED, hint="allow ec2:DescribeInstanceTypes")

    monkeypatch.setattr(look.ec2, "describe_instance_types", denied)
    found = look.one(needs())
    assert (found.subject, found.state) == ("hosts for the tasks", CheckState.UNKNOWN)
    assert found.hint == "allow ec2:DescribeInstanceTypes"


@given(st.integers(min_value=2 * GIB, max_value=24 * 1024 * GIB))
def test_a_task_that_asks_for_the_size_of_a_host_fits_there(mib: int) -> None:
    asked = resources_of({"memory_reservation": mib * 1024**2}, BackendSettings(EnvironSettings({})), "t")
    assert HostType("x", 1, mib).holds(asked)
