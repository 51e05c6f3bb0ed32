import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import WDL
from WDL.runtime.config import Loader

from miniwdl_aws_hooks import LocalizeRequest, MiniwdlAwsError, create_manager, hookimpl
from miniwdl_aws_s3_rails.inside_miniwdl import localize

TASK = """
version 1.2
task t {
  input {
    File f
    Directory d
    Array[File] more
    String s
    File default = "s3://mapped/default.txt"
    Directory elsewhere = "s3://other/dir/"
    File computed = s + "/x"
  }
  command {}
}
"""


class DataRepository:
    """A plugin that knows where ``s3://mapped/`` lies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[LocalizeRequest] = []

    @hookimpl
    def miniwdl_aws_localize(self, request: LocalizeRequest) -> str | None:
        self.requests.append(request)
        if "forbidden" in request.uri:
            raise MiniwdlAwsError("the file system is not available")
        name = request.uri.removeprefix("s3://mapped/")
        return None if name == request.uri else str(self.folder / name.rstrip("/"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "fsx"
    (root / "dra/dir").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "default.txt"):
        (root / "dra" / name).touch()
    return root


@pytest.fixture
def repository(root: Path, monkeypatch: pytest.MonkeyPatch) -> DataRepository:
    manager = create_manager([], {})
    repository = DataRepository(root / "dra")
    manager.register(repository)
    monkeypatch.setattr(localize, "get_manager", lambda: manager)
    return repository


def run(root: Path, **inputs: Any) -> dict[str, Any]:
    doc = WDL.parse_document(TASK)
    doc.typecheck()
    task = doc.tasks[0]
    given = {"f": "s3://mapped/a.txt", "d": "s3://mapped/dir/", "more": [], "s": "s3://mapped/a.txt", **inputs}
    logger = logging.getLogger("test")
    cfg = Loader(logger, filenames=[], overrides={"file_io": {"root": str(root)}})
    values = WDL.values_from_json(given, task.available_inputs)
    plugin = localize.localize_inputs(cfg, logger, ["id"], "/run", task, inputs=values)
    result = WDL.values_to_json(next(plugin)["inputs"])
    assert plugin.send({"outputs": 1}) == {"outputs": 1}
    return result


def test_inputs_and_defaults_become_paths_where_they_are(root: Path, repository: DataRepository) -> None:
    dra = str(root / "dra")
    assert run(root, more=["s3://mapped/b.txt", "s3://other/c.txt", "/a/path"]) == {
        "f": dra + "/a.txt",
        "d": dra + "/dir",
        "more": [dra + "/b.txt", "s3://other/c.txt", "/a/path"],
        "s": "s3://mapped/a.txt",
        "default": dra + "/default.txt",
    }
    assert {request.directory for request in repository.requests if "dir" in request.uri} == {True}
    assert {request.mount_point for request in repository.requests} == {str(root)}


def test_given_inputs_win_over_defaults(root: Path, repository: DataRepository) -> None:
    assert run(root, default="s3://mapped/b.txt")["default"] == str(root / "dra/b.txt")


@pytest.mark.parametrize("uri", ["s3://mapped/lost.txt", "s3://mapped/../../outside"])
def test_a_path_that_is_not_there_or_outside_is_an_error(
    root: Path, repository: DataRepository, tmp_path: Path, uri: str
) -> None:
    (tmp_path / "outside").touch()
    with pytest.raises(WDL.Error.RuntimeError, match="not on the shared file system"):
        run(root, f=uri)


def test_errors_of_plugins_name_the_input(root: Path, repository: DataRepository) -> None:
    with pytest.raises(WDL.Error.RuntimeError, match="not available") as caught:
        run(root, f="s3://forbidden/x")
    assert caught.value.more_info["uri"] == "s3://forbidden/x"


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (lambda: 1 // 0, "plugin odd failed in miniwdl_aws_localize: ZeroDivisionError"),
        (lambda: sys.exit(3), "plugin odd failed in miniwdl_aws_localize: SystemExit: 3"),
        (
            lambda: Path("/a"),
            "plugin odd gave a wrong answer to miniwdl_aws_localize: it is of type PosixPath, not text",
        ),
    ],
)
def test_a_broken_plugin_is_named_with_the_input(
    root: Path, monkeypatch: pytest.MonkeyPatch, behave: Callable[[], Any], said: str
) -> None:
    class Odd:
        @hookimpl
        def miniwdl_aws_localize(self) -> Any:
            return behave()

    manager = create_manager([], {})
    manager.register(Odd(), name="odd")
    monkeypatch.setattr(localize, "get_manager", lambda: manager)
    with pytest.raises(WDL.Error.RuntimeError, match=re.escape(said)) as caught:
        run(root)
    assert "MINIWDL_AWS_DISABLE_PLUGINS=odd" in str(caught.value)
    assert caught.value.more_info["uri"].startswith("s3://mapped/")


def test_without_such_plugins_nothing_changes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(localize, "get_manager", lambda: create_manager([], {}))
    assert run(root)["f"] == "s3://mapped/a.txt"
