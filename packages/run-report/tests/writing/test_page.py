from __future__ import annotations

import base64
import hashlib
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_run_report.model import Call, Run, State, Try, TryEnd, Used
from miniwdl_aws_run_report.writing.page import embedded, write_page
from miniwdl_aws_run_report.writing.page_data import page_data

SCRIPTS = re.compile(r"(?s)<script([^>]*)>(.*?)</script>")


def test_only_its_own_script_and_style_are_allowed(failed_run: Run) -> None:
    page = write_page(failed_run)
    (data, _), (attributes, script) = SCRIPTS.findall(page)
    (style,) = re.findall("(?s)<style>(.*?)</style>", page)
    assert (data, attributes) == (' type="application/json" id="data"', "")
    (policy,) = re.findall('Content-Security-Policy" content="([^"]*)"', page)
    for kind, text in (("script", script), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_texts_are_data(failed_run: Run, hostile: str) -> None:
    page = write_page(failed_run)
    assert hostile[:20] not in page.replace(SCRIPTS.findall(page)[1][1], "")
    data = json.loads(SCRIPTS.findall(page)[0][1])
    assert data["failure"]["stderr"][0].startswith("</script><script>")
    assert "\x1b" not in json.dumps(data)
    assert data["inputs"][1] == ["link", [["javascript:alert(1)", ""]]]


@given(st.text("<>&/!-script\u2028\u2029"))
def test_no_text_ends_the_element_that_it_stands_in(text: str) -> None:
    written = embedded([text])
    assert json.loads(written) == [text]
    assert not set(written) & set("<>&\u2028\u2029")


def test_objects_are_linked_to_the_console(large_run: Run) -> None:
    (output,) = page_data(large_run)["outputs"]
    assert output[1][0][1] == "https://s3.console.aws.amazon.com/s3/object/results?prefix=cohort%2Fvcf%2Fcohort.vcf.gz"


def test_memory_without_caches_stands_beside_the_peak() -> None:
    used = Used(peak_memory=7900 << 20, held_memory=800 << 20)
    item = Try(1, TryEnd.SUCCEEDED, 0, 0, 0, 3600, vcpus=1, memory=8000, used=used)
    data = page_data(Run("r", "w", State.SUCCEEDED, (Call("call-sort", "sort", State.SUCCEEDED, (item,)),)))
    assert [(row["what"], row["most"]) for row in data["use"]] == [("memory", 0.9875), ("without caches", 0.1)]
    assert (data["tries"]["peak"], data["tries"]["held"]) == ([7900], [800])
    (row,) = data["advice"]
    assert (row["peak"], row["held"], row["suggestedMemory"]) == (7900, 800, 8000)


def test_the_script_sets_no_html() -> None:
    from importlib.resources import files

    script = (files("miniwdl_aws_run_report.writing") / "page_files/report.js").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|fetch\(|import\(", script)
