from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_batch_backend.configuration import BackendSettings
from miniwdl_aws_batch_backend.errors import TaskSettingError
from miniwdl_aws_batch_backend.jobs.resources import Resources, check_own, read_hints, resources_of
from miniwdl_aws_hooks import EnvironSettings

GIB = 1024**3
DEFAULTS = BackendSettings(EnvironSettings({}))
CONSUMABLE_ARN = "arn:aws:batch:eu-west-1:123456789012:consumable-resource/licence"
QUEUE_ARN = "arn:aws:batch:eu-west-1:123456789012:job-queue/q"


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("queue", "gpu-queue", "gpu-queue"),
        ("queue", QUEUE_ARN, QUEUE_ARN),
        ("jobRoleArn", "arn:aws:iam::123456789012:role/a/b", "arn:aws:iam::123456789012:role/a/b"),
        ("sharedMemorySize", 64, 64),
        ("sharedMemorySize", "64", 64),
        ("schedulingPriority", 9999, 9999),
        ("shareIdentifier", "teamA*", "teamA*"),
        ("ulimits", ["nofile=1:2", "nproc=7"],
         [{"name": "nofile", "softLimit": 1, "hardLimit": 2}, {"name": "nproc", "softLimit": 7, "hardLimit": 7}]),
        ("consumableResources", {"licence": 1, CONSUMABLE_ARN: "20"}, {"licence": 1, CONSUMABLE_ARN: 20}),
        ("consumableResources", dict.fromkeys("abcde", 1), dict.fromkeys("abcde", 1)),
        ("architecture", "arm64", "arm64"),
        ("architecture", "aarch64", "arm64"),
        ("architecture", "ARM64", "arm64"),
        ("architecture", "X86_64", "x86_64"),
        ("architecture", "amd64", "x86_64"),
        ("acceleratorCount", 4, 4),
        ("timeout", "36h", 129600),
        ("timeout", "1.5 d", 129600),
        ("timeout", 3600, 3600),
        ("timeout", 90.5, 90),
    ],
)  # fmt: skip
def test_hints(key: str, value: object, parsed: object) -> None:
    assert read_hints({key: value, "cpu": 1}, "t") == {key: parsed}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("queue", "no spaces"),
        ("jobRoleArn", "my-role"),
        ("sharedMemorySize", 0),
        ("sharedMemorySize", 1.5),
        ("sharedMemorySize", True),
        ("schedulingPriority", 10000),
        ("shareIdentifier", "team-a"),
        ("shareIdentifier", "a" * 256),
        ("shareIdentifier", 7),
        ("ulimits", "nofile=1"),
        ("ulimits", ["nofile"]),
        ("ulimits", ["files=1"]),
        ("ulimits", ["nofile=2:1"]),
        ("ulimits", ["nofile=-1:5"]),
        ("ulimits", ["nofile=-2"]),
        ("ulimits", [f"nofile={2**31}"]),
        ("ulimits", ["nofile=" + "9" * 5000]),
        ("sharedMemorySize", -1),
        ("sharedMemorySize", float("nan")),
        ("sharedMemorySize", float("inf")),
        ("schedulingPriority", -1),
        ("acceleratorCount", 10**400),
        ("timeout", 2**31),
        ("timeout", -60),
        ("timeout", "nan"),
        ("timeout", "9" * 5000),
        ("consumableResources", {}),
        ("consumableResources", ["licence"]),
        ("consumableResources", "licence=1"),
        ("consumableResources", {"licence": 0}),
        ("consumableResources", {"licence": 1.5}),
        ("consumableResources", {"licence": None}),
        ("consumableResources", {"a licence": 1}),
        ("consumableResources", {QUEUE_ARN: 1}),
        ("consumableResources", dict.fromkeys("abcdef", 1)),
        ("architecture", "graviton"),
        ("architecture", 64),
        ("acceleratorCount", 17),
        ("acceleratorType", 3),
        ("timeout", 59),
        ("timeout", "30s"),
        ("timeout", "inf"),
        ("timeout", "24:00:00"),
        ("timeout", True),
        ("timeout", ["2h"]),
    ],
)
def test_wrong_hints_name_the_task_and_the_key(key: str, value: object) -> None:
    with pytest.raises(TaskSettingError, match=rf"task align: runtime\.{key} must be"):
        read_hints({key: value}, "align")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("cpu", value) for value in (-1, 4097, 1e300, float("nan"), float("inf"), "many", "9" * 5000, True)),
        *((key, value) for key in ("maxRetries", "preemptible") for value in (-1, 1001, 10**18, 1.5, "x", "9" * 5000)),
    ],
)
def test_what_miniwdl_would_take_beyond_sense_names_the_task_and_the_key(key: str, value: object) -> None:
    with pytest.raises(TaskSettingError, match=rf"task align: runtime\.{key} must be a .*between 0 and") as caught:
        check_own({key: value}, "align")
    assert len(caught.value.message) < 300


