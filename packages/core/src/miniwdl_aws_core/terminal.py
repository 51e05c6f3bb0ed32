"""
Text of others, made fit for a terminal. Pure.

What a task prints, what a file or a tag is called and what AWS gives as a reason is written by others, and a terminal
obeys what it is shown: a title, the clipboard (OSC 52), a reset, a cursor that goes up and writes over what stands
there, lines that weren't ours. So each line that a command writes goes through one of two functions: :func:`plain`, or
:func:`coloured` for lines of a log on a terminal. :mod:`miniwdl_aws_core.console` does it for all that it writes.

What is taken away, and where it is described:

- control characters (C0, DEL, C1), and with them the escape sequences, control sequences and control strings that they
  begin: ECMA-48, sections 5 and 8.3;
- what changes the direction of text, so that ``exe.fdp`` reads as another name: Unicode Standard Annex 9, and
  "Trojan Source" (Boucher and Anderson, 2021);
- what nobody sees: ``Default_Ignorable_Code_Point`` of Unicode Standard Annex 44 and the interlinear annotations; see
  also Unicode Technical Report 36. The joiners and the variation selectors stay, since emoji and several scripts need
  them.

Half a surrogate, which is how Python reads a file name that isn't UTF-8, becomes its escape, since no stream takes it.
"""

from __future__ import annotations

import re

__all__ = ["coloured", "plain", "quoted", "split_lines"]

_LINE_END = "\n\r\v\f\u2028\u2029"
# A string ends at its terminator. Where there is none in the line, its opener alone goes: what follows may be ours. The
# other C1 controls end it too, since UTF-8 that was read as Latin-1 is full of what looks like openers.
_STRING = rf"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x18\x1a\x1b\x80-\x9f{_LINE_END}]*(?:\x07|\x1b\\|\x9c)"
_CSI = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
_ESCAPE = r"\x1b[ -/]*[0-~]"
_CONTROL = r"[\x00-\x08\x0e-\x1f\x7f-\x9f]"
_UNSEEN = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
# Texts, which `re` compiles once they are needed: every `--help` imports this module, and shows nothing odd.
_UNFIT = (
    rf"(?P<sgr>\x1b\[[0-9;:]*m)|{_STRING}|{_CSI}|{_ESCAPE}|{_CONTROL}|{_UNSEEN}"
    rf"|(?P<end>\r\n|[{_LINE_END}])|(?P<half>[\ud800-\udfff])"
)
_ENDS = rf"\r\n|[{_LINE_END}]"
_RESET = "\x1b[0m"


def split_lines(text: str) -> list[str]:
    """
    Split text into its lines; those that are empty at its end don't count.

    A progress bar redraws its line by carriage returns: each state becomes a line of its own.
    """
    return re.split(_ENDS, text.rstrip(_LINE_END))


def plain(text: str) -> str:
    """
    Make one line of text without anything that a terminal would obey; what would begin another line becomes a space.

    Once more changes nothing.
    """
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_UNFIT, _replace, text)


def coloured(text: str) -> str:
    """Do the same, but keep colours and other attributes of characters (SGR), which end with the line at the latest."""
    if "\x1b" not in text:
        return plain(text)
    last = ""

    def replace(match: re.Match[str]) -> str:
        nonlocal last
        if match["sgr"]:
            last = match["sgr"]
            return last
        return _replace(match)

    shown = re.sub(_UNFIT, replace, text)
    return shown if last in ("", _RESET, "\x1b[m") else shown + _RESET


def quoted(text: str, limit: int = 100) -> str:
    """Quote a value for a sentence that says what is wrong with it: in one line, and no longer than one can read."""
    return repr(text) if len(text) <= limit else f"{text[:limit]!r}... ({len(text)} characters)"


def _replace(match: re.Match[str]) -> str:
    if match["end"]:
        return " "
    return f"\\u{ord(match['half']):04x}" if match["half"] else ""
