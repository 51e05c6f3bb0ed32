"""What miniwdl asks for with each task is looked up once."""

import importlib.metadata
import logging
from typing import Any

import pytest
from WDL.runtime import config

from miniwdl_aws_batch_backend.lookup import look_up_once


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Groups of entry points that were looked for, after miniwdl was told to do so once."""
    looked_for: list[str] = []
    original = importlib.metadata.entry_points

    def entry_points(**params: Any) -> Any:
        looked_for.append(params["group"])
        return original(**params)

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    monkeypatch.setattr(config, "load_plugins", getattr(config.load_plugins, "__wrapped__", config.load_plugins))
    look_up_once()
    return looked_for


def loader(**plugins: Any) -> config.Loader:
    return config.Loader(logging.getLogger(), overrides={"plugins": plugins})


def names(cfg: config.Loader, group: str = "container_backend") -> set[str]:
    return {name for name, _ in config.load_plugins(cfg, group)}


def test_each_kind_is_looked_for_once(looks: list[str]) -> None:
    for _ in range(3):
        assert "aws_batch" in names(loader())
        assert "aws_batch" not in names(loader(), "task")
    assert looks == ["miniwdl.plugin.container_backend", "miniwdl.plugin.task"]


def test_options_count(looks: list[str]) -> None:
    assert "aws_batch" in names(loader())
    assert "aws_batch" not in names(loader(disable_patterns=["miniwdl_aws_batch_backend*"]))
    assert names(loader(enable_patterns=["miniwdl_aws_batch_backend*"])) == {"aws_batch"}
    assert "aws_batch" in names(loader())


def test_telling_it_again_changes_nothing(looks: list[str]) -> None:
    names(loader())
    look_up_once()
    names(loader())
    assert len(looks) == 1


SCATTER = """
version 1.1
workflow w { scatter (i in range(5)) { call t } }
task t { command {} }
"""


def test_the_backend_tells_it(run: Any, looks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "load_plugins", config.load_plugins.__wrapped__)
    run(SCATTER, options={"scheduler": {"task_concurrency": 1}})
    assert looks.count("miniwdl.plugin.task") == 2, "the first task asks before the backend is there"
