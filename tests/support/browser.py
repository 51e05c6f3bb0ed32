"""
The pytest plugin of tests that look at pages: a browser without a window, by its own protocol over two pipes.

Nothing but Chromium has to be installed. Source: https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

__all__ = ["Browser"]

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--remote-debugging-pipe",
)  # fmt: skip
LIMIT = 60.0
"""Seconds for an answer."""

SAYS_READY = "document.documentElement?.dataset.ready === 'yes'"
"""Of pages that say so themselves."""


def _high(descriptor: int) -> int:
    """Move a descriptor out of the way of those that the browser has to have."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


class Browser:
    """One page, with what it complained of and what it asked for."""

    def __init__(self) -> None:
        assert PROGRAM
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._number = 0
        self._session = ""
        self._profile = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        ours, theirs = (tuple(map(_high, os.pipe())) for _ in range(2))
        # The browser reads from descriptor 3 and writes to 4, which may be others' in this process.
        begin = f"import os, sys; os.dup2({ours[0]}, 3); os.dup2({theirs[1]}, 4); os.execv(sys.argv[1], sys.argv[1:])"
        self._process = subprocess.Popen(
            [sys.executable, "-ISc", begin, PROGRAM, *OPTIONS, f"--user-data-dir={self._profile.name}"],
            pass_fds=(ours[0], theirs[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._to, self._from = ours[1], theirs[0]
        self._rest = b""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._to)
        self._process.terminate()
        self._process.wait()
        os.close(self._from)
        self._profile.cleanup()

    def ask(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Have the browser do something; return its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": arguments}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._hear(answer)
        raise TimeoutError(method)

    def resize(self, width: int, height: int = 900) -> None:
        """Make the window as large as that; a narrow one is a phone's."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def open(self, page: Path, width: int, height: int = 900, *, dark: bool = False, ready: str = SAYS_READY) -> float:
        """
        Show a file; return the seconds until it could be used.

        :param ready: an expression that is true from then on.
        """
        self.resize(width, height)
        self.ask(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        self.ask("Page.navigate", url=page.as_uri())
        deadline = time.monotonic() + LIMIT
        while not self.see(ready):
            assert time.monotonic() < deadline, self.complaints
        taken: float = self.see("performance.now()")
        return taken / 1000

    def see(self, expression: str, *, wait: bool = False) -> Any:
        """Evaluate an expression in the page; with ``wait``, what its promise brings."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=wait)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key."""
        text = key if len(key) == 1 else ""
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag with the mouse, in pixels of the page; a click where both are one."""
        mouse = {"button": "left", "clickCount": 1}
        self.ask("Input.dispatchMouseEvent", type="mousePressed", x=start[0], y=start[1], **mouse)
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=end[0], y=end[1], buttons=1)
        self.ask("Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1], **mouse)

    def picture(self, file: Path, *, whole: bool = True) -> None:
        """Take a picture of the page."""
        answer = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(answer["data"]))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = os.read(self._from, 1 << 16)
            assert piece, "the browser is gone"
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _hear(self, event: dict[str, Any]) -> None:
        told = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"]))
        elif event.get("method") in ("Runtime.consoleAPICalled", "Log.entryAdded"):
            self.complaints.append(str(told))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not PROGRAM:
        if os.environ.get("CI"):
            pytest.fail("CI has a browser: `apt-get install chromium`")
        pytest.skip("there is no Chromium")
    with Browser() as running:
        yield running


@pytest.fixture
def clean(browser: Browser) -> Iterator[Browser]:
    """The browser; in the end it must have had nothing to complain of, and have asked for nothing but the page."""
    browser.complaints.clear()
    browser.requests.clear()
    yield browser
    browser.see("1")  # what it has to say comes before the answer
    assert browser.complaints == []
    assert {url.partition(":")[0] for url in browser.requests} == {"file"}
