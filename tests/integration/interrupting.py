"""Presses Ctrl-C in programs that run in a pseudo-terminal."""

from __future__ import annotations

import time

import pexpect

__all__ = ["press_ctrl_c"]


def press_ctrl_c(program: pexpect.spawn[str], times: int) -> str:
    """Press it, see the program end soon and without a traceback, and give what it said until then."""
    for _ in range(times):
        program.sendintr()
    pressed = time.monotonic()
    program.expect(pexpect.EOF)
    said: str = program.before
    program.wait()  # or leaving the caller's block would end it by a signal
    assert time.monotonic() - pressed < 5
    assert program.exitstatus == 130
    assert "Traceback" not in said
    return said
