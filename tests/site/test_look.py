"""
All pages in a browser, as wide as a desk's screen and as a phone's: what the site's own script and styles promise.

They stand one below the other in one page: the browser needs much longer to open each of them.
"""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest

if TYPE_CHECKING:
    from browser import Browser

pytestmark = pytest.mark.browser

SITE = Path(__file__).parents[2] / "site"
ARTICLE = re.compile(r"<article class=[^>]*>(.*?)</article>", re.DOTALL)
READY = "document.readyState === 'complete' && !!document.querySelector('.md-typeset__table')"
DESK, PHONE = 1280, 390
LONG = 36
"""Characters of a word that may be broken."""
JOINT = re.compile(r"([^-]-|[/=,:])\||\|\.")
"""Where that may be, at the bar."""


class Codes(HTMLParser):
    """The text of each piece of code, before any script comes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "code":
            self._inside = True
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag != "code"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first page, with what stands on all."""
    if not (SITE / "index.html").is_file():
        if os.environ.get("CI"):
            pytest.fail("CI builds the site first: `nox -s docs`")
        pytest.skip("there is no site: `nox -s docs` builds it")
    articles = []
    for path in sorted(SITE.rglob("index.html")):
        there = path.as_uri()
        (text,) = ARTICLE.findall(path.read_text("utf-8"))
        text = re.sub(r'src="([^"]+)"', lambda found, there=there: f'src="{urljoin(there, found[1])}"', text)
        name = path.parent.relative_to(SITE)
        articles.append(f'<article class="md-content__inner md-typeset" data-page="{name}">{text}</article>')
    first = (SITE / "index.html").read_text("utf-8").replace("<head>", f'<head><base href="{SITE.as_uri()}/">', 1)
    file = tmp_path_factory.mktemp("site") / "index.html"
    file.write_text(ARTICLE.sub(lambda _: "\n".join(articles), first), "utf-8")
    return file


@pytest.fixture(scope="module")
def opened(browser: Browser, page: Path) -> Browser:
    browser.open(page, DESK, ready=READY)
    browser.see("1")  # what it has to say comes before the answer
    assert {url.partition(":")[0] for url in browser.requests} == {"file", "data"}
    # Opened as files, Zensical's pages miss a script for searching.
    assert [item for item in browser.complaints if "/search.js" not in item] == []
    return browser


@pytest.fixture(scope="module", params=[DESK, PHONE])
def seen(opened: Browser, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What measure.js sees at a width, and the width."""
    opened.resize(request.param)
    found: dict[str, Any] = opened.see((Path(__file__).parent / "measure.js").read_text("utf-8"))
    return {"width": request.param, **found}


def test_nothing_is_wider_than_the_screen(seen: dict[str, Any]) -> None:
    assert seen["beyond"] == []


def test_what_is_copied_is_what_was_written(seen: dict[str, Any], page: Path) -> None:
    written = Codes("".join(re.findall(r"<article.*</article>", page.read_text("utf-8"), re.DOTALL))).texts
    assert len(written) > 4000
    assert seen["codes"] == written


def test_commands_go_on_in_the_next_line_between_words(seen: dict[str, Any]) -> None:
    assert seen["commands"]["scrolled"] == []
    broken = [f"{before}|{after}" for before, after, _ in seen["commands"]["broken"]]
    assert [word for word in broken if len(word) <= LONG + 1 or not JOINT.search(word)] == []
    assert broken or seen["width"] == DESK


def test_what_was_printed_goes_on_in_the_next_line_unless_columns_stand_below_each_other(seen: dict[str, Any]) -> None:
    lists = [item for item in seen["printed"] if "\nSTATE  " in item["text"]]
    plain = [item for item in seen["printed"] if not re.search(r"[^:] {2,}|[\t─]", item["text"].strip())]
    assert len(lists) > 1
    assert [item["text"] for item in lists if item["wrapped"]] == []
    assert len(plain) > 10
    assert [item["text"] for item in plain if not item["wrapped"] or item["scrolled"]] == []


def test_names_break_where_their_parts_end(seen: dict[str, Any]) -> None:
    assert seen["names"] == []
    assert [item for item in seen["cells"] if re.fullmatch("-+", item[0])] == []
    assert {item["lines"] for item in seen["options"]} == {1}, "an option and its value"
    assert [item for item in seen["headings"] if item[0][-1] not in "._"] == []
    assert seen["headings"] or seen["width"] == DESK


def test_cells_say_on_a_phone_what_their_column_is(seen: dict[str, Any]) -> None:
    wrong, figures = [], 0
    for table in seen["tables"]:
        columns = len(table["headings"])
        for row in table["rows"]:
            for heading, cell in zip(table["headings"], row, strict=True):
                figure = columns > 4 and cell["text"][:1].isdigit()
                title = cell is row[0] and not figure
                figures += figure and cell is row[0]
                says = seen["width"] == PHONE and columns > 2 and heading and not title
                if cell["says"] != (f'"{heading.removesuffix(":")}:"' if says else "none"):
                    wrong.append((table["place"], heading, cell))
    assert wrong == []
    assert figures


def test_each_column_but_the_first_has_a_heading(seen: dict[str, Any]) -> None:
    assert [table["place"] for table in seen["tables"] if not all(table["headings"][1:])] == []
    assert {table["headed"] for table in seen["tables"]} == {seen["width"] == DESK}
