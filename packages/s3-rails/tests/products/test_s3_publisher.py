import json
import os
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_core.run_files import StaleFileError
from miniwdl_aws_hooks import EnvironSettings, PublishRequest
from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.products.s3_publisher import publish
from miniwdl_aws_s3_rails.transfer.engine import Engine


def request(bucket: Any, files: dict[str, str]) -> PublishRequest:
    return PublishRequest("/run", bucket.uri("run/"), files, EnvironSettings({}))


def test_many_files(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    files = {}
    for index in range(60):
        path = tmp_path / str(index)
        path.write_bytes(os.urandom(index * 10))
        files[f"many/{index}"] = str(path)
    (tmp_path / "empty").mkdir()
    files["d/empty/"] = str(tmp_path / "empty")
    report = publish(request(bucket, files), engine)
    assert (report.uploaded, report.skipped, report.failed) == (61, 0, {})
    assert report.size == sum(index * 10 for index in range(60))
    assert set(bucket.keys()) == {"run/" + name for name in files}
    assert all(bucket["run/" + name] == Path(path).read_bytes() for name, path in files.items() if name != "d/empty/")


@pytest.mark.parametrize("more", [0, 20], ids=["looked for one by one", "listed"])
def test_again_sends_only_what_is_missing_or_different(engine: Engine, bucket: Any, tmp_path: Path, more: int) -> None:
    files = {}
    for name in ("a", "b", "c", *(f"m{index}" for index in range(more))):
        (tmp_path / name).write_text(name * 10)
        files[name] = str(tmp_path / name)
    files["d/"] = str(tmp_path)
    publish(request(bucket, files), engine)
    bucket["run/b"] = b"someone els"[:10]
    engine.access.client.delete_object(Bucket=bucket.name, Key="run/c")
    report = publish(request(bucket, files), engine)
    assert (report.uploaded, report.skipped) == (2, 2 + more)
    assert {key: bucket[key] for key in bucket.keys() if "/m" not in key} == {  # noqa: SIM118 - not a dict
        "run/a": b"a" * 10, "run/b": b"b" * 10, "run/c": b"c" * 10, "run/d/": b"",
    }  # fmt: skip


def test_where_nothing_is_yet_no_client_is_made(
    engine: Engine, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making one takes longer than a small upload."""

    def make(**_more: object) -> None:
        raise AssertionError("a client was made")

    monkeypatch.setattr(engine, "client", make)
    for index in range(20):
        (tmp_path / f"f{index}").write_text("f")
    files = {f"f{index}": str(tmp_path / f"f{index}") for index in range(20)}
    assert publish(request(bucket, files), engine).uploaded == 20
    (tmp_path / "log").write_text("what follows")
    logs = {f"log{index}": str(tmp_path / "log") for index in range(5)}
    assert publish(request(bucket, logs), engine).uploaded == 5


def test_a_folders_marker_is_not_the_empty_file_of_its_name(
    engine: Engine, literal_bucket: Any, tmp_path: Path
) -> None:
    """An earlier run had an empty folder where this one has an empty file."""
    literal_bucket["run/d/"] = b""
    (tmp_path / "empty").touch()
    names = ["d", *(f"e{index:02}" for index in range(20))]  # so many that a listing tells what is there
    report = publish(request(literal_bucket, {name: str(tmp_path / "empty") for name in names}), engine)
    assert (report.uploaded, report.skipped) == (21, 0)
    assert literal_bucket.keys() == ["run/d", "run/d/", *(f"run/{name}" for name in names[1:])]


def test_names_that_differ_in_little_are_different_objects(engine: Engine, literal_bucket: Any, tmp_path: Path) -> None:
    # With so many more that a listing tells what is there.
    names = [
        *map(str, range(20)),
        "\u00e9",
        "e\u0301",
        "E\u0301",
        "a%2Fb",
        "a/b",
        "a?b",
        "a_b",
        "a__b",
        "😀",
        "\U0001d4b3",
        "tab\there",
    ]
    for index, name in enumerate(names):
        (tmp_path / str(index)).write_text(name)
    files = {name: str(tmp_path / str(index)) for index, name in enumerate(names)}
    for uploaded in (len(names), 0):
        report = publish(request(literal_bucket, files), engine)
        assert (report.uploaded, report.skipped) == (uploaded, len(names) - uploaded)
        assert {key: literal_bucket[key].decode() for key in literal_bucket.keys()} == {  # noqa: SIM118 - not a dict
            f"run/{name}": name for name in names
        }


def test_an_earlier_runs_outputs_json_goes_first(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    bucket["run/outputs.json"] = b"{}"
    (tmp_path / "a").write_text("a")
    publish(request(bucket, {"a": str(tmp_path / "a")}), engine)
    assert bucket.keys() == ["run/a"]


def test_what_an_earlier_run_says_of_its_failure_goes_in_the_end(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    for name in ("error.json", "CommandFailed_stderr.txt", "CommandFailed_stdout.txt"):
        bucket[f"run/{name}"] = b"{}"
    (tmp_path / "outputs.json").write_text(json.dumps({}))
    publish(request(bucket, {"outputs.json": str(tmp_path / "outputs.json")}), engine)
    assert bucket.keys() == ["run/outputs.json"]


def test_what_fails_is_named(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    (tmp_path / "good").write_text("good")
    report = publish(request(bucket, {"good": str(tmp_path / "good"), "bad": str(tmp_path / "gone")}), engine)
    assert report.uploaded == 1
    assert report.failed == {"bad": "No such file or directory"}


def test_no_bucket(engine: Engine, bucket: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    files = {"a": str(tmp_path / "a")}
    report = publish(PublishRequest("/run", "s3://no-such-bucket/x/", files, EnvironSettings({})), engine)
    assert report.uploaded == 0
    assert "no-such-bucket" in report.failed["a"]


def test_listing_may_be_forbidden(engine: Engine, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_args: Any, **_kwargs: Any) -> None:
        raise AccessError("no s3:ListBucket, no s3:GetObject")

    monkeypatch.setattr(engine, "peek", denied)
    monkeypatch.setattr(engine, "find", denied)
    (tmp_path / "a").write_text("a")
    assert publish(request(bucket, {"a": str(tmp_path / "a")}), engine).uploaded == 1


class TestAnEarlierOutputsJsonThatStays:
    """Beside other results it would promise what isn't true."""

    @pytest.fixture
    def files(self, tmp_path: Path) -> dict[str, str]:
        (tmp_path / "a").write_text("a")
        return {"a": str(tmp_path / "a")}

    @pytest.fixture(autouse=True)
    def may_not_delete(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(uri: object) -> None:
            raise AccessError(f"can't remove {uri}: Access Denied")

        monkeypatch.setattr(engine, "remove", refuse)

    def test_nothing_changes(self, engine: Engine, bucket: Any, files: dict[str, str]) -> None:
        bucket["run/outputs.json"] = b"{}"
        with pytest.raises(StaleFileError, match=r"it is an earlier run's outputs\.json, and does not fit") as caught:
            publish(request(bucket, files), engine)
        assert "s3:DeleteObject" in str(caught.value.hint)
        assert bucket.keys() == ["run/outputs.json"]

    def test_where_nobody_can_tell_it_is_a_warning(
        self, engine: Engine, bucket: Any, files: dict[str, str], monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        def refuse(uri: object) -> None:
            raise AccessError(f"can't read {uri}: Forbidden")

        monkeypatch.setattr(engine, "find", refuse)
        assert publish(request(bucket, files), engine).failed == {}
        assert "may still be there" in caplog.text
