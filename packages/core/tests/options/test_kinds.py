import re

import pytest

from miniwdl_aws_core.options.kinds import (
    MIB,
    OBJECT,
    SIZE,
    SWITCH,
    TEXTS,
    choice,
    duration,
    number,
    text_like,
    texts_of,
    whole,
    whole_seconds,
)


def word(text: str) -> str:
    if not text.isalpha():
        raise ValueError
    return text.lower()


WORDS = texts_of(word, word, "words by words")
READ = [
    (SWITCH, {"true": True, "T": True, "yes": True, "Y": True, "1": True}),
    (SWITCH, {"false": False, "F": False, "no": False, "n": False, "0": False}),
    (SIZE, {"4096": 4096, "256M": 256 * MIB, "1.5 GiB": 1536 * MIB, "2kb": 2048, "1T": 1 << 40, "0": 0}),
    (OBJECT, {"{}": {}, '{"a": [1]}': {"a": [1]}}),
    (TEXTS, {'{"a": "b"}': {"a": "b"}}),
    (WORDS, {'{"A": "B", "c": "d"}': {"a": "b", "c": "d"}, "{}": {}}),
    (number(0.1, 10), {"0.1": 0.1, "10": 10.0, "1e0": 1.0}),
    (whole(1), {"1": 1, "1000000": 1000000}),
    (
        duration(),
        {"0": 0, "90": 90, "1.5m": 90, "2 h": 7200, "1d": 86400, "1W": 604800, "1e3": 1000, "inf": float("inf")},
    ),
    (whole_seconds(60), {"60": 60, "24h": 86400}),
    (choice("run", "None"), {"run": "run", "RUN": "run", "none": "None"}),
    (text_like(re.compile("[a-z]+"), "letters"), {"abc": "abc"}),
]
REFUSED = [
    (SWITCH, ["perhaps", "", "on", "off", "2"]),
    (SIZE, ["", "much", "-1M", "1X", "1,5G"]),
    (OBJECT, ["", "{", "[]", "1"]),
    (TEXTS, ['{"a": 1}', "[]"]),
    (WORDS, ['{"a": 1}', '{"1": "a"}', '{"a": "1"}', '{"a": "b", "A": "c"}', "[]"]),
    (number(0.1, 10), ["", "fast", "nan", "0", "10.1"]),
    (whole(1, 4), ["", "0", "5", "1.5"]),
    (duration(0, 3600), ["", "soon", "-1", "2h", "1 fortnight"]),
    (whole_seconds(60), ["59", "nan"]),
    (choice("run", "none"), ["", "total"]),
    (text_like(re.compile("[a-z]+"), "letters"), ["", "a1"]),
]


@pytest.mark.parametrize(("kind", "values"), READ, ids=[kind.expected for kind, _ in READ])
def test_what_is_read(kind, values) -> None:
    assert {text: kind.parse(text) for text in values} == values


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in REFUSED for text in texts])
def test_what_is_refused(kind, text: str) -> None:
    with pytest.raises(ValueError):
        kind.parse(text)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (SWITCH, False, "false"), (SIZE, 256 * MIB, "256M"), (SIZE, 1000, "1000"), (SIZE, 10 << 30, "10G"),
        (TEXTS, {}, "{}"), (number(0), 50.0, "50"), (number(0), 0.5, "0.5"), (duration(), 86400.0, "86400"),
    ],
)  # fmt: skip
def test_values_are_written_as_they_are_read(kind, value, text: str) -> None:
    assert kind.write(value) == text
    assert kind.parse(text) == value


def test_expected_values_in_words() -> None:
    assert number(0.1, 1000).expected == "a number between 0.1 and 1000"
    assert whole(60).expected == "a whole number of at least 60"
    assert choice("a", "b", "c").expected == "a, b or c"
