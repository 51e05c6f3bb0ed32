"""What tasks will ask for, told before a run."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
import WDL

from miniwdl_aws_hooks import TaskNeeds
from miniwdl_aws_submit_cli.submit.inputs.task_needs import MOST_ELEMENTS, find_needs

TASK = """
task t {
  input { Int cpu = 1
    Int gib = 4
    Int? more }
  Int whole = gib + half * 2
  Int half = select_first([more, 0])
  command {}
  output { Int n = read_int(stdout()) }
  runtime { cpu: cpu
    memory: "~{whole} GiB" }
}
"""


def find(body: str, inputs: dict[str, Any] | None = None, readable: Collection[str] = ()) -> list[TaskNeeds]:
    document = WDL.parse_document(f"version 1.1\nworkflow w {{\n{body}\n}}\n{TASK}")
    document.typecheck()
    workflow = document.workflow
    assert workflow
    return find_needs(workflow, WDL.values_from_json(inputs or {}, workflow.available_inputs), readable)


def told(needs: TaskNeeds) -> tuple[Any, Any]:
    """Its vCPUs and memory, or why they are not known."""
    return tuple(needs.runtime.get(key, needs.unknown.get(key)) for key in ("cpu", "memory"))  # type: ignore[return-value]


def one(body: str, inputs: dict[str, Any] | None = None, readable: Collection[str] = ()) -> tuple[Any, Any]:
    (needs,) = find(body, inputs, readable)
    return told(needs)


@pytest.mark.parametrize(
    ("body", "inputs", "expected"),
    [
        ("call t", {}, (1, "4 GiB")),
        ("call t { input: more = 3 }", {}, (1, "10 GiB")),
        ("call t", {"t.gib": 9, "t.cpu": 3}, (3, "9 GiB")),
        ("call t", {"t.runtime.memory": "1 TiB"}, (1, "1 TiB")),
        ("input { Int n = 2 }\n call t { input: cpu = n }", {}, (2, "4 GiB")),
        ("input { Int n = 2 }\n call t { input: cpu = n }", {"n": 8}, (8, "4 GiB")),
        ("input { Int n }\n call t { input: cpu = n }", {}, ("the input n, which is not given", "4 GiB")),
        ("input { Int? n }\n call t { input: cpu = select_first([n, 5]) }", {}, (5, "4 GiB")),
        # WDL doesn't ask for any order.
        ("call t { input: cpu = b }\n Int b = a * 2\n Int a = 3", {}, (6, "4 GiB")),
    ],
)
def test_expressions_of_inputs(body: str, inputs: dict[str, Any], expected: tuple[Any, Any]) -> None:
    assert one(body, inputs) == expected


def test_what_depends_on_an_output_stays_unknown() -> None:
    later = "call t as b { input: cpu = a.n, gib = if defined(a.n) then 1 else 2, more = 1 }"
    found = {needs.call: told(needs) for needs in find(f"call t as a\n {later}")}
    reason = "an output of call a"
    assert found == {"a": (1, "4 GiB"), "b": (reason, reason)}


def test_names_that_are_not_used_don_t_matter() -> None:
    body = "call t as a\n call t as b { input: cpu = if true then 2 else a.n }"
    assert told(find(body)[-1])[0] == 2


def test_conditions() -> None:
    body = "input { Boolean big = false }\n if (big) { Int n = 64\n call t as a { input: cpu = n } }"
    body += "\n call t as b { input: cpu = select_first([n, 2]) }"
    assert {needs.call: told(needs)[0] for needs in find(body)} == {"b": 2}
    assert {needs.call: told(needs)[0] for needs in find(body, {"big": True})} == {"a": 64, "b": 64}


def test_a_condition_that_a_run_decides() -> None:
    body = "call t as a\n if (a.n > 1) { Int n = 64\n call t as b { input: cpu = n } }"
    body += "\n call t as c { input: cpu = select_first([n, 2]) }"
    found = {needs.call: told(needs)[0] for needs in find(body)}
    assert found == {"a": 1, "b": 64, "c": "an output of call a"}


def test_scatters() -> None:
    body = (
        "scatter (x in [1, 2, 2]) { Int y = x * 10\n call t { input: cpu = y } }\n call t as all { input: gib = y[1] }"
    )
    assert [(needs.call, *told(needs)) for needs in find(body)] == [
        ("t", 10, "4 GiB"),
        ("t", 20, "4 GiB"),
        ("all", 1, "20 GiB"),
    ]


def test_a_scatter_over_what_a_run_makes() -> None:
    body = "call t as a\n scatter (x in range(a.n)) { Int y = x\n call t as b { input: cpu = x, gib = 8 } }"
    body += "\n call t as c { input: cpu = length(y) }"
    found = {needs.call: told(needs) for needs in find(body)}
    assert found["b"] == ("an output of call a", "8 GiB")
    assert found["c"][0] == "an output of call a"


def test_a_scatter_over_more_than_anybody_wants_to_wait_for() -> None:
    body = f"scatter (x in range({MOST_ELEMENTS + 1})) {{ call t {{ input: cpu = x }} }}"
    reason, memory = one(body)
    assert "more than are looked at here" in reason
    assert memory == "4 GiB"


def test_sizes_of_inputs_that_lie_here(tmp_path: Path) -> None:
    reads = tmp_path / "reads"
    reads.write_bytes(b"x" * 3_000_000)
    body = 'input { File reads }\n call t { input: gib = ceil(size(reads, "MB")) }'
    assert one(body, {"reads": str(reads)}, {str(reads)}) == (1, "3 GiB")


@pytest.mark.parametrize("path", ["s3://lab/reads", "/etc/hostname"])
@pytest.mark.parametrize("expression", ['ceil(size(reads, "MB"))', "read_int(reads)"])
def test_no_other_file_is_looked_at(path: str, expression: str) -> None:
    body = f"input {{ File reads }}\n call t {{ input: gib = {expression} }}"
    reason = f"the size or content of {path}, which is not looked at here"
    assert one(body, {"reads": path}) == (1, reason)


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    body = 'call t { input: gib = read_int(write_lines(["4"])), cpu = length(read_tsv(write_tsv([["a"]]))) }'
    reason = "a file that a run writes"
    assert one(body) == (reason, reason)
    assert list(tmp_path.iterdir()) == []


def test_an_expression_that_fails_is_not_known() -> None:
    (why, _) = one("call t { input: cpu = 1 / 0 }")
    # Python's own words: before 3.14 "integer division or modulo by zero".
    assert re.search(r"which can't be evaluated here \(.*division.* by zero\)", why)


def test_subworkflows(tmp_path: Path) -> None:
    inner = "workflow inner { input { Int n }\n call t { input: cpu = n }\n output {} }"
    outer = "workflow outer { scatter (n in [1, 2]) { call inner.inner as i { input: n = n } } }"
    (tmp_path / "inner.wdl").write_text(f"version 1.1\n{inner}\n{TASK}")
    (tmp_path / "outer.wdl").write_text(f'version 1.1\nimport "inner.wdl"\n{outer}')
    workflow = WDL.load(str(tmp_path / "outer.wdl")).workflow
    assert workflow
    inputs = WDL.values_from_json({"i.t.gib": 7}, workflow.available_inputs)
    assert [(needs.call, needs.task, *told(needs)) for needs in find_needs(workflow, inputs, ())] == [
        ("i.t", "t", 1, "7 GiB"),
        ("i.t", "t", 2, "7 GiB"),
    ]


def test_a_task_alone() -> None:
    document = WDL.parse_document(f"version 1.1\n{TASK}")
    document.typecheck()
    (task,) = document.tasks
    (needs,) = find_needs(task, WDL.values_from_json({"gib": 2}, task.available_inputs), ())
    assert (needs.call, needs.runtime) == ("t", {"cpu": 1, "memory": "2 GiB"})
