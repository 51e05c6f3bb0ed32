"""The real link_outputs of miniwdl lays out the folders that these tests read."""

import logging
from pathlib import Path
from typing import Any

import pytest
import WDL
from WDL import Env, Type, Value
from WDL.runtime._io_helpers import link_outputs
from WDL.runtime.cache import CallCache
from WDL.runtime.config import Loader

from miniwdl_aws_s3_rails.products.boundary import collect_outputs
from miniwdl_aws_s3_rails.products.outputs_json import rewrite_outputs

FOLDER = "s3://bucket/run/"
FILE, STRING = Type.File(), Type.String()


class Run:
    """A run directory in the making."""

    def __init__(self, root: Path, name: str, **file_io: Any) -> None:
        self.dir = root / name
        (self.dir / "work").mkdir(parents=True)
        self.root = root
        self.file_io = file_io
        self.cfg = Loader(logging.getLogger("test"), filenames=[], overrides={"file_io": {"root": str(root)}})

    def file(self, name: str) -> Value.File:
        path = self.dir / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        return Value.File(str(path))

    def finish(self, **outputs: Value.Base) -> dict[str, Any]:
        """Link outputs as miniwdl does, and return what its outputs.json says."""
        env: Env.Bindings[Value.Base] = Env.Bindings()
        for name, value in outputs.items():
            env = env.bind(name, value)
        cache = CallCache(self.cfg, logging.getLogger("test"))
        self.linked = link_outputs(cache, env, str(self.dir), **self.file_io)
        return WDL.values_to_json(self.linked, namespace="wf")

    def rewrite(self, outputs: dict[str, Any], *, relative: bool = False) -> dict[str, Any]:
        products = collect_outputs(self.dir, self.root, hardlinks=self.file_io.get("hardlinks", False))
        assert products.refused == {}
        names = set(products.files)
        rewritten = rewrite_outputs(outputs, products.outputs, self.dir, FOLDER, relative=relative)
        for uri in uris(rewritten):
            assert any(name == uri or (uri.endswith("/") and name.startswith(uri)) for name in names), uri
        return rewritten


def uris(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [uri for item in value.values() for uri in uris(item)]
    if isinstance(value, list):
        return [uri for item in value for uri in uris(item)]
    return [value[len(FOLDER) :]] if isinstance(value, str) and value.startswith(FOLDER) else []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def nested(run: Run) -> dict[str, Value.Base]:
    files = [run.file(f"f{i}.txt") for i in range(12)]
    (run.dir / "work/d").mkdir()
    directory = Value.Directory(str(run.dir / "work/d"))
    run.file("d/inside.txt")
    struct = Type.StructInstance("S")
    struct.members = {"f": FILE, "s": STRING}
    return {
        "one": files[0],
        "many": Value.Array(FILE, list(files)),
        "deep": Value.Array(Type.Array(FILE), [Value.Array(FILE, files[:2]), Value.Array(FILE, [])]),
        "d": directory,
        "pair": Value.Pair(FILE, STRING, (files[1], Value.String("/etc/passwd"))),
        "named": Value.Map((STRING, FILE), [(Value.String("x"), files[2]), (Value.String("y-1"), files[3])]),
        "unnamed": Value.Map((STRING, FILE), [(Value.String("z z"), files[4]), (Value.String("a/b"), files[5])]),
        "numbered": Value.Map((Type.Int(), FILE), [(Value.Int(7), files[6])]),
        "struct": Value.Struct(struct, {"f": files[7], "s": Value.String(files[7].value)}),
        "none": Value.Null(),
        "text": Value.String(files[0].value),
        "number": Value.Int(3),
    }


EXPECTED = {
    "wf.one": FOLDER + "one/f0.txt",
    "wf.many": [f"{FOLDER}many/{i:02d}/f{i}.txt" for i in range(12)],
    "wf.deep": [[FOLDER + "deep/0/0/f0.txt", FOLDER + "deep/0/1/f1.txt"], []],
    "wf.d": FOLDER + "d/d/",
    "wf.pair": {"left": FOLDER + "pair/left/f1.txt", "right": "/etc/passwd"},
    "wf.named": {"x": FOLDER + "named/x/f2.txt", "y-1": FOLDER + "named/y-1/f3.txt"},
    "wf.unnamed": {"z z": FOLDER + "unnamed/0/f4.txt", "a/b": FOLDER + "unnamed/1/f5.txt"},
    "wf.numbered": {"7": FOLDER + "numbered/7/f6.txt"},
    "wf.none": None,
    "wf.number": 3,
}


@pytest.mark.parametrize("hardlinks", [False, True])
def test_every_kind_of_value(root: Path, hardlinks: bool) -> None:
    run = Run(root, "run", hardlinks=hardlinks)
    outputs = run.finish(**nested(run))
    rewritten = run.rewrite(outputs)
    text, struct = rewritten.pop("wf.text"), rewritten.pop("wf.struct")
    assert rewritten == EXPECTED
    assert text == outputs["wf.text"], "a string stays, even one that is the path of an output"
    assert struct == {"f": FOLDER + "struct/f/f7.txt", "s": outputs["wf.struct"]["s"]}


@pytest.mark.parametrize("hardlinks", [False, True])
def test_from_the_call_cache(root: Path, hardlinks: bool) -> None:
    """miniwdl's outputs.json then names the links of the earlier run."""
    first = Run(root, "first", hardlinks=hardlinks)
    cached = first.finish(**nested(first))
    second = Run(root, "second", hardlinks=hardlinks)
    second.finish(**{binding.name: binding.value for binding in first.linked})
    rewritten = second.rewrite(cached)
    del rewritten["wf.text"], rewritten["wf.struct"]
    assert rewritten == EXPECTED


def test_strings_that_are_paths_of_links_stay(root: Path) -> None:
    run = Run(root, "run")
    crafted = str(run.dir / "out/one/f.txt")
    outputs = run.finish(one=run.file("f.txt"), s=Value.String(crafted), t=Value.Array(STRING, [Value.String(crafted)]))
    assert run.rewrite(outputs) == {"wf.one": FOLDER + "one/f.txt", "wf.s": crafted, "wf.t": [crafted]}


def test_relative_output_paths(root: Path) -> None:
    run = Run(root, "run", use_relative_output_paths=True)
    outputs = run.finish(one=run.file("sub/f.txt"), s=Value.String("/etc/passwd"), t=Value.String("sub/f.txt"))
    assert run.rewrite(outputs, relative=True) == {
        "wf.one": FOLDER + "sub/f.txt",
        "wf.s": "/etc/passwd",
        "wf.t": "sub/f.txt",
    }


def test_an_output_that_was_not_linked_stays(root: Path) -> None:
    run = Run(root, "run")
    run.finish(other=run.file("f.txt"))
    outputs = {"wf.f": "https://example.org/f.txt", "wf.g": "\0", "wf.h": ""}
    assert run.rewrite(outputs) == outputs
