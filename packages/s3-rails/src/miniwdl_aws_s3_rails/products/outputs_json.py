"""
Rewrites the outputs JSON: what miniwdl linked in ``out/`` becomes an ``s3://`` URI, everything else stays.

No type and no guess at what a string means is needed: miniwdl lays out ``out/`` in parallel with the JSON, one folder
per output, member, key or index, and puts links there for File and Directory values only. A string therefore is a file
exactly when a link stands at its own place. This holds for outputs from the call cache also: their JSON names the
links of the earlier run, and miniwdl makes links at the same places for this one.

Map keys of type File are left alone, since miniwdl doesn't link them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.run_files import OUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["rewrite_outputs"]

INSIDE = f"/{OUT}/"


def rewrite_outputs(
    outputs: Mapping[str, Any], linked: Mapping[str, bool], run_dir: Path, folder: str, *, relative: bool = False
) -> dict[str, Any]:
    """
    Rewrite a run's outputs.

    :param outputs: content of the run's ``outputs.json``.
    :param linked: names of what miniwdl linked in ``out/``, and whether each is a Directory.
    :param folder: where ``out/`` went, with a slash at its end.
    :param relative: whether ``[file_io] use_relative_output_paths`` was on; ``out/`` is then laid out like the tasks'
        own folders, and a string counts as a file when it is the full path of a link.
    """

    def walk(value: Any, place: tuple[str | int, ...]) -> Any:
        if isinstance(value, str):
            return leaf(value, place)
        if isinstance(value, list):
            return [walk(item, (*place, index)) for index, item in enumerate(value)]
        if isinstance(value, dict):
            return {key: walk(item, (*place, key)) for key, item in value.items()}
        return value

    def leaf(value: str, place: tuple[str | int, ...]) -> str:
        for name in _names(value, run_dir):
            if name in linked and (relative or _stands_at(name, place)) and _same(value, run_dir / OUT / name):
                return folder + name + ("/" if linked[name] else "")
        return value

    # The first part of a key is the name of the workflow or task.
    return {key: walk(value, (key.partition(".")[2],)) for key, value in outputs.items()}


def _names(value: str, run_dir: Path) -> Iterator[str]:
    """Names under this or another run's ``out/`` that a path may stand for."""
    value = value.rstrip("/")
    own = f"{run_dir}/{OUT}/"
    if value.startswith(own):
        yield value[len(own) :]
        return
    if not os.path.isabs(value):  # noqa: PTH117 - on a string that need not be a path at all
        return
    start = value.find(INSIDE)
    while start >= 0:
        yield value[start + len(INSIDE) :]
        start = value.find(INSIDE, start + 1)


def _stands_at(name: str, place: tuple[str | int, ...]) -> bool:
    folders = name.split("/")[:-1]
    return len(folders) == len(place) and all(_is_step(part, step) for part, step in zip(folders, place, strict=True))


def _is_step(part: str, step: str | int) -> bool:
    if isinstance(step, int):
        return part.isdigit() and int(part) == step
    # Maps some of whose keys make no good folder names are numbered, in an order that the JSON has lost.
    return part == step.strip("'\"") or part.isdigit()


def _same(value: str, link: Path) -> bool:
    try:
        return os.path.samefile(value, link) or (os.path.isdir(value) and link.is_dir())  # noqa: PTH112, PTH121
    except (OSError, ValueError):
        return False
