"""The outputs of a run that has ended: what its ``outputs.json`` says, and the files that it names, brought here."""

from __future__ import annotations

import json
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_hooks.errors import ConfigurationError, MiniwdlAwsError, MissingPartError
from miniwdl_aws_hooks.protocol import OUTPUTS_JSON
from miniwdl_aws_hooks.settings import EnvironSettings
from miniwdl_aws_hooks.types import FetchReport, FetchRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pluggy

__all__ = ["Results", "bring", "read_results", "results_in_passing"]

FEW = 8
"""Outputs that an error, or the end of a run, names."""
PATIENCE = 15.0
"""Seconds that the end of a run waits for its outputs.json."""
LONGEST = 200
"""Characters of a value that are told at the end of a run."""


@dataclass(frozen=True)
class Results:
    """The outputs of a run."""

    folder: str
    """URI of the run's folder, with a slash at its end."""
    outputs: Mapping[str, Any]
    """Values by their names: ``align.bam``; files are URIs."""

    def selected(self, names: Sequence[str]) -> Results:
        """
        Keep those that a user names: ``align.bam``, or ``bam`` alone; no name means all.

        :raises ConfigurationError: when there is no output of a name.
        """
        kept: dict[str, Any] = {}
        for name in names:
            found = {key: value for key, value in self.outputs.items() if name in (key, key.rpartition(".")[2])}
            if not found:
                there = ", ".join(list(self.outputs)[:FEW]) or "none"
                raise ConfigurationError(f"there is no output {name}", hint=f"the outputs of this run: {there}")
            kept.update(found)
        return Results(self.folder, kept if names else self.outputs)

    def files(self) -> dict[str, str]:
        """
        Find the files and folders that lie in the run's folder.

        A text that looks like a URI of another place is not taken for a file: only what the run has put there is its.

        :return: path below the folder by URI.
        """
        found = (text for text in _texts(dict(self.outputs)) if text.startswith(self.folder) and text != self.folder)
        return {uri: uri[len(self.folder) :] for uri in found}

    def lines(self) -> list[str]:
        """Tell the first of them, each in a line."""
        shown = [f"    {name}: {_short(value)}" for name, value in list(self.outputs.items())[:FEW]]
        more = len(self.outputs) - FEW
        return [*shown, f"    and {more} more"] if more > 0 else shown


def read_results(manager: pluggy.PluginManager, folder: str) -> Results:
    """
    Read what ``outputs.json`` says.

    :param folder: URI of the run's folder, with a slash at its end.
    :raises MiniwdlAwsError: when it can't be had, or is none.
    """
    with tempfile.TemporaryDirectory(prefix="miniwdl-aws-outputs-") as here:
        bring(manager, here, {folder + OUTPUTS_JSON: OUTPUTS_JSON})
        try:
            outputs = read_json((Path(here) / OUTPUTS_JSON).read_text())
        except ValueError as exc:
            raise MiniwdlAwsError(f"{folder}{OUTPUTS_JSON} is not what miniwdl writes: {exc}") from exc
    if not isinstance(outputs, dict):
        raise MiniwdlAwsError(f"{folder}{OUTPUTS_JSON} is not what miniwdl writes: it is no object")
    return Results(folder, outputs)


def results_in_passing(manager: pluggy.PluginManager, folder: str, patience: float = PATIENCE) -> Results | None:
    """
    Read them where they are told along with something else, which must not fail or wait for them.

    :param folder: as of :func:`read_results`; empty where there are none.
    :param patience: seconds, after which the bucket counts as out of reach.
    :return: ``None`` where they can't be had from here.
    """
    found: list[Results] = []

    def read() -> None:
        with suppress(MiniwdlAwsError):
            found.append(read_results(manager, folder))

    if folder:
        # It dies with the command, where S3 neither answers nor refuses.
        thread = threading.Thread(target=read, name="outputs", daemon=True)
        thread.start()
        thread.join(patience)
    return found[0] if found else None


def bring(
    manager: pluggy.PluginManager,
    folder: str,
    files: Mapping[str, str],
    progress: Callable[[str], None] = lambda _text: None,
) -> FetchReport:
    """
    Bring files here by whichever plugin can.

    :param files: path below the local folder by URI.
    :raises MissingPartError: when none can.
    """
    request = FetchRequest(str(Path(folder).absolute()), files, EnvironSettings(), progress)
    report: FetchReport | None = manager.hook.miniwdl_aws_fetch(request=request)
    if report is None:
        raise MissingPartError.of("reading results", "miniwdl-aws-s3-rails")
    return report


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
