"""
A run as ``ro-crate-metadata.json``: what was run, when, with which inputs, and what came of it, for archives.

It follows the profile Workflow Run Crate: the workflow, the parameters that had a value, these values, and one action
that is the run. What nobody can know from a run is left to its author: a license, and who it was. Calls of tasks are
not in it, ``report.json`` has them.

Takes the library ``rocrate``, which comes with the extra ``ro-crate``.
Source: https://www.researchobject.org/workflow-run-crate/profiles/0.5/workflow_run_crate/
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from miniwdl_aws_core.terminal import plain
from miniwdl_aws_hooks.errors import MissingPartError
from miniwdl_aws_run_report.model import State
from miniwdl_aws_run_report.totals import totals_of_run
from miniwdl_aws_run_report.words import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from miniwdl_aws_run_report.model import Run

__all__ = ["EXTRA", "write_crate"]

EXTRA = "miniwdl-aws-run-report[ro-crate]"

VERSION = "1.1"
"""Of RO-Crate, to which these profiles belong."""

TERMS = "https://w3id.org/ro/terms/workflow-run/context"

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}

LANGUAGE = "https://openwdl.org/"

_REMOTE = ("s3://", "gs://", "https://", "http://", "file://")
_DONE, _FAILED = "http://schema.org/CompletedActionStatus", "http://schema.org/FailedActionStatus"
_STATUS = {State.SUCCEEDED: _DONE, State.CACHED: _DONE, State.FAILED: _FAILED}
"""Of all others the run is under way. Without a word it would count as completed."""

_TYPES = {bool: "Boolean", int: "Integer", float: "Float", str: "Text"}


def write_crate(run: Run) -> str:
    """
    Write a run.

    :raises MissingPartError: without the library.
    """
    try:
        from rocrate.model import ComputationalWorkflow, ComputerLanguage
        from rocrate.rocrate import ROCrate
    except ImportError as exc:
        raise MissingPartError.of("--format ro-crate", EXTRA) from exc
    crate = ROCrate(version=VERSION)
    crate.metadata.extra_contexts.append(TERMS)
    crate.name, crate.description = plain(run.name), plain(outcome(run, totals_of_run(run)))
    crate.datePublished = _date(run.ended or run.read_at or run.began or 0)
    profiles = [_noted(crate, uri, "CreativeWork", name=name, version=of) for uri, (name, of) in PROFILES.items()]
    crate.root_dataset["conformsTo"] = profiles
    crate.metadata["conformsTo"] = [{"@id": uri} for uri in (crate.metadata.profile, list(PROFILES)[-1])]
    language = ComputerLanguage(crate, identifier=LANGUAGE, properties={"name": "WDL", "url": LANGUAGE})
    named = {"name": plain(run.target or run.source), "runtimePlatform": f"miniwdl {plain(run.miniwdl)}".strip()}
    place = _address(run.source or run.target or "workflow.wdl")
    workflow = crate.add(ComputationalWorkflow(crate, place, properties=named))
    workflow["programmingLanguage"] = crate.add(language)
    crate.mainEntity = workflow
    values = _Values(crate, workflow)
    crate.root_dataset["mentions"] = crate.add_action(
        workflow,
        f"#{quote(run.job_id or run.name, safe='')}",
        object=values.add("input", run.inputs),
        result=values.add("output", run.outputs),
        properties=_action(run),
    )
    return json.dumps(crate.metadata.generate(), indent=2) + "\n"


class _Values:
    """The values of parameters, as entities: each file once, though it is the value of several."""

    def __init__(self, crate: Any, workflow: Any) -> None:
        self._crate, self._workflow = crate, workflow
        self._files: dict[str, Any] = {}

    def add(self, kind: str, values: Mapping[str, Any]) -> list[Any]:
        """
        Add values.

        :param kind: ``input`` or ``output``, which is how a workflow refers to its parameters.
        """
        found: list[Any] = []
        parameters: list[Any] = []
        for name, value in values.items():
            files = list(_files_in(value))
            given = _TYPES.get(type(value), "PropertyValue")
            parameter = _noted(
                self._crate, f"#{kind}-{quote(name, safe='')}", "FormalParameter",
                name=plain(name.rpartition(".")[2]), additionalType="File" if files else given,
            )  # fmt: skip
            parameters.append(parameter)
            for entity in map(self._file, files) if files else [self._value(kind, name, value)]:
                entity.append_to("exampleOfWork", parameter)
                found.append(entity)
        self._workflow[kind] = parameters
        return list({item.id: item for item in found}.values())

    def _file(self, place: str) -> Any:
        if place not in self._files:
            name = plain(place.rstrip("/").rpartition("/")[2])
            add = self._crate.add_dataset if place.endswith("/") else self._crate.add_file
            self._files[place] = add(_address(place), properties={"name": name})
        return self._files[place]

    def _value(self, kind: str, name: str, value: Any) -> Any:
        text = value if isinstance(value, str) else json.dumps(value)
        place = f"#{kind}-{quote(name, safe='')}-value"
        return _noted(self._crate, place, "PropertyValue", name=plain(name.rpartition(".")[2]), value=plain(text))


def _noted(crate: Any, place: str, kind: str, **properties: str) -> Any:
    from rocrate.model import ContextEntity

    return crate.add(ContextEntity(crate, place, properties={"@type": kind, **properties}))


def _files_in(value: Any) -> Iterator[str]:
    """Give what a value names of files: its JSON doesn't tell them from texts, their paths do."""
    if isinstance(value, str) and (value.startswith(_REMOTE) or (value.startswith("/") and len(value) > 1)):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _files_in(item)


def _address(place: str) -> str:
    """Write a path or URI so that it can name an entity: absolute as a URI, and a WDL by its name."""
    if place.startswith("/"):
        return f"file://{quote(place)}"
    return quote(place, safe=":/?=&%+@,") if place.startswith(_REMOTE) else quote(place.rpartition("/")[2])


def _action(run: Run) -> dict[str, Any]:
    failed = run.state is State.FAILED
    told = {
        "@type": "CreateAction",
        "name": plain(run.name),
        "description": plain(run.command or run.directory),
        "startTime": _date(run.began) if run.began is not None else "",
        "endTime": _date(run.ended) if run.ended is not None else "",
        "actionStatus": _STATUS.get(run.state, "http://schema.org/ActiveActionStatus"),
        "error": plain(run.failure.message) if failed and run.failure else "",
    }
    return {name: value for name, value in told.items() if value}


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
