"""What the contract tests share: the tree, what the documentation says of it, and one of each object hooks receive."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from miniwdl_aws_hooks import (
    DestinationContext,
    EndedRun,
    EnvironSettings,
    FetchRequest,
    FileSystemContext,
    FollowRequest,
    InputsContext,
    JobChange,
    JobContext,
    JobFailure,
    JobRole,
    LocalizeRequest,
    MountContext,
    PreflightContext,
    PublishRequest,
    QueueContext,
    RemoteInput,
    RunEnded,
    StageItem,
    StageRequest,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """Top of the repository."""
    return ROOT


def docs_module(name: str) -> ModuleType:
    """Import a module of docs/."""
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.pop(0)


@pytest.fixture(scope="session")
def facts() -> ModuleType:
    """What the documentation repeats of the code."""
    return docs_module("code_facts")


@pytest.fixture(scope="session")
def generate() -> ModuleType:
    """The generator of the documentation's blocks."""
    return docs_module("generate")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `hook_name` or `distribution` once for each."""
    if "hook_name" in metafunc.fixturenames:
        metafunc.parametrize("hook_name", [hook.name for hook in docs_module("code_facts").hooks()])
    if "distribution" in metafunc.fixturenames:
        metafunc.parametrize(
            "distribution", sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
        )


@pytest.fixture
def samples(tmp_path: Path) -> dict[str, dict[str, object]]:
    """Arguments of each hook, such that the example on its page has something to do."""
    mount, run_dir = tmp_path / "fsx", tmp_path / "fsx/run"
    run_dir.mkdir(parents=True)
    (mount / "references").mkdir()
    (mount / "references/lambda.fa").write_text(">lambda\n")
    (run_dir / "table.tsv").write_text("a\t1\n")
    (tmp_path / "ARCHIVE_SPOOL/archive/run-0").mkdir(parents=True)
    (tmp_path / "ARCHIVE_SPOOL/archive/run-0/old.tsv").write_text("a\t1\n")
    (tmp_path / "job-1").write_text("first\n[end]\nbeyond the end\n")
    environ = {"MINIWDL__REFERENCES__FS": "fs-0123", "MINIWDL__AWS__JOB_TAGS": '{"CostCentre": "genomics"}'}
    settings = EnvironSettings(environ)
    runtime = {"gpu": True, "cpu": 2}
    return {
        "miniwdl_aws_submit_options": {},
        "miniwdl_aws_commands": {},
        "miniwdl_aws_preflight": {"context": PreflightContext("workflow", "task", str(mount), settings)},
        "miniwdl_aws_check_inputs": {
            "context": InputsContext(
                [RemoteInput(uri, "reads") for uri in ("s3://lab-references/gone.fa", "gs://lab/a.fq")], settings
            )
        },
        "miniwdl_aws_stage": {
            "request": StageRequest([StageItem(str(run_dir / "table.tsv"))], "s3://lab-staging/inputs/")
        },
        "miniwdl_aws_mounts": {"context": MountContext(JobRole.TASK, "/mnt/fsx", settings)},
        "miniwdl_aws_prepare_file_system": {"context": FileSystemContext(str(mount), settings)},
        "miniwdl_aws_check_destination": {"context": DestinationContext("s3://archive/run-1", settings)},
        "miniwdl_aws_prepare_job": {
            "context": JobContext(
                JobRole.TASK, "call-sort", "task", "ubuntu:22.04", settings, run_id="call-sort", task_name="sort_reads"
            )
        },
        "miniwdl_aws_select_queue": {
            "context": QueueContext("call-fold", "fold", 1, 0, 2, "task", "task-fallback", runtime, settings)
        },
        "miniwdl_aws_localize": {
            "request": LocalizeRequest("s3://lab-references/lambda.fa", False, str(mount), settings)
        },
        "miniwdl_aws_classify_failure": {"failure": JobFailure({"status": "FAILED"}, 1, "FATAL: no seats left\n")},
        "miniwdl_aws_job_changed": {
            "change": JobChange(
                "0-1", "call-sort", "call-sort", "sort", 1, "task", "RUNNING", "RUNNABLE", None, None, str(run_dir), 1.5
            )
        },
        "miniwdl_aws_report_run": {"run": EndedRun(str(run_dir), 0, settings, "s3://archive/run-1/", "job-1")},
        "miniwdl_aws_run_ended": {
            "ended": RunEnded(
                str(run_dir), 3, settings, why="no seats left", summary="align failed", totals={"cost": 0.25}
            )
        },
        "miniwdl_aws_publish": {
            "request": PublishRequest(
                str(run_dir), "s3://archive/run-1/", {"table.tsv": str(run_dir / "table.tsv")}, settings
            )
        },
        "miniwdl_aws_fetch": {
            "request": FetchRequest(str(tmp_path / "here"), {"s3://archive/run-0/old.tsv": "old.tsv"}, settings)
        },
        "miniwdl_aws_follow_logs": {"request": FollowRequest("/lab/jobs", "job-1", lambda: True, "[end]")},
    }
