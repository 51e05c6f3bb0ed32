import pytest

from miniwdl_aws_submit_cli.formats import ago, counted, duration, table


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (-3, "0s"), (45.9, "45s"), (192, "3m12s"), (3600, "1h00m"), (7500, "2h05m"), (273600, "3d4h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_ago() -> None:
    assert ago(1_000_000, 1060) == "1m00s"
    assert ago(None, 1060) == ""


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


def test_a_table_is_as_wide_as_a_terminal_shows_it() -> None:
    rows = [("NAME", "STATE"), ("配列", "ok"), ("a\x1b[31mb", ""), ("e\u0301\u200b", "long")]
    assert table(rows) == ["NAME  STATE", "配列  ok", "ab    ", "e\u0301     long"]
    assert table([]) == []
