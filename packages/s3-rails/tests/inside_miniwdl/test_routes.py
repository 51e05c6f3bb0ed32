import pytest
import WDL

from miniwdl_aws_s3_rails.inside_miniwdl.routes import Route, find_routes, indices_of, split_call_id

SOURCE = """
version 1.1
task t { input { Int i = 1 } command {} output { File o = stdout()  Array[File] many = [stdout()]  String p = "x" } }
workflow w {
  input { Array[Int] xs = [1, 2] }
  call t as a
  File other_name = a.o
  if (length(xs) > 1) { call t as c }
  scatter (x in range(2)) {
    call t as s
    File beside = s.o
    if (x > 1) { call t as in_if  File only_some = s.o }
    scatter (y in xs) { call t as deep }
  }
  scatter (x in xs) { Array[File] of_another = s.o }
%s}
"""


def routes(outputs: str) -> dict[str, list[Route]]:
    doc = WDL.parse_document(SOURCE % (f"output {{ {outputs} }}" if outputs else ""))
    doc.typecheck()
    assert doc.workflow is not None
    return find_routes(doc.workflow)


@pytest.mark.parametrize(
    ("output", "call", "route"),
    [
        ("File x = a.o", "a", Route("o", "x", 0)),
        ("File? x = c.o", "c", Route("o", "x", 0)),
        ("File x = other_name", "a", Route("o", "x", 0)),
        ("Array[File] x = s.o", "s", Route("o", "x", 1)),
        ("Array[Array[File]] x = s.many", "s", Route("many", "x", 1)),
        ("Array[File]+ x = s.o", "s", Route("o", "x", 1)),
        ("Array[File] x = beside", "s", Route("o", "x", 1)),
        ("Array[File?] x = in_if.o", "in_if", Route("o", "x", 1)),
        ("Array[Array[File]] x = deep.o", "deep", Route("o", "x", 2)),
    ],
)
def test_outputs_that_are_a_calls(output: str, call: str, route: Route) -> None:
    assert routes(output) == {call: [route]}


@pytest.mark.parametrize(
    "output",
    [
        "File x = select_first([c.o, a.o])",
        "File x = s.o[0]",
        "Array[File] x = [a.o]",
        "File x = a.p",
        "Array[File?] x = only_some",
        "Array[Array[File]] x = of_another",
        "Array[Int] x = xs",
    ],
)
def test_outputs_that_only_the_end_tells(output: str) -> None:
    assert routes(output) == {}


def test_without_an_output_section_all_are_outputs() -> None:
    found = routes("")
    assert set(found) == {"a", "c", "s", "in_if", "deep"}
    assert Route("many", "s.many", 1) in found["s"]


@pytest.mark.parametrize(
    ("run_id", "depth", "name", "indices"),
    [
        ("call-t", 0, "t", ()),
        ("call-t-03", 1, "t", ("03",)),
        ("call-t-03-chr4", 1, "t", ("03",)),
        ("call-t-0-1", 2, "t", ("0", "1")),
        ("call-t-0-a-1-b", 2, "t", ("0", "1")),
        ("call-t-0-12-1", 2, "t", None),
        ("download-x", 0, "", ()),
    ],
)
def test_ids_of_calls(run_id: str, depth: int, name: str, indices: tuple[str, ...] | None) -> None:
    found, suffixes = split_call_id(run_id)
    assert found == name
    assert indices_of(suffixes, depth) == indices
