"""
miniwdl's own options, checked as ours are: miniwdl says nothing of a wrong one until it needs it, inside the job.

Which there are, and what each takes, is read from miniwdl's own defaults (``WDL/runtime/config_templates/default.cfg``,
https://miniwdl.readthedocs.io/en/latest/runner_reference.html#configuration): a switch stays a switch, a list a list.
"""

from __future__ import annotations

import configparser
import posixpath
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_core.options.kinds import OBJECT, SWITCH, Kind, choice, number, whole
from miniwdl_aws_core.options.table import Option
from miniwdl_aws_core.terminal import quoted
from miniwdl_aws_hooks.discovery import find_points
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.settings import origin_of, variable_of

if TYPE_CHECKING:
    from miniwdl_aws_hooks.settings import Settings

__all__ = ["check_miniwdl", "kind_of"]

BACKENDS = frozenset({"aws_batch", "docker_swarm", "podman", "singularity", "udocker"})
"""Container backends that the image of workflow jobs has: miniwdl brings four. Others are those installed here."""

_MOST_THREADS = 100_000


def _parse_memory(text: str) -> int:
    from WDL._util import parse_byte_size

    return -1 if text == "-1" else int(parse_byte_size(text))


def _parse_list(text: str) -> list[Any]:
    value = read_json(text)
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004 - as the other kinds do
    return value


LIST: Kind[list[Any]] = Kind("a JSON list", _parse_list)

UNLIKE_THEIR_DEFAULTS: dict[str, Kind[Any]] = {
    **dict.fromkeys(("task_concurrency", "download_concurrency", "subworkflow_concurrency"), whole(0, _MOST_THREADS)),
    "delete_work": choice("false", "success", "failure", "always"),
    "memory_max": Kind("0, -1 or a size such as 64G", _parse_memory),
}
"""Options whose defaults don't say what they take; see ``WDL.runtime.task`` and ``WDL.runtime.task_container``."""


def kind_of(default: str) -> Kind[Any] | None:
    """Say of what kind an option is, by its default; ``None`` where any text is right."""
    for kind in (SWITCH, whole(-1), number(0), OBJECT, LIST):
        try:
            kind.parse(default.strip())
        except (ValueError, OverflowError):
            continue
        return kind if default.strip() not in {"0", "1"} else whole(-1)
    return None


@lru_cache(maxsize=1)
def _options() -> tuple[Option[Any], ...]:
    spec = find_spec("WDL")
    if spec is None or spec.origin is None:
        return ()
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(Path(spec.origin).parent / "runtime/config_templates/default.cfg")
    found = []
    for section in parser.sections():
        for name, default in parser.items(section):
            kind = UNLIKE_THEIR_DEFAULTS.get(name) or kind_of(default)
            if kind:
                option: Option[Any] = Option(kind, default, "")
                option.section, option.name = section, name
                found.append(option)
    return tuple(found)


def check_miniwdl(settings: Settings, root: str | None = None) -> None:
    """
    Check the options of miniwdl's that are set.

    :param root: where the file system is that all jobs share.
    :raises ConfigurationError: for the first that is wrong.
    """
    for option in _options():
        text = (settings.get(option.section, option.name) or "").strip()
        if text and "$" not in text:  # miniwdl puts in the job's own variables
            option.parse(text, origin_of(settings, option.section, option.name))
    backend = settings.get("scheduler", "container_backend")
    known = BACKENDS | {point.name for point in find_points("miniwdl.plugin.container_backend")}
    if backend and backend not in known:
        _refuse(settings, "scheduler", "container_backend", f"must be one of {', '.join(sorted(known))}, not", backend)
    folder = settings.get("call_cache", "dir")
    if root and folder and "$" not in folder and not _is_below(root, folder):
        what = f"must lie on the file system that all jobs share, at {root}, unlike"
        _refuse(settings, "call_cache", "dir", what, folder)


def _is_below(root: str, folder: str) -> bool:
    whole_path = posixpath.normpath(posixpath.join(root, folder))
    return not folder.startswith("~") and posixpath.commonpath([root, whole_path]) == posixpath.normpath(root)


def _refuse(settings: Settings, section: str, key: str, what: str, value: str) -> None:
    origin = origin_of(settings, section, key) or variable_of(section, key)
    raise ConfigurationError(f"[{section}] {key} {what} {quoted(value)}", hint=f"correct it in {origin}")
