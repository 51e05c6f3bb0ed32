import pytest

from miniwdl_aws_submit_cli.console_text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext é 漢", "plain\ttext é 漢"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x1b]0;title\x07x\x1b]8;;http://a\x1b\\y", "xy"),
        ("10%\r20%\r", "10%\n20%"),
        ("a\r\nb\n", "a\nb"),
        ("\x00\x07\x9bx", "x"),
        ("cut \x1b", "cut "),
    ],
)
def test_control_sequences_are_taken_away(text: str, shown: str) -> None:
    assert printable(text) == shown
