"""
The page in a browser without a window, by its own protocol over two pipes: nothing but Chromium has to be installed.

Source: https://chromedevtools.github.io/devtools-protocol/
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

from miniwdl_aws_run_report.model import Call, Run, State, Try, TryEnd, Used
from miniwdl_aws_run_report.writing.page import write_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

pytestmark = pytest.mark.browser

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--remote-debugging-pipe",
)  # fmt: skip
LIMIT = 60.0
"""Seconds for an answer."""


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

    def open(self, page: Path, width: int, height: int = 900, *, dark: bool = False) -> float:
        """Show a file; return the seconds until it could be used."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        self.ask(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        self.ask("Page.navigate", url=page.as_uri())
        deadline = time.monotonic() + LIMIT
        while self.see("document.documentElement?.dataset.ready") != "yes":
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


@pytest.fixture(scope="module")
def large_page(large_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(write_page(large_run), "utf-8")
    return file


@pytest.fixture
def clean(browser: Browser) -> Iterator[Browser]:
    """The browser; in the end it must have had nothing to complain of, and have asked for nothing but the page."""
    browser.complaints.clear()
    browser.requests.clear()
    yield browser
    browser.see("1")  # what it has to say comes before the answer
    assert browser.complaints == []
    assert {url.partition(":")[0] for url in browser.requests} == {"file"}


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_ten_thousand_calls_are_there_at_once(clean: Browser, large_page: Path, width: int, dark: bool) -> None:
    assert large_page.stat().st_size < 5e6
    assert clean.open(large_page, width, dark=dark) < 3
    assert clean.see("document.documentElement.scrollWidth") <= width
    assert clean.see("document.querySelector('#tasks tbody').rows.length") == 4
    assert clean.see("document.getElementById('shown').textContent") == "10000 of 10000 calls are in view."
    painted = """(() => { const canvas = document.getElementById('canvas'), colours = new Set();
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        for (let at = 0; at < pixels.length; at += 4) colours.add(pixels.slice(at, at + 3).join());
        return colours.size; })()"""
    assert clean.see(painted) > 6


def shown(browser: Browser) -> int:
    """How many calls are in view, once that has been painted."""
    browser.see("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))", wait=True)
    return int(browser.see("parseInt(document.getElementById('shown').textContent)"))


def test_the_timeline_obeys_mouse_and_keys(clean: Browser, large_page: Path) -> None:
    clean.open(large_page, 1280)
    box = clean.see("JSON.parse(JSON.stringify(document.getElementById('canvas').getBoundingClientRect()))")
    left, top = box["left"], box["top"]
    clean.drag((left + 20, top + 40), (left + 300, top + 140))
    narrow = shown(clean)
    assert 1500 < narrow < 3000
    clean.drag((left + 100, top + 100), (left + 100, top + 100))
    told = clean.see("document.querySelector('#detail h3').textContent")
    assert told.partition("-")[0] in {"align", "sort", "call_variants", "qc"}
    clean.press("ArrowDown")
    assert clean.see("document.querySelector('#detail h3').textContent") != told
    clean.press("+")
    assert shown(clean) < narrow
    clean.press("Escape")
    assert shown(clean) == 10_000
    clean.see("(() => { const box = document.getElementById('filter'); box.value = 'align-7-'; "
              "box.dispatchEvent(new Event('input')); })()")  # fmt: skip
    assert shown(clean) == 1


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("calls", ["NA0000", "NA0300", "NA0999"])
def test_names_of_calls_hide_no_bars(clean: Browser, large_page: Path, width: int, calls: str) -> None:
    """At the beginning of the run, before its middle, and at its end."""
    clean.open(large_page, width)
    clean.see("""(() => { const pen = CanvasRenderingContext2D.prototype, {fillRect, fillText} = pen;
        window.drawn = {bars: [], names: []};
        pen.fillRect = function (x, y, width, height) {
            if (height < 30 && height > 10) drawn.bars.push([x, x + width, y, y + height]);
            fillRect.call(this, x, y, width, height); };
        pen.fillText = function (text, x, y) {
            if (text.includes('-NA')) drawn.names.push([x, x + this.measureText(text).width, y]);
            fillText.call(this, text, x, y); }; })()""")
    clean.see(f"(() => {{ const box = document.getElementById('filter'); box.value = '{calls}'; "
              "box.dispatchEvent(new Event('input')); })()")  # fmt: skip
    assert shown(clean) == 10
    drawn = clean.see("drawn")
    assert len(drawn["names"]) == 10
    assert len(drawn["bars"]) > 10
    for left, right, line in drawn["names"]:
        assert left >= 0
        assert right <= width
        in_its_row = [(start, end) for start, end, top, bottom in drawn["bars"] if top < line < bottom]
        assert in_its_row
        assert all(end < left or start > right for start, end in in_its_row)


def test_a_name_stands_between_tries_where_there_is_room_nowhere_else(clean: Browser, tmp_path: Path) -> None:
    tries = tuple(Try(number, TryEnd.FAILED, at, at, at, at + 40) for number, at in ((1, 0.0), (2, 60.0)))
    calls = (Call("call-sort-7", "sort", State.FAILED, tries, 0.0, 100.0),)
    file = tmp_path / "report.html"
    file.write_text(write_page(Run("run", "align", State.FAILED, calls, 0.0, 100.0)), "utf-8")
    clean.open(file, 1280)
    clean.see("""(() => { const pen = CanvasRenderingContext2D.prototype, {fillText} = pen;
        pen.fillText = function (text, x, y) {
            if (text === 'sort-7') window.drawn = [x, x + this.measureText(text).width];
            fillText.call(this, text, x, y); }; })()""")
    clean.see("document.getElementById('zoom-all').click()")
    assert shown(clean) == 1
    left, right = clean.see("drawn")
    width = clean.see("document.getElementById('canvas').getBoundingClientRect().width")
    assert 0.4 * width < left < right < 0.6 * width


def test_shares_and_hours_that_are_small_are_more_than_nothing(clean: Browser, tmp_path: Path) -> None:
    used = Used(cpu_seconds=0.01, source="times")
    call = Call("call-sort", "sort", State.SUCCEEDED, (Try(1, TryEnd.SUCCEEDED, 0, 0, 0, 5, vcpus=2, used=used),))
    file = tmp_path / "report.html"
    file.write_text(write_page(Run("run", "align", State.SUCCEEDED, (call,), 0, 5)), "utf-8")
    clean.open(file, 1280)
    assert clean.see("document.querySelector('.share').textContent") == "<\u00a01\u00a0%"
    assert clean.see("document.querySelector('#tasks tbody').rows[0].cells[8].textContent") == "0.0028"
    assert "not known" in clean.see("document.getElementById('use-note').textContent")
    assert clean.see("document.getElementById('values').hidden")  # with nothing to show


@pytest.mark.parametrize("width", [1280, 390])
def test_what_a_call_used_over_time_is_drawn_and_said(clean: Browser, large_page: Path, width: int) -> None:
    clean.open(large_page, width)
    clean.see("document.getElementById('stage').focus()")
    found = "[...document.querySelectorAll('#detail figcaption')].map((one) => one.textContent)"
    for _ in range(20):  # some are too short, or were cached
        clean.press("ArrowDown")
        if clean.see(found):
            break
    memory, processors = clean.see(found)[:2]
    whole = "Memory without caches over 3m18s: first 0, last 3,220, most 4,410 MiB after 1m10s, of 8,192 MiB asked for"
    assert memory == whole
    assert processors.startswith("Processors busy over 3m18s: first ")
    assert processors.endswith(", of 4 vCPUs asked for")
    drawn = "[...document.querySelectorAll('#detail svg')].map((one) => one.getBoundingClientRect())"
    boxes = clean.see(f"JSON.parse(JSON.stringify({drawn}))")
    assert all(box["width"] > 150 and box["right"] <= width for box in boxes)
    assert (boxes[0]["top"] == boxes[1]["top"]) is (width > 1000)
    assert clean.see("document.documentElement.scrollWidth") <= width


def test_tables_are_sorted_by_their_heads(clean: Browser, large_page: Path) -> None:
    clean.open(large_page, 1280)
    first = "document.querySelector('#slowest tbody').rows[0].cells[1].textContent"
    longest = clean.see(first)
    clean.see("document.querySelectorAll('#slowest th button')[1].click()")
    assert clean.see(first) == longest
    clean.see("document.querySelectorAll('#slowest th button')[1].click()")
    assert clean.see(first) != longest
    assert clean.see("document.querySelectorAll('#slowest th')[1].getAttribute('aria-sort')") == "ascending"


def test_texts_of_tasks_stay_texts(clean: Browser, failed_run: Run, hostile: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    page = write_page(failed_run)
    planted = page.replace('["javascript:alert(1)",""]', '["click","javascript:alert(1)"]')
    assert planted != page  # even then it makes no link
    file.write_text(planted, "utf-8")
    clean.open(file, 1280)
    assert clean.see("document.getElementById('outcome').textContent").startswith("align failed after 1m36s")
    assert clean.see("document.title") != "x"
    assert clean.see("document.querySelectorAll('script').length") == 2
    assert clean.see("document.querySelectorAll('img, a[href^=\"javascript\"]').length") == 0
    assert clean.see("document.getElementById('failure-stderr').textContent").startswith("</script>")
    assert not clean.see("document.getElementById('failure').hidden")


def test_everything_has_a_name(clean: Browser, large_page: Path) -> None:
    """What a keyboard reaches, a screen reader can say."""
    clean.open(large_page, 1280)
    clean.ask("Accessibility.enable")
    nodes = clean.ask("Accessibility.getFullAXTree")["nodes"]
    reached = [
        node
        for node in nodes
        if any(item["name"] == "focusable" and item["value"]["value"] for item in node.get("properties", ()))
    ]
    assert len(reached) > 30
    assert [node for node in reached if not node.get("name", {}).get("value")] == []
