from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from miniwdl_aws_batch_backend.process.adoption import callkey
from miniwdl_aws_batch_backend.process.adoption.callkey import CallFacts, call_key


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "x.txt").write_text("x")
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    (tmp_path / "folder" / "sub" / "y").write_text("y")
    return tmp_path


def facts(data: Path, run: str = "r1", name: str = "tmpabc", **changes: Any) -> CallFacts:
    """A call in a run of its own, with a file that miniwdl wrote for it under a random name."""
    task_dir = data / run / "call-a"
    written = task_dir / "write_" / name
    inputs = f"{task_dir}/work/_miniwdl_inputs/0"
    if not written.exists():
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(f"{inputs}/x.txt\n")
    values: dict[str, Any] = {
        "task": "a",
        "task_dir": str(task_dir),
        "run_dir": str(data / run),
        "command": f"cat {inputs}/x.txt {inputs}/{name} > {task_dir}/work/out",
        "shell": "/bin/bash",
        "environment": {"LIST": f"{inputs}/{name}"},
        "inputs": {
            f"{data}/x.txt": f"{inputs}/x.txt",
            f"{data}/folder/": f"{data}/folder/",
            str(written): f"{inputs}/{name}",
        },
        "definition": {
            "jobDefinitionName": f"n-{run}",
            "tags": {"miniwdl-run-dir": run},
            "containerProperties": {"image": "i", "mount": str(data / run)},
        },
        "resources": (1, 1024, 0),
    }
    return CallFacts(**{**values, **changes})


def test_equal_calls_in_two_runs(data: Path) -> None:
    assert call_key(facts(data)) == call_key(facts(data, "another-run", "tmpzzzz")) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "b"},
        {"command": "cat"},
        {"shell": "/bin/bash -e"},
        {"environment": {}},
        {"inputs": {}},
        {"definition": {"jobDefinitionName": "n-r1", "containerProperties": {"image": "j"}}},
        {"resources": (2, 1024, 0)},
    ],
)
def test_what_differs_counts(data: Path, changes: dict[str, Any]) -> None:
    assert call_key(facts(data, **changes)) != call_key(facts(data))


@pytest.mark.parametrize("name", ["x.txt", "folder/sub/y"])
def test_changed_inputs_count(data: Path, name: str) -> None:
    before = call_key(facts(data))
    (data / name).write_text("other")
    assert call_key(facts(data)) != before


def test_a_new_file_in_a_directory_counts(data: Path) -> None:
    before = call_key(facts(data))
    (data / "folder" / "new").touch()
    assert call_key(facts(data)) != before


def test_written_content_counts(data: Path) -> None:
    before = call_key(facts(data))
    other = facts(data, "r2", "tmpx")
    (data / "r2" / "call-a" / "write_" / "tmpx").write_text("something else")
    assert call_key(other) != before


def test_the_same_input_elsewhere_is_another(data: Path) -> None:
    one = facts(data)
    moved = {("/elsewhere/" if host.endswith("/") else host): seen for host, seen in one.inputs.items()}
    assert call_key(replace(one, inputs=moved)) != call_key(one)


@pytest.mark.parametrize("name", ["x.txt", "folder/"])
def test_a_link_of_each_run_to_one_input(data: Path, name: str) -> None:
    """How files and folders that lie in one folder in S3 are kept together in a run."""
    keys = []
    for run in ("r1", "r2"):
        one = facts(data, run)
        link = f"{data}/{run}/download/{name}"
        Path(link).parent.mkdir()
        Path(link).symlink_to(data / name)
        inputs = {(link if host == f"{data}/{name}" else host): seen for host, seen in one.inputs.items()}
        keys.append(call_key(replace(one, inputs=inputs)))
    assert keys[0] == keys[1] == call_key(facts(data))


def test_no_key_without_the_inputs(data: Path) -> None:
    (data / "x.txt").unlink()
    assert call_key(facts(data)) is None


def test_no_key_for_a_huge_directory(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callkey, "MAX_ENTRIES", 2)
    for number in range(3):
        (data / "folder" / str(number)).touch()
    assert call_key(facts(data)) is None
