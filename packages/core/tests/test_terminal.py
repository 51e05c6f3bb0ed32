import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from miniwdl_aws_core.terminal import coloured, plain, quoted, split_lines

JOINERS = "\u200c\u200d"
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
PIECES = [
    "\x1b", "[", "]", "P", "\\", "\x07", "\x9b", "\x9c", "\x9d", "\x90", "\x18", "31", ";", "m", "J", " ", "(", "?",
    "\n", "\r", "\u2028", "\x7f", "\ud800", "\udfff", "\u202e", "\u200b", "é", "漢", "\x1b[31m", "\x1b[0m", "\x1b[m",
]  # fmt: skip
# Any text, and such as is put together from what matters here.
texts = st.text(st.characters(exclude_categories=())) | st.lists(st.sampled_from(PIECES)).map("".join)


def forbidden(text: str) -> list[str]:
    """Everything that a terminal might obey, or hide; by Unicode's categories, not by our table."""
    visible_formats = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
    hieroglyphs = {chr(code) for code in range(0x13430, 0x13440)}
    return [
        char
        for char in text
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and char != "\t"
        and char not in JOINERS
        and char not in visible_formats
        and char not in hieroglyphs
    ]


@given(texts)
@example("\x1b]\x1b]\x9b\x1b[")
def test_plain_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    assert forbidden(plain(text)) == []


@given(texts)
@example("\x1b[\x1b[31mm")
@example("\x1b[3\x001m")
def test_coloured_text_has_colours_besides_and_ends_without(text: str) -> None:
    shown = coloured(text)
    assert forbidden(re.sub(r"\x1b\[[0-9;:]*m", "", shown)) == []
    found = re.findall(r"\x1b\[[0-9;:]*m", shown)
    assert not found or found[-1] in ("\x1b[0m", "\x1b[m")


@given(texts)
@pytest.mark.parametrize("fit", [plain, coloured])
def test_once_more_changes_nothing(fit, text: str) -> None:
    assert fit(fit(text)) == fit(text)


@given(texts)
def test_colours_are_the_only_difference(text: str) -> None:
    assert plain(coloured(text)) == plain(text)


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp", "M"))))
@example("un fichier: données.txt\t漢字 かな 한국어 עברית العربية می‌خواهم")
@example("👩‍💻 ❤️ 🏳️‍🌈 🇩🇪 👍🏽 葛󠄀")
@example("C:\\temp [31m ]0;title C1")
def test_ordinary_text_stays(text: str) -> None:
    blanks = "\u115f\u1160\u3164\uffa0"  # letters by their category, that nobody sees
    text = text.translate(dict.fromkeys(map(ord, blanks)))
    assert plain(text) == coloured(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]52;c;aGk=\x1b\\x", "x"),
        ("\x9d52;c;aGk=\x9cx", "x"),
        ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x9b2Jgone", "gone"),
        ("\x1bPq#0\x1b\\sixel", "sixel"),
        ("\x1bXsos\x1b\\\x1b^pm\x1b\\\x1b_apc\x1b\\\x98sos\x9c\x9epm\x9c\x9fapc\x9c.", "."),
        ("\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\x", "tmux;x"),
        ("\x1bcreset \x1b(Bcharset \x1b7saved", "reset charset saved"),
        ("bell\x07 nul\x00 del\x7f back\b", "bell nul del back"),
        ("10%\r20%", "10% 20%"),
        ("name\nhint: rm\r\nx\u2028y\u2029z\v\f", "name hint: rm x y z  "),
        ("cut \x1b[2", "cut 2"),
        ("\udcff.txt", "\\udcff.txt"),
        (f"a{BIDI}b", "ab"),
        ("a\u200b\ufeff\u2060\u00ad\u3164\U000e0041b", "ab"),
    ],
)
def test_what_goes(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_string_without_an_end_hides_nothing_that_we_say() -> None:
    assert plain("name \x1b]0; did not succeed") == "name 0; did not succeed"
    twice_encoded = "”Ý” and „Ś“".encode().decode("latin-1")
    assert plain(twice_encoded) == "âÃâ and âÅâ"


def test_a_string_ends_with_its_line() -> None:
    assert [plain(line) for line in split_lines("\x1b]0;x\nour line\x07")] == ["0;x", "our line"]


def test_colours_end_with_the_line() -> None:
    assert coloured("\x1b[1;31mred") == "\x1b[1;31mred\x1b[0m"
    assert coloured("\x1b[31mred\x1b[0m") == "\x1b[31mred\x1b[0m"
    assert coloured("\x1b[31mred\x1b[2J\x1b[>4;1m\x1b[?1m\x1b[1 m") == "\x1b[31mred\x1b[0m"


def test_lines() -> None:
    assert split_lines("10%\r20%\r") == ["10%", "20%"]
    assert split_lines("a\r\n\nb\n") == ["a", "", "b"]
    assert split_lines("a\u2028b\fc") == ["a", "b", "c"]
    assert split_lines("") == [""]


@pytest.mark.parametrize(
    "piece", ["\x1b[31m", "\x1b]", "\x1bP\x9d", "\x1b[0", "\x9b ", "\x1b ", "\u202e", "\x1b]x\x07"]
)
def test_a_megabyte_takes_no_time(piece: str) -> None:
    """A quadratic rule would take hours."""
    text = piece * 300_000
    assert "\x1b" not in plain(text)
    assert forbidden(coloured(text).replace("\x1b[31m", "").replace("\x1b[0m", "")) == []


@given(st.text())
def test_a_quoted_value_is_one_line_and_not_long(text: str) -> None:
    shown = quoted(text, 20)
    assert shown.isprintable()
    assert len(shown) < 20 * 10 + 40
    assert len(text) > 20 or shown == repr(text)
