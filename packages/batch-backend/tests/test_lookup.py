"""What miniwdl asks for with each task is looked up once."""

import importlib.metadata
import logging
from typing import Any

import pytest
from WDL.runtime import config

from miniwdl_aws_batch_backend.lookup import look_up_once

SCATTER = """
version 1.1
workflow w { scatter (i in range(5)) { call t } }
task t { command {} }
"""


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Groups of entry points that were looked for."""
    looked_for: list[str] = []
    original = importlib.metadata.entry_points

    def entry_points(**params: Any) -> Any:
        looked_for.append(params["group"])
        return original(**params)

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    monkeypatch.setattr(config, "load_plugins", getattr(config.load_plugins, "__wrapped__", config.load_plugins))
    return looked_for


def loader(backend: str = "aws_batch", **plugins: Any) -> config.Loader:
    sections = {"plugins": plugins, "scheduler": {"container_backend": backend}}
    return config.Loader(logging.getLogger(), overrides=sections)


def begin(cfg: config.Loader) -> None:
    """Begin a workflow."""
    plugin: Any = look_up_once
    next(plugin(cfg, logging.getLogger(), ["w"], "/run", None, inputs=None))


def names(cfg: config.Loader, group: str = "container_backend") -> set[str]:
    return {name for name, _ in config.load_plugins(cfg, group)}


def test_each_kind_is_looked_for_once(looks: list[str]) -> None:
    begin(loader())
    for _ in range(3):
        assert "aws_batch" in names(loader())
        assert "aws_batch" not in names(loader(), "task")
        begin(loader())
    assert looks == ["miniwdl.plugin.container_backend", "miniwdl.plugin.task"]


def test_options_count(looks: list[str]) -> None:
    begin(loader())
    assert "aws_batch" in names(loader())
    assert "aws_batch" not in names(loader(disable_patterns=["miniwdl_aws_batch_backend*"]))
    assert names(loader(enable_patterns=["miniwdl_aws_batch_backend*"])) == {"aws_batch"}
    assert "aws_batch" in names(loader())


def test_other_backends_are_left_alone(looks: list[str]) -> None:
    begin(loader("docker_swarm"))
    for _ in range(3):
        names(loader())
    assert len(looks) == 3


def test_a_workflow_of_many_tasks(run: Any, looks: list[str]) -> None:
    run(SCATTER)
    assert looks.count("miniwdl.plugin.task") == 1
