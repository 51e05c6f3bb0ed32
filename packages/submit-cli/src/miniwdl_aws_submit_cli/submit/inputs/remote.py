"""Has the files that inputs name by URI looked at before anything is submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.sizes import human_size
from miniwdl_aws_hooks.types import InputsContext
from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.submit.miniwdl_cli import download_schemes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pluggy

    from miniwdl_aws_hooks.settings import Settings
    from miniwdl_aws_hooks.types import InputFinding, RemoteInput

__all__ = ["look_at", "unchecked"]

SHOWN = 5
"""How many inputs a message names."""


def look_at(
    manager: pluggy.PluginManager, inputs: Sequence[RemoteInput], settings: Settings, progress: Callable[[str], None]
) -> list[str]:
    """
    Ask the plugins what is known of inputs.

    :return: what the user should know, a sentence each.
    :raises WorkflowError: when no job could read one of them.
    """
    if not inputs:
        return []
    names = {item.uri: item.name for item in inputs}
    context = InputsContext(inputs, settings, progress)
    answers = manager.hook.miniwdl_aws_check_inputs(context=context)
    findings = [finding for answer in answers for finding in answer if finding.uri in names]
    _refuse([finding for finding in findings if finding.problem], names)
    doubts: dict[str, list[str]] = {}
    for finding in findings:
        if finding.doubt:
            doubts.setdefault(finding.doubt, []).append(names[finding.uri])
    notices = [f"input {_named(about)}: {doubt}" for doubt, about in doubts.items()]
    looked_at = {finding.uri for finding in findings}
    others = [item for item in inputs if item.uri not in looked_at]
    _refuse_unreachable(others)
    return [*_sums(findings), *notices, *unchecked(others)]


def unchecked(inputs: Sequence[RemoteInput]) -> list[str]:
    """Say which inputs nobody has looked at."""
    if not inputs:
        return []
    others = f" and {len(inputs) - 1} more" if len(inputs) > 1 else ""
    return [f"input {min(item.uri for item in inputs)}{others}: read by the job as named, not checked here"]


def _refuse_unreachable(inputs: Iterable[RemoteInput]) -> None:
    """Refuse what no job can download, as far as is known from the plugins that are installed here."""
    for item in inputs:
        scheme, _, rest = item.uri.partition("://")
        if scheme.lower() == "file":
            host, slash, path = rest.partition("/")
            local = host in ("", "localhost")
            why = "it is a path" if local else "it is on another machine"
            raise WorkflowError(
                f"input {item.name}: {item.uri} can't be downloaded: {why}",
                hint=f"name it by its path: {slash}{path}" if local else "copy it here or to S3 first",
            )
        if scheme not in download_schemes(directory=item.directory):
            what = "folder" if item.directory else "file"
            raise WorkflowError(
                f"input {item.name}: {item.uri} can't be downloaded: nothing here knows a {what} by {scheme}://",
                hint="copy it to S3, or here, first; --no-check submits it where the workflow job's image has a plugin",
            )


def _refuse(problems: Sequence[InputFinding], names: Mapping[str, str]) -> None:
    if not problems:
        return
    first, *others = problems
    more = f"; {len(others)} more can't be read: {_named(names[item.uri] for item in others)}" if others else ""
    raise WorkflowError(
        f"input {names[first.uri]}: {first.problem}{more}",
        hint=first.hint,
        more_info={"inputs": {item.uri: item.problem for item in problems}},
    )


def _sums(findings: Sequence[InputFinding]) -> list[str]:
    sizes = [finding.size for finding in findings if finding.size is not None]
    if not sizes:
        return []
    unknown = len(findings) - len(sizes)
    without = f", without {unknown} of unknown size" if unknown else ""
    return [f"inputs by URI: {len(findings)}, {human_size(sum(sizes))} in all{without}"]


def _named(names: Iterable[str]) -> str:
    found = list(dict.fromkeys(names))
    return ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
