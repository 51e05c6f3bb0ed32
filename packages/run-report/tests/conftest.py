"""Runs that are made up, of any size; the same each time."""

from __future__ import annotations

import random

import pytest

from miniwdl_aws_core.records.usage import SAMPLED_FROM, UsagePoint
from miniwdl_aws_run_report.model import Call, Failure, Run, State, Try, TryEnd, Used

BEGAN = 1_795_800_000.0
HOSTILE = (
    "</script><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">\u2028\x1b[31m&"
)
"""What a task may print, or call a file."""

SERIES = tuple(UsagePoint(float(at), 1_000_000 * (at % 70) ** 2, at * 1.5 - at % 50) for at in range(2, 200, 2))
"""More than a chart has columns for."""


@pytest.fixture(scope="session")
def large_run() -> Run:
    """Ten thousand calls: a scatter, with retries, lost spot hosts, tries out of memory, and calls from the cache."""
    chance = random.Random(7)
    made = []
    for number in range(10_000):
        task = ("align", "sort", "call_variants", "qc")[number % 4]
        began = BEGAN + number * 0.8 + chance.random() * 20
        path = f"call-{task}-{number // 4}-NA{number:05}"
        if chance.random() < 0.02:
            made.append(Call(path, task, State.CACHED, (), began, began + 0.4))
            continue
        tries: list[Try] = []
        at = began + 1
        ends = [TryEnd.SUCCEEDED]
        if chance.random() < 0.03:
            ends.insert(0, TryEnd.HOST_LOST)
        if task == "sort" and chance.random() < 0.03:
            ends.insert(0, TryEnd.OUT_OF_MEMORY)
        for place, end in enumerate(ends, start=1):
            made_try = _try(chance, place, end, at, 8192 if task == "align" else 4096)
            tries.append(made_try)
            at = (made_try.stopped or at) + 2
        made.append(Call(path, task, State.SUCCEEDED, tuple(tries), began, at))
    ended = max(call.ended or 0 for call in made)
    return Run(
        name="20261127_120000_cohort",
        target="cohort",
        state=State.SUCCEEDED,
        calls=tuple(made),
        began=BEGAN,
        ended=ended,
        directory="/mnt/fsx/miniwdl_run/20261127_120000_cohort",
        folder="s3://results/cohort/",
        source="cohort.wdl",
        job_id="0c9a1c6e-5a4c-4a55-9f0b-2b9d6f3a0001",
        command="miniwdl-aws rerun 0c9a1c6e-5a4c-4a55-9f0b-2b9d6f3a0001",
        miniwdl="1.16.0",
        inputs={"cohort.samples": ["s3://inputs/NA12878.fq.gz", "s3://inputs/NA12891.fq.gz"], "cohort.depth": 30},
        outputs={"cohort.vcf": "s3://results/cohort/vcf/cohort.vcf.gz"},
        read_at=ended,
    )


@pytest.fixture
def failed_run() -> Run:
    """One whose task failed, and all of whose texts are hostile."""
    first = Try(1, TryEnd.HOST_LOST, BEGAN, BEGAN + 5, BEGAN + 8, BEGAN + 60, reason="Host EC2 terminated.", spot=True)
    second = Try(2, TryEnd.FAILED, BEGAN + 61, BEGAN + 62, BEGAN + 70, BEGAN + 95, 3, HOSTILE, "tool-error", "failed")
    return Run(
        name=HOSTILE,
        target="align",
        state=State.FAILED,
        calls=(
            Call("call-align-0", "align", State.FAILED, (first, second), BEGAN, BEGAN + 95, HOSTILE),
            Call("call-other", "other", State.FAILED, (), BEGAN + 1, BEGAN + 95, "stopped, as the run ended"),
        ),
        began=BEGAN,
        ended=BEGAN + 96,
        failure=Failure(
            f"it failed with exit code 3 {HOSTILE}", "call-align-0", "align", "tool-error", 3, (HOSTILE, "last line"),
            "stream/1", "job-2",
        ),
        source=HOSTILE,
        inputs={HOSTILE: HOSTILE, "link": "javascript:alert(1)"},
        notes=(HOSTILE,),
        read_at=BEGAN + 100,
    )  # fmt: skip


@pytest.fixture
def hostile() -> str:
    """What a task may print, or call a file."""
    return HOSTILE


def _try(chance: random.Random, place: int, end: TryEnd, at: float, memory: int) -> Try:
    starting = at + chance.random() * 90
    started = starting + 5 + chance.random() * 20
    stopped = started + chance.lognormvariate(5, 0.8)
    return Try(
        number=place,
        end=end,
        created=at,
        starting=starting,
        started=started,
        stopped=stopped,
        exit_code=0 if end is TryEnd.SUCCEEDED else 137,
        reason="" if end is TryEnd.SUCCEEDED else "Host EC2 (instance i-08784105ffff56b4f) terminated.",
        job_id=f"{chance.getrandbits(32):08x}-5a4c-4a55-9f0b-{chance.getrandbits(48):012x}",
        log_group="/aws/batch/job",
        log_stream=f"miniwdl-task-ubuntu-22-04-ad5e080fcafca821ed95/default/{chance.getrandbits(128):032x}",
        queue="miniwdl-spot",
        image="ubuntu:22.04",
        vcpus=4.0,
        memory=memory,
        instance_type="m5.4xlarge",
        zone="eu-central-1a",
        spot=True,
        instance_vcpus=16,
        instance_memory=62_000,
        used=Used(
            peak_memory=int((1 if end is TryEnd.OUT_OF_MEMORY else chance.uniform(0.2, 0.45)) * memory * (1 << 20)),
            cpu_seconds=(stopped - started) * chance.uniform(0.8, 1.4),
            wall=stopped - started,
            source="cgroup2",
            series=SERIES if stopped - started > SAMPLED_FROM else (),
        ),
        cost=0.003,
    )
