"""What was sent, by which rules it was read, and what was wrong with it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ParamValidationError

from miniwdl_aws_core.rules.table import RULES, breaches, rules_for

from .model import faults, invalid, service_model

if TYPE_CHECKING:
    from collections.abc import Iterable

    from botocore.model import OperationModel

__all__ = ["MODEL", "Fault", "Recorder", "Summary"]

MODEL = "botocore-model"
"""Stands for a rule where botocore's data says what is wrong."""

NAMED = 12
"""Rules that are named where nothing was sent that they are about: a package's own tests send little."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a request."""

    rule: str
    text: str


@dataclass
class Summary:
    """What was sent in all; travels from pytest-xdist's workers as plain data."""

    requests: Counter[str] = field(default_factory=Counter)
    """By operation: ``batch:SubmitJob``."""
    rules: Counter[str] = field(default_factory=Counter)
    """How many requests a rule had something to say about."""
    actions: Counter[str] = field(default_factory=Counter)
    """What IAM was asked for on the local cloud, by whom: ``commands: batch:SubmitJob``."""

    def add(self, plain: dict[str, dict[str, int]]) -> None:
        self.requests.update(plain["requests"])
        self.rules.update(plain["rules"])
        self.actions.update(plain["actions"])

    def plain(self) -> dict[str, dict[str, int]]:
        return {"requests": dict(self.requests), "rules": dict(self.rules), "actions": dict(self.actions)}

    def lines(self) -> list[str]:
        """Say it in a few lines."""
        if not self.requests:
            return []
        often = [f"{name} {count}" for name, count in self.requests.most_common()]
        sent = {rule.id for rule in RULES if not self.requests.keys().isdisjoint(rule.operations)}
        silent = sorted(sent - self.rules.keys())
        unsent = sorted({rule.id for rule in RULES} - sent)
        lines = [
            f"{self.requests.total()} requests to AWS checked, of {len(often)} operations: {', '.join(often)}",
            f"{len(self.rules)} of {len(RULES)} rules had something to check, {self.rules.total()} times",
        ]
        if silent:
            lines.append(f"nothing to check in what was sent: {', '.join(silent)}")
        if unsent:
            named = f": {', '.join(unsent)}" if len(unsent) <= NAMED else ""
            lines.append(f"{len(unsent)} rules are about requests that were not sent{named}")
        return lines


class Recorder:
    """Counts and checks requests; safe to use from several threads."""

    def __init__(self) -> None:
        self.summary = Summary()
        self._found: list[Fault] = []
        self._lock = threading.Lock()

    def note(self, model: OperationModel, parameters: dict[str, Any], more: Iterable[Fault] = ()) -> None:
        """Take down a request that botocore would send: what is valid by :func:`.model.invalid`."""
        operation = f"{model.service_model.service_name}:{model.name}"
        found = [Fault(breach.rule.id, str(breach)) for breach in breaches(operation, parameters)]
        found += [Fault(MODEL, f"{operation}: {text} [{MODEL}]") for text in faults(model, parameters)]
        applied = [rule.id for rule in rules_for(operation) if rule.subjects(parameters)]
        with self._lock:
            self.summary.requests[operation] += 1
            self.summary.rules.update(applied)
            self._found += [*found, *more]

    def used(self, action: str) -> None:
        """Take down a permission that a request needs."""
        with self._lock:
            self.summary.actions[action] += 1

    def blame(self, fault: Fault) -> None:
        """Take down what is wrong with a request that can't be read further."""
        with self._lock:
            self._found.append(fault)

    def sent(self, service: str, method: str, parameters: dict[str, Any]) -> None:
        """
        Take down a request to a fake that takes a client's place.

        :param method: as boto3 names it: ``submit_job``.
        :raises ParamValidationError: when a real client would.
        """
        model = service_model(service)
        operation = model.operation_model(_names(service)[method])
        if report := invalid(operation, parameters):
            raise ParamValidationError(report=report)
        self.note(operation, parameters)

    def take(self) -> list[Fault]:
        """Give what was found since the last time."""
        with self._lock:
            found, self._found = self._found, []
        return found


def _names(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in service_model(service).operation_names}
