"""Where there is no container engine: tests in containers are skipped with the reason, but in CI they fail."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .images import ROOT

TESTS = [
    "packages/local-cloud/tests/batch/engine/test_containers.py::test_a_job",
    "tests/containers/test_isolation.py::test_a_mistake_does_no_harm",
    "tests/second_opinion/test_runs.py::test_doctor_finds_nothing_wrong",
]


@pytest.mark.parametrize(("ci", "outcome"), [(None, "3 skipped"), ("true", "3 errors")])
def test_containers_without_an_engine(ci, outcome) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST_")}
    environ |= {"DOCKER_HOST": "unix:///nowhere", **({"CI": ci} if ci else {})}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "containers", "-rs", *TESTS],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert outcome in done.stdout, done.stdout
    assert "no container engine answers at DOCKER_HOST=unix:///nowhere" in done.stdout
    assert done.returncode == (1 if ci else 0)
