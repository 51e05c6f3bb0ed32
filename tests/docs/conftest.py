"""The groups of pages that `docs/runs.py` reads, each with a user of its own."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.contract.conftest import docs_module

if TYPE_CHECKING:
    from collections.abc import Iterator

runs = docs_module("runs")


@pytest.fixture(scope="module")
def reading(request: pytest.FixtureRequest) -> Iterator[object]:
    """The user of the module's GROUP."""
    if not shutil.which("jq") and "CI" not in os.environ:
        pytest.skip("a page pipes JSON to jq, which is not on this machine")
    with runs.reading(runs.GROUPS[request.module.GROUP]) as user:
        yield user


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `page` once for each page of the module's GROUP, in the order in which they are read."""
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", runs.GROUPS[metafunc.module.GROUP].pages)
