import pytest

from miniwdl_aws_core.sizes import human_size


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB"), (5 << 40, "5.0 TiB")]
)
def test_human_size(size: int, text: str) -> None:
    assert human_size(size) == text
