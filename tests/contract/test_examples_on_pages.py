"""
The examples of the pages: each is run by a test, or says why not.

What they do is seen in tests/docs; here is how they are marked, and how what they print is compared.
"""

import re
from datetime import UTC, datetime

import pytest

from .conftest import ROOT, docs_module

page_blocks, page_masks, runs = map(docs_module, ("page_blocks", "page_masks", "runs"))
Kind = page_blocks.Kind

BLOCKS = [
    (str(page.relative_to(ROOT)), block) for page in runs.pages() for block in page_blocks.blocks(page.read_text())
]
READ = {page for group in runs.GROUPS.values() for page in group.pages}
ELSEWHERE = {
    "docs/reference/hooks/": "test_hook_examples.py",
    "docs/how-to/write-an-extension.md": "test_extension_page.py",
}
"""Pages whose examples are code for a test of their own, in this folder."""
NEED_NOBODY = (Kind.AWS, Kind.LEFT, Kind.FILE)


def test_every_example_is_run_or_says_why_not():
    left = {
        f"{page}:{block.line}"
        for page, block in BLOCKS
        if block.kind not in NEED_NOBODY and page not in READ and not page.startswith(tuple(ELSEWHERE))
    }
    assert left == set(), "name the page in a group of docs/runs.py"
    assert all((ROOT / "tests/contract" / name).exists() for name in ELSEWHERE.values())


def test_most_examples_are_run():
    """So that nobody gets used to marking them; a benchmark is nothing to run in a test."""
    kinds = [block.kind for _page, block in BLOCKS if block.kind is not Kind.FILE]
    left = [block for _page, block in BLOCKS if block.kind is Kind.LEFT and "nox -s bench-" not in block.text]
    assert len(left) <= 15
    assert sum(kind not in NEED_NOBODY for kind in kinds) > 70


def test_every_comment_is_read():
    for page in runs.pages():
        written = re.findall(r"(?m)^ *<!-- (?:run|printed|not run|before):", page.read_text())
        options = [block for block in page_blocks.blocks(page.read_text()) if block.options or block.reason]
        files = [block for block in options if block.kind is Kind.FILE]
        before = [block for block in page_blocks.blocks(page.read_text()) if block.kind is Kind.BEFORE]
        assert len(written) == len(options) - len(files) + len(before), f"{page}: a comment with no fence below it"


@pytest.mark.parametrize(("page", "block"), [item for item in BLOCKS if item[1].kind is Kind.CONSOLE])
def test_a_console_shows_what_its_commands_printed(page, block):
    assert block.commands
    assert block.text.startswith("$ ")
    assert block.written(block.outputs) == block.text
    for secret in ("/tmp/", "/home/", "/root/", str(ROOT), "Traceback"):
        assert secret not in block.text


PAGE = """
<!-- before:
make x
-->
```shell title="needs an AWS account"
aws s3 ls
```

<!-- run: lenient last=2 -->
```shell
one; two
```

<!-- printed: grep="a b" -->
```text
a b
```

```console
$ three \\
    four
out
$ five
```

<!-- not run: too large -->
```sh
rm -r /
```

```text title="table.tsv"
a	b
```

```json
{}
```

```python
x = 1
```
"""


def test_blocks_are_told_apart():
    found = page_blocks.blocks(PAGE)
    assert [(block.kind.value, block.line, block.options) for block in found] == [
        ("before", 2, {}),
        ("aws", 5, {}),
        ("shell", 9, {"lenient": "", "last": "2"}),
        ("printed", 14, {"grep": "a b"}),
        ("console", 19, {}),
        ("not run", 26, {}),
        ("file", 31, {"name": "table.tsv"}),
        ("python", 39, {}),
    ]
    assert found[0].text == "make x\n"
    assert found[4].commands == ["three \\\n    four", "five"]
    assert found[4].outputs == ["out\n", ""]
    assert found[5].reason == "too large"


def test_other_outputs_are_put_in_their_places():
    found = {block.line: block for block in page_blocks.blocks(PAGE)}
    written = page_blocks.rewritten(PAGE, {14: found[14].written(["c\n"]), 19: found[19].written(["", "new\n"])})
    assert written == PAGE.replace("a b\n```", "c\n```").replace("out\n", "").replace("$ five\n", "$ five\nnew\n")


def test_what_belongs_to_this_machine_is_taken_out():
    shown = page_masks.Normaliser({"/tmp/x1/fsx": "/mnt/fsx", "/tmp/x1": "~"}, datetime(2030, 5, 6, 7, 8, tzinfo=UTC))
    one, two = "3b3cae13-2209-477a-9975-396076293712", "5a1397b7-43d5-4ac4-b939-c2196c8e21b5"
    first = shown(f"2030-05-06 07:08:02.5 NOTICE dir: /tmp/x1/fsx/20300506_070802_w {one}\n")
    made = re.search(page_masks._ID, first)[0]
    assert first == f"2025-01-31 12:00:02.5 NOTICE dir: /mnt/fsx/20250131_120002_w {made}\n"
    assert made not in (one, two)
    again = shown(f"{two} {one} 2030-05-06T08:08:02Z in /tmp/x1/a\n")
    assert again.split()[1:] == [made, "2025-01-31T13:00:02Z", "in", "~/a"]
    assert again.split()[0] not in (one, two, made)
    assert shown("x" * 500) == "x" * (page_masks.WIDTH - 3) + "...\n"
    assert shown("WARNING running miniwdl as root is usually avoidable\nnext\n") == "next\n"


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("failed  9s  1m02s ago", "failed     12s    45s ago"),
        ("2025-01-31 12:00:02.51 NOTICE", "2030-05-06 07:08:02.5 NOTICE"),
        ("20250131_120000_wf", "20300506_070802_wf"),
        ("uploaded 154.3 KiB in 0.3 s (467.7 KiB/s)", "uploaded 9 MiB in 21 s (3 B/s)"),
        ("job 3b3cae13-2209-477a-9975-396076293712 ran", "job 5a1397b7-43d5-4ac4-b939-c2196c8e21b5 ran"),
        ("of 3b3cae13-2209...", "of 5a1397b7-43d5-4a..."),
        ("a line that was...", "a line that was cut elsewhere"),
        ("after 9s: 2 succeeded, 1 failed", "after 8s: 11 succeeded, 1 failed"),
        ("(3 calls, 1 failed)", "(12 calls, 1 failed)"),
    ],
)
def test_what_belongs_to_one_run_is_not_compared(shown, printed):
    assert page_masks.differences(shown, printed) == []


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("exit code 1", "exit code 3"),
        ("1 succeeded, 1 failed", "2 succeeded"),
        ("2 succeeded, 1 failed", "2 succeeded, 2 failed"),
        ("2 succeeded, 1 cached", "3 succeeded, 1 cached"),
        ("first\nsecond", "first"),
        ("first", "first\nsecond"),
        ("first\nsecond", "second\nfirst"),
        ("a line that was...", "another line"),
        ("...", "first"),
        ("s3://demo/out/", "s3://demo/in/"),
    ],
)
def test_everything_else_is(shown, printed):
    assert page_masks.differences(shown, printed)


def test_what_tasks_say_at_the_same_time_may_come_in_any_order():
    shown, printed = "a | 3 reads\nb | 4 reads\n", "b | 9 reads\na | 9 reads\na | 10 reads\nend\n"
    assert page_masks.differences(shown, printed, r"\d+ reads") == []
    assert page_masks.differences(f"{shown}c | 1 reads\n", printed, r"\d+ reads")
