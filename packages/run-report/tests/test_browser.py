"""The page in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniwdl_aws_run_report.model import Call, Run, State, Try, TryEnd, Used
from miniwdl_aws_run_report.writing.page import write_page

if TYPE_CHECKING:
    from pathlib import Path

    from browser import Browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def large_page(large_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(write_page(large_run), "utf-8")
    return file


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
