"""Entry points made of modules that live only in a test's folder."""

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest


@pytest.fixture
def make_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], EntryPoint]:
    """Write a plugin module and return the entry point that would name it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, source: str) -> EntryPoint:
        module = f"plugin_under_test_{name.replace('-', '_')}"
        (tmp_path / f"{module}.py").write_text(source)
        sys.modules.pop(module, None)
        return EntryPoint(name=name, value=module, group="miniwdl_aws")

    return make
