from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_local_cloud.logs.capture import LineSplitter


def split(*chunks: bytes, limit: int = 100) -> list[str]:
    splitter = LineSplitter(limit)
    return [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.finish()


def test_lines_come_when_they_are_complete() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"one\ntw") == ["one"]
    assert splitter.feed(b"o\r\nthree") == ["two"]
    assert splitter.finish() == ["three"]
    assert splitter.finish() == []


def test_empty_lines_are_left_out() -> None:
    assert split(b"\n\na\n\n") == ["a"]


def test_what_is_no_text_is_replaced() -> None:
    assert split(b"a\xffb\n") == ["a\ufffdb"]


def test_a_character_may_come_in_two_chunks() -> None:
    text = "å".encode()
    assert split(text[:1], text[1:] + b"\n") == ["å"]


def test_long_lines_are_cut_between_characters() -> None:
    assert split("ääää\n".encode(), limit=5) == ["ää", "ää"]


def test_a_long_line_is_cut_before_it_ends() -> None:
    assert LineSplitter(4).feed(b"abcdefghi") == ["abcd", "efgh"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"))), st.integers(1, 7))
def test_nothing_is_lost(lines, step) -> None:
    data = "\n".join(lines).encode()
    chunks = [data[at : at + step] for at in range(0, len(data), step)]
    assert split(*chunks, limit=1000) == [line for line in lines if line]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\r")), st.integers(4, 9))
def test_cut_lines_are_whole_together(line, limit) -> None:
    pieces = split(line.encode(), limit=limit)
    assert "".join(pieces) == line
    assert all(len(piece.encode()) <= limit for piece in pieces)
