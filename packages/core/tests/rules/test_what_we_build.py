"""What this package builds of whatever it is given breaks no rule, or isn't built."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.batch.definition import TASK_PREFIX, build_definition
from miniwdl_aws_core.batch.limits import LimitError
from miniwdl_aws_core.batch.mounts import plan_mounts
from miniwdl_aws_core.batch.request import JobRequest, job_name, resources, submit_request
from miniwdl_aws_core.rules.table import breaches
from miniwdl_aws_hooks import Mount

TEXTS = st.text(max_size=300)
LONG = st.builds(lambda word, times: word * times, st.text(min_size=1, max_size=9), st.integers(0, 4000))


@given(
    TEXTS,
    st.lists(TEXTS | LONG, max_size=4),
    st.dictionaries(st.from_regex(r"MINIWDL_[A-Z]{1,9}", fullmatch=True), TEXTS | LONG, max_size=4),
    st.dictionaries(TEXTS, TEXTS, max_size=55),
    st.integers(1, 200),
    st.integers(4, 10**6),
)
def test_jobs(name, command, environment, tags, vcpu, memory) -> None:
    job = JobRequest(job_name(name, "-1f0c"), "q", command, resources(vcpu, memory), environment, tags)
    with suppress(LimitError):
        assert breaches("batch:SubmitJob", submit_request(job, "d")) == []


@given(TEXTS | st.from_regex(r"[a-z0-9./:@-]{0,270}", fullmatch=True), LONG)
def test_definitions(image, role) -> None:
    mounts = plan_mounts([Mount("fsx", "/mnt/fsx", {"host": {"sourcePath": "/mnt/fsx"}})], "/mnt/fsx")
    with suppress(LimitError):
        built = build_definition(
            TASK_PREFIX, image=image, mounts=mounts, properties={"jobRoleArn": role}, subject="task t"
        )
        assert breaches("batch:RegisterJobDefinition", built) == []
