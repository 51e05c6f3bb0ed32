from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_core.batch.registry import DefinitionRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFINITION = {"jobDefinitionName": "miniwdl-task-x", "containerProperties": {}}


class Aws:
    """Job definitions in memory; counts what was asked."""

    def __init__(self) -> None:
        self.registered: list[dict[str, Any]] = []
        self.looks = 0
        self.revision = 0
        self.broken = False

    def find(self, name: str) -> list[dict[str, Any]]:
        self.looks += 1
        return [item for item in self.registered if item["name"] == name]

    def register(self, definition: Any) -> str:
        if self.broken:
            raise PermissionError
        name, revision = definition["jobDefinitionName"], len(self.registered) + 1
        self.revision = revision = max(revision, self.revision + 1)
        arn = f"arn:{name}:{revision}"
        self.registered.insert(0, {"name": name, "revision": revision, "jobDefinitionArn": arn})
        return arn

    def registry(self) -> DefinitionRegistry:
        return DefinitionRegistry(self.find, self.register)


def test_many_askers_one_registration() -> None:
    aws = Aws()
    registry = aws.registry()
    with ThreadPoolExecutor(20) as pool:
        arns = set(pool.map(lambda _: registry.arn_of(DEFINITION), range(100)))
    assert len(arns) == 1
    assert (aws.looks, len(aws.registered)) == (1, 1)


def test_what_another_process_registered_is_found() -> None:
    aws = Aws()
    assert aws.registry().arn_of(DEFINITION) == aws.registry().arn_of(DEFINITION)
    assert len(aws.registered) == 1


def test_the_newest_revision_is_taken() -> None:
    aws = Aws()
    for _ in range(11):
        aws.register(DEFINITION)
    assert aws.registry().arn_of(DEFINITION).endswith(":11")


def test_what_somebody_has_deregistered_is_registered_again() -> None:
    aws = Aws()
    registry = aws.registry()
    first = registry.arn_of(DEFINITION)
    assert registry.renewed(DEFINITION, first) is None, "it is there"
    aws.registered.clear()
    with ThreadPoolExecutor(20) as pool:
        (second,) = set(pool.map(lambda _: registry.renewed(DEFINITION, first), range(100)))
    assert [item["jobDefinitionArn"] for item in aws.registered] == [second]
    assert registry.arn_of(DEFINITION) == second


def test_a_failure_is_not_remembered() -> None:
    aws = Aws()
    registry = aws.registry()
    aws.broken = True
    with pytest.raises(PermissionError):
        registry.arn_of(DEFINITION)
    aws.broken = False
    assert registry.arn_of(DEFINITION)


def test_who_waits_for_aws_says_so_and_nobody_else_does() -> None:
    aws, waiting = Aws(), []

    @contextmanager
    def wait() -> Iterator[None]:
        waiting.append("waits")
        yield

    registry = DefinitionRegistry(aws.find, aws.register, wait)
    for _ in range(3):
        registry.arn_of(DEFINITION)
    assert waiting == ["waits"]
