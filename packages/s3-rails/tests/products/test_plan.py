from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_s3_rails.products.plan import describe, make_plan, split_present
from miniwdl_aws_s3_rails.transfer.engine import Found

FOLDER = S3Uri.parse("s3://bucket/run/")


def size_of(path: Path) -> int:
    if path.name == "gone":
        raise FileNotFoundError(2, "No such file or directory", str(path))
    return len(path.name)


def test_large_files_first() -> None:
    plan = make_plan(FOLDER, {"a": "/x/aa", "b": "/x/bbbb", "c/": "/x/folder"}, size_of)
    assert [item.name for item in plan.items] == ["b", "a", "c/"]
    assert plan.size == 6
    assert [str(item.uri) for item in plan.items] == ["s3://bucket/run/b", "s3://bucket/run/a", "s3://bucket/run/c/"]
    assert [item.is_marker for item in plan.items] == [False, False, True]


def test_what_cannot_be_written_is_named() -> None:
    plan = make_plan(FOLDER, {"ok": "/x/y", "lost": "/x/gone", "k" * 1100: "/x/y"}, size_of)
    assert [item.name for item in plan.items] == ["ok"]
    assert plan.failed == {
        "lost": "No such file or directory",
        "k" * 1100: "its key would be longer than S3's 1024 bytes",
    }


def test_only_what_is_equal_is_skipped() -> None:
    plan = make_plan(FOLDER, {name: f"/x/{name}" for name in ("same", "diff", "size", "new", "opaque")}, size_of)
    etags = {"same": "1" * 32, "diff": "2" * 32, "size": "3" * 32, "opaque": "xyz"}
    present = {
        f"run/{name}": Found(f"run/{name}", 99 if name == "size" else len(name), f'"{etag}"')
        for name, etag in etags.items()
    }
    asked = []

    def etag_of(item: object) -> str:
        asked.append(item)
        return "1" * 32

    missing, equal = split_present(plan.items, present, etag_of)
    assert [item.name for item in equal] == ["same"]
    assert {item.name for item in missing} == {"diff", "size", "new", "opaque"}
    assert len(asked) == 3, "content is only read where the size is the same"


def test_a_plan_in_words() -> None:
    sizes = {"a/0/x": 1024, "a/1/x": 512, "b/y": 10, "workflow.log": 0}
    assert describe(sizes) == ["a: 2 objects, 1.5 KiB", "b: 1 object, 10 B", "workflow.log: 1 object, 0 B"]


def test_a_long_plan_in_words() -> None:
    lines = describe({f"o{index:02d}/x": index for index in range(25)})
    assert lines[0] == "o24: 1 object, 24 B"
    assert lines[20:] == ["5 more: 5 objects, 10 B"]


@given(st.lists(st.text(st.sampled_from("ab/._\u00e9e\u0301E?#%\t😀"), min_size=1), unique=True))
def test_no_two_files_have_one_key(names: list[str]) -> None:
    plan = make_plan(FOLDER, dict.fromkeys(names, "/x/y"), size_of)
    assert sorted(item.uri.key for item in plan.items) == sorted(f"run/{name}" for name in names)
