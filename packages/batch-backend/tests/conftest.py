"""Fixtures: a fake AWS Batch behind the real backend, under a real miniwdl."""

from __future__ import annotations

import gc
import logging
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import WDL
from WDL.runtime import config, task_container

from miniwdl_aws_batch_backend.backend import BatchBackend
from miniwdl_aws_hooks import Mount, create_manager, hookimpl

sys.path.insert(0, str(Path(__file__).parent))

from fake_batch import FakeBatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@pytest.fixture
def batch(aws_requests: Any) -> Iterator[FakeBatch]:
    fake = FakeBatch(check=partial(aws_requests.sent, "batch"))
    yield fake
    fake.close()


class MountPlugin:
    """Mounts that a test wants, in place of miniwdl-aws-fsx-mount."""

    def __init__(self, root: str) -> None:
        self.mounts = [Mount("fsx", root, {"host": {"sourcePath": root}}, sentinel=".mounted")]
        self.changes: list[Any] = []

    @hookimpl
    def miniwdl_aws_mounts(self, context: Any) -> list[Mount]:
        return self.mounts

    @hookimpl
    def miniwdl_aws_job_changed(self, change: Any) -> None:
        self.changes.append(change)


@dataclass
class Runner:
    """Runs WDL on the fake."""

    batch: FakeBatch
    root: Path
    plugin: MountPlugin
    manager: Any
    options: dict[str, dict[str, Any]]

    def __call__(
        self, wdl: str, inputs: Mapping[str, Any] | None = None, options: Mapping[str, Mapping[str, Any]] | None = None,
        run_dir: Path | None = None,
    ) -> tuple[Path, dict[str, Any]]:  # fmt: skip
        """Run a document's workflow, or its task; gives the run directory and the outputs."""
        merged = {section: dict(values) for section, values in self.options.items()}
        for section, values in (options or {}).items():
            merged.setdefault(section, {}).update(values)
        logger = logging.getLogger("test")
        cfg = config.Loader(logger, filenames=[], overrides=merged)
        source = self.root / "source.wdl"
        source.write_text(wdl)
        document = WDL.load(str(source))
        target = document.workflow or document.tasks[0]
        environment = WDL.values_from_json(dict(inputs or {}), target.available_inputs, target.required_inputs)
        where = run_dir or self.root / "runs"
        try:
            folder, outputs = WDL.runtime.run(cfg, target, environment, run_dir=str(where))
        finally:
            # The next run of this test starts as a new process would.
            BatchBackend._global_init = False  # type: ignore[attr-defined]
        return Path(folder), WDL.values_to_json(outputs)  # type: ignore[arg-type]


@pytest.fixture
def run(batch: FakeBatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    root = (tmp_path / "fsx").resolve()
    root.mkdir()
    (root / ".mounted").touch()
    plugin = MountPlugin(str(root))
    manager = create_manager([], {})
    manager.register(plugin)
    from miniwdl_aws_batch_backend import plugin as own

    manager.register(own)
    monkeypatch.setattr("miniwdl_aws_batch_backend.process.engine.get_manager", lambda: manager)
    monkeypatch.setattr("miniwdl_aws_batch_backend.process.batch_api.connect", lambda _region: batch)
    monkeypatch.setattr(task_container, "_backends", {})
    monkeypatch.setattr(config, "load_plugins", config.load_plugins)
    monkeypatch.setattr(BatchBackend, "_global_init", False, raising=False)
    monkeypatch.delenv("AWS_BATCH_JOB_ID", raising=False)
    thresholds = gc.get_threshold()
    options = {
        "scheduler": {"container_backend": "aws_batch", "task_concurrency": 20},
        "file_io": {"root": str(root)},
        "aws": {"task_queue": "task", "describe_period_min": 0.05, "describe_period_max": 0.1, "retry_wait": 0},
    }
    yield Runner(batch, root, plugin, manager, options)
    gc.set_threshold(*thresholds)
