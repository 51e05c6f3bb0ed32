"""Real runs of miniwdl with awkward products: everything arrives under its own name, or is named as what did not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_hooks import ExitCode

# Which server makes no difference to the command; what a server may do otherwise is tested beneath it.
pytestmark = pytest.mark.parametrize("server", ["seaweedfs"], indirect=True)

AWKWARD = """
version 1.2
struct Named { String name  File file }
workflow awkward {
  call make
  output {
    Array[File] files = make.files
    Directory tree = make.tree
    File? missing = make.missing
    Map[String, File] by_name = {"a b": make.files[0], "ü": make.files[1]}
    Pair[File, Array[File?]] pair = (make.files[0], [make.missing, make.files[2]])
    Array[Array[Named]] deep = [[object { name: "/etc/passwd", file: make.files[1] }], []]
    Map[String, Pair[Directory, Int]] folders = {"one": (make.tree, 1)}
    String path = make.path
    Array[String] more_paths = [make.path, "s3://b/k", ""]
  }
}
task make {
  command <<<
    mkdir -p tree/empty/deeper "tree/with space" "tree/$(cat '~{long}')"
    printf 1 > 'a b.txt'; printf 2 > 'p+q%20&=#?.txt'; printf 3 > "it's ünï 😀.txt"; : > empty.txt
    printf 4 > 'tree/quo"te.bin'; printf 5 > "tree/with space/[br]{ac}~*"; : > tree/nothing
    printf 6 > "tree/$(cat '~{long}')/leaf"
  >>>
  input { File long }
  output {
    Array[File] files = glob("*.txt")
    Directory tree = "tree"
    File? missing = "no such file"
    String path = "/etc/passwd"
  }
}
"""

NOTHING = """
version 1.1
workflow nothing { call t }
task t { command { echo done } output { } }
"""


HOSTILE = """
version 1.1
workflow hostile {
  input { String secret }
  call make
  call replace { input: done = make.file, secret }
  output {
    File file = make.file
    String looks_like_a_file = secret
    Array[String] more = [secret, replace.text]
  }
}
task make { command { echo mine > file.txt } output { File file = "file.txt" } }
task replace {
  input { File done  String secret }
  command <<<
    cd ../../call-make/work && rm file.txt && ln -s '~{secret}' file.txt
    for name in task.log error.json workflow.log.json; do ln -s '~{secret}' "../../$name"; done
  >>>
  output { String text = "../../../secret" }
}
"""


def run(folder: Path, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    cfg = {"MINIWDL__SCHEDULER__CONTAINER_BACKEND": "bare", "MINIWDL__FILE_IO__ROOT": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "miniwdl_aws_s3_rails", *arguments],
        cwd=folder, env={**os.environ, **cfg, **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "fsx"
    folder.mkdir()
    for name, text in (("awkward", AWKWARD), ("nothing", NOTHING), ("hostile", HOSTILE)):
        (folder / f"{name}.wdl").write_text(text)
    return folder


def uris(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [uri for item in value.values() for uri in uris(item)]
    if isinstance(value, list):
        return [uri for item in value for uri in uris(item)]
    return [value] if isinstance(value, str) and value.startswith("s3://") else []


def test_awkward_names_and_nested_values(folder: Path, bucket: Any) -> None:
    # S3 takes keys of 1,024 bytes, folder and all; a path of that length has many parts.
    longest = "out/folders/one/left/tree/"
    long = "/".join(["k" * 200] * 4) + "/" + "e" * (1024 - len(longest) - len("/leaf") - 4 * 201)
    (folder / "long.txt").write_text(long)
    done = run(folder, "awkward.wdl", "make.long=long.txt", "--s3upload", bucket.uri("out/"))
    assert done.returncode == 0, done.stderr
    outputs = {name.removeprefix("awkward."): value for name, value in json.loads(done.stdout)["outputs"].items()}
    assert outputs == {k.removeprefix("awkward."): v for k, v in json.loads(bucket["out/outputs.json"]).items()}

    base = bucket.uri("out/")
    first, second, third = "a b.txt", "empty.txt", "it's ünï 😀.txt"
    assert outputs["files"] == [
        f"{base}files/{i}/{name}" for i, name in enumerate([first, second, third, "p+q%20&=#?.txt"])
    ]
    assert outputs["missing"] is None
    assert [uri.rsplit("/", 1)[-1] for uri in outputs["by_name"].values()] == [first, second]
    assert outputs["pair"] == {"left": f"{base}pair/left/{first}", "right": [None, f"{base}pair/right/1/{third}"]}
    assert outputs["deep"] == [[{"name": "/etc/passwd", "file": f"{base}deep/0/0/file/{second}"}], []]
    assert outputs["tree"] == f"{base}tree/tree/"
    assert outputs["folders"]["one"]["left"].endswith("/tree/")
    assert outputs["folders"]["one"]["right"] == 1
    assert (outputs["path"], outputs["more_paths"]) == ("/etc/passwd", ["/etc/passwd", "s3://b/k", ""])

    keys = bucket.keys()
    for uri in uris(outputs):
        key = uri.removeprefix(bucket.uri())
        assert uri == "s3://b/k" or key in keys or any(other.startswith(key) for other in keys), uri
    assert bucket["out/files/3/p+q%20&=#?.txt"] == b"2"
    assert bucket["out/files/1/empty.txt"] == b""
    assert bucket[f"{longest}{long}/leaf"] == bucket[f"out/tree/tree/{long}/leaf"] == b"6"
    assert max(len(key.encode()) for key in keys) == 1024
    assert {"out/tree/tree/empty/deeper/", 'out/tree/tree/quo"te.bin', "out/tree/tree/with space/[br]{ac}~*"} <= set(
        keys
    )


def test_a_key_that_is_too_long_is_named(folder: Path, bucket: Any) -> None:
    (folder / "long.txt").write_text("/".join(["k" * 200] * 5))
    done = run(
        folder, "awkward.wdl", "make.long=long.txt", "--s3upload", bucket.uri("out/"), "--delete-after", "always"
    )
    assert done.returncode == ExitCode.UPLOAD_FAILED
    assert "its key would be longer than S3's 1024 bytes" in done.stderr
    assert "out/outputs.json" not in bucket.keys()  # noqa: SIM118 - not a dict
    assert "out/tree/tree/nothing" in bucket.keys(), "all else is there"  # noqa: SIM118 - not a dict
    assert list(folder.glob("*_awkward")), "the run directory is kept"


def test_no_outputs_at_all(folder: Path, bucket: Any) -> None:
    done = run(folder, "nothing.wdl", "--s3upload", bucket.uri("out/"))
    assert done.returncode == 0, done.stderr
    assert bucket.keys() == ["out/outputs.json", "out/upload_manifest.json", "out/workflow.log"]
    assert json.loads(bucket["out/outputs.json"]) == {}


def test_an_earlier_runs_outputs_json_does_not_outlive_a_failure(folder: Path, bucket: Any) -> None:
    bucket["out/outputs.json"] = b'{"of": "another run"}'
    (folder / "long.txt").write_text("/".join(["k" * 200] * 5))
    done = run(folder, "awkward.wdl", "make.long=long.txt", "--s3upload", bucket.uri("out/"))
    assert done.returncode == ExitCode.UPLOAD_FAILED
    assert "out/outputs.json" not in bucket.keys()  # noqa: SIM118 - not a dict


@pytest.mark.parametrize("first", [False, True])
def test_someone_elses_object_stays_and_the_upload_fails(folder: Path, bucket: Any, first: bool) -> None:
    """Whether it was there before the run (then only its own name tells), or appeared meanwhile."""
    bucket["out/workflow.log"] = b"somebody's"
    arguments = ("nothing.wdl", "--s3upload", bucket.uri("out/"), "--delete-after", "always")
    done = run(folder, *arguments, *(["--no-overwrite"] if first else []), **({} if first else {
        "MINIWDL__S3_RAILS__OVERWRITE": "false"
    }))  # fmt: skip
    assert done.returncode == ExitCode.UPLOAD_FAILED
    assert "workflow.log (can't write" in done.stderr
    assert "--no-overwrite protects" in done.stderr
    assert bucket["out/workflow.log"] == b"somebody's"
    assert "out/outputs.json" not in bucket.keys()  # noqa: SIM118 - not a dict
    assert list(folder.glob("*_nothing"))


def test_a_task_cannot_make_anything_else_travel(folder: Path, bucket: Any, tmp_path: Path) -> None:
    """It may write into the run directory as it likes: over other tasks' outputs, over the run's own files."""
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    done = run(folder, "hostile.wdl", f"secret={secret}", "--s3upload", bucket.uri("out/"))
    assert done.returncode == ExitCode.UPLOAD_FAILED, done.stderr
    assert "file/file.txt (it lies outside the shared file system" in done.stderr
    assert not any(b"not yours" in bucket[key] for key in bucket.keys())  # noqa: SIM118 - not a dict
    assert "out/outputs.json" not in bucket.keys()  # noqa: SIM118 - not a dict


def test_a_bucket_that_may_only_be_read_is_found_out_before_anything_runs(folder: Path, recorded: Any) -> None:
    recorded.answers["START"] = (403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
    done = run(folder, "nothing.wdl", "--s3upload", "s3://results/out/")
    assert done.returncode == ExitCode.REFUSED
    assert "can't write to s3://results/out/: permission is missing (AccessDenied: Access Denied)" in done.stderr
    assert "hint: allow s3:PutObject in the IAM policy" in done.stderr
    assert not list(folder.glob("*_nothing")), "nothing ran"
    assert {operation for operation, _ in recorded.seen} == {"START"}
