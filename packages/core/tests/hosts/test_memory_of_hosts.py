from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.hosts.environments import asking_for, given_by, placeable


@given(st.integers(4, 4_000_000))
def test_asking_for_so_much_gives_a_job_what_it_needs_and_hardly_more(memory: int) -> None:
    asked = asking_for(memory)
    assert placeable(asked) >= memory
    assert asked == memory or placeable(asked - 1) < memory


def test_a_task_that_asks_for_what_a_host_has_fits_there() -> None:
    assert placeable(16 * 1024) == given_by(16 * 1024) == 15309
    assert [placeable(asked) for asked in (512, 1024, 1300, 1400)] == [512, 1024, 1024, 1074]
