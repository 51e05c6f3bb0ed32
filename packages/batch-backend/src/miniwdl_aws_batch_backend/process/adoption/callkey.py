"""
Says whether two task calls would do the same work, wherever their directories are.

miniwdl's call cache knows it of calls that have finished; here it must be known of calls that are still running. The
key covers the command, its environment, the inputs with sizes and times, the job definition and the resources.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["CallFacts", "call_key"]

MAX_ENTRIES = 10_000
"""Files in an input Directory beyond which a call gets no key: looking at them costs more than it can save."""


@dataclass(frozen=True)
class CallFacts:
    """Everything on which the outcome of a call depends."""

    task: str
    task_dir: str
    run_dir: str
    command: str
    shell: str
    environment: Mapping[str, str]
    inputs: Mapping[str, str]
    """Where the task sees each input, by its path here; Directories end in a slash."""
    definition: Mapping[str, Any]
    resources: tuple[int, ...]


def call_key(facts: CallFacts) -> str | None:
    """
    Make a text that is the same for equal calls only.

    :return: ``None`` for a call about which that can't be said.
    """
    written_dir = f"{facts.task_dir}/write_/"
    written = {host: seen for host, seen in facts.inputs.items() if host.startswith(written_dir)}
    neutral = _neutralizer(facts, written)
    try:
        inputs = sorted(
            [neutral(seen), neutral(_place(host)), None if host in written else _state(host)]
            for host, seen in facts.inputs.items()
        )
    except OSError:
        return None
    definition = {key: value for key, value in facts.definition.items() if key not in {"jobDefinitionName", "tags"}}
    parts = [
        facts.task,
        neutral(facts.command),
        facts.shell,
        {name: neutral(value) for name, value in facts.environment.items()},
        inputs,
        json.dumps(definition, sort_keys=True).replace(facts.run_dir, "{run}"),
        facts.resources,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class _neutralizer:  # noqa: N801 - used like a function
    """Takes out of a text what differs between two runs: directories, and the random names of written files."""

    def __init__(self, facts: CallFacts, written: Mapping[str, str]) -> None:
        self._replacements: list[tuple[str, str]] = [(facts.task_dir, "{task}")]
        tokens = []
        for host, seen in written.items():
            content = hashlib.sha256(self(Path(host).read_text(errors="surrogateescape")).encode("utf-8", "replace"))
            tokens += [(seen, "{written:" + content.hexdigest() + "}"), (host, "{written}")]
        # Longer ones first, since each may begin with another.
        self._replacements = sorted(tokens, key=lambda pair: -len(pair[0])) + self._replacements

    def __call__(self, text: str) -> str:
        for old, new in self._replacements:
            text = text.replace(old, new)
        return text


def _place(path: str) -> str:
    """Tell where an input lies: a run may see it, beside its neighbours, by a link in its own directory."""
    return os.path.realpath(path) + ("/" if path.endswith("/") else "")


def _state(path: str) -> list[Any]:
    """Size and time of a file, or of every file in a folder; an ``OSError`` when that can't be told."""
    if not path.endswith("/"):
        found = Path(path).stat()
        return [found.st_size, found.st_mtime_ns]
    state: list[Any] = []
    for file in _files(os.path.realpath(path)):
        if len(state) >= MAX_ENTRIES:
            raise OSError(f"too many files in {path}")
        found = file.lstat()
        state.append([str(file), found.st_size, found.st_mtime_ns])
    return sorted(state)


def _files(folder: str) -> Iterator[Path]:
    for base, _folders, names in os.walk(folder):
        for name in names:
            yield Path(base, name)
