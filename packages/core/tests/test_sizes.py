import pytest

from miniwdl_aws_core.sizes import counted, duration, human_size


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB"), (5 << 40, "5.0 TiB")]
)
def test_human_size(size: int, text: str) -> None:
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (-3, "0s"), (45.9, "45s"), (192, "3m12s"), (3600, "1h00m"), (7500, "2h05m"), (273600, "3d4h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ["task job"], "0 task jobs"),
        (1, ["task job"], "1 task job"),
        (2, ["task job"], "2 task jobs"),
        (1, ["retry", "retries"], "1 retry"),
        (3, ["retry", "retries"], "3 retries"),
    ],
)
def test_counted(number: int, words: list[str], text: str) -> None:
    assert counted(number, *words) == text