def test_what_miniwdl_takes_within_sense() -> None:
    check_own({"cpu": 0.5, "maxRetries": 0, "preemptible": "3"}, "t")
    check_own({"cpu": "2", "maxRetries": 1000, "memory": "1 GiB"}, "t")


@pytest.mark.parametrize("asked", [2**70, 10**400])
def test_too_much_memory(asked: int) -> None:
    with pytest.raises(TaskSettingError, match=r"task t: runtime\.memory must be at most 64 TiB"):
        resources_of({"memory_reservation": asked}, DEFAULTS, "t")


def test_unlimited() -> None:
    limits = read_hints({"ulimits": ["memlock=-1", "nofile=1024:-1"]}, "t")["ulimits"]
    assert [(limit["softLimit"], limit["hardLimit"]) for limit in limits] == [(-1, -1), (1024, -1)]


def test_null_is_no_hint() -> None:
    assert read_hints({"queue": None}, "t") == {}


def test_defaults() -> None:
    assert resources_of({}, DEFAULTS, "t") == Resources(1, 1024, 0)


@pytest.mark.parametrize(
    ("asked", "growth", "given"),
    [
        (8 * GIB, 1.0, 7527),
        (16 * GIB, 1.0, 15309),
        (64 * GIB, 1.0, 62004),
        (256 * GIB, 1.0, 248781),
        (4 * GIB, 2.0, 7527),
        (400 * GIB, 2.0, 512 * 1024 - 26214 - 256),
        (600 * GIB, 2.0, 600 * 1024 - 30720 - 256),  # the cap never takes away what was asked for
    ],
)
def test_memory(asked: int, growth: float, given: int) -> None:
    assert resources_of({"memory_reservation": asked}, DEFAULTS, "t", growth).memory_mib == given


@pytest.mark.parametrize(
    ("gib", "registered"),
    [(4, 3704), (8, 7624), (15.25, 15292), (16, 15463), (32, 31142), (64, 62950), (128, 126722), (192, 189283)],
)
def test_a_task_as_large_as_a_host_fits_what_such_hosts_register(gib: float, registered: int) -> None:
    assert resources_of({"memory_reservation": int(gib * GIB)}, DEFAULTS, "t").memory_mib <= registered


@given(st.integers(4, 10**6))
def test_little_memory_is_given_whole_and_no_task_is_left_with_less(mib: int) -> None:
    given_mib = resources_of({"memory_reservation": mib * 1024**2}, DEFAULTS, "t").memory_mib
    assert min(mib, 1024) <= given_mib <= mib


def test_too_little_memory() -> None:
    with pytest.raises(TaskSettingError, match=r"task t: runtime\.memory"):
        resources_of({"memory_reservation": 1024**2}, DEFAULTS, "t")


@pytest.mark.parametrize(
    ("runtime", "gpus"),
    [
        ({"gpu": True}, 1),
        ({"gpu": False}, 0),
        ({"gpu": True, "acceleratorCount": 2}, 2),
        ({"acceleratorType": "nvidia-tesla-t4"}, 1),
        ({"acceleratorType": "tpu", "acceleratorCount": 2}, 0),
    ],
)
def test_gpus(runtime: dict[str, object], gpus: int) -> None:
    assert resources_of(runtime, DEFAULTS, "t").gpu == gpus


@given(st.integers(4 * 1024**2, 2000 * GIB), st.floats(1, 10), st.floats(1, 10))
def test_memory_never_shrinks_with_growth(asked: int, one: float, other: float) -> None:
    low, high = sorted([one, other])
    runtime = {"memory_reservation": asked}
    sizes = [resources_of(runtime, DEFAULTS, "t", growth).memory_mib for growth in (low, high)]
    assert 4 <= sizes[0] <= sizes[1]
