"""
Sends the products of a finished run to its upload folder: data, then logs and error.json, then outputs.json.

With the logs go reports, and what the task backend has recorded of jobs and hosts: no upload fails for these.

The order is a promise: where ``outputs.json`` is, everything that it names is there too. Just before it comes
a manifest that says of each object how large it is and what proves that it is whole.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.beneath import is_file
from miniwdl_aws_core.records.folding import folded
from miniwdl_aws_core.run_files import STREAMS, cause_of
from miniwdl_aws_core.sizes import human_size
from miniwdl_aws_hooks import MiniwdlAwsError, PublishOptions, PublishRequest
from miniwdl_aws_hooks.protocol import ERROR_JSON, OUTPUTS_JSON, UPLOADED
from miniwdl_aws_s3_rails.errors import UploadError
from miniwdl_aws_s3_rails.products.boundary import LOGS, MANIFEST, collect_outputs
from miniwdl_aws_s3_rails.products.outputs_json import rewrite_outputs
from miniwdl_aws_s3_rails.products.plan import describe
from miniwdl_aws_s3_rails.products.streams import find_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniwdl_aws_hooks import PublishReport, Settings
    from miniwdl_aws_s3_rails.products.ending import Ending

__all__ = ["FinishedRun", "Layout", "upload_run"]

logger = logging.getLogger(__name__)

MANIFEST_FORMAT = 1


@dataclass(frozen=True)
class Layout:
    """How miniwdl was configured to lay out run directories: its section ``[file_io]``."""

    root: Path = Path("/")
    output_hardlinks: bool = False
    use_relative_output_paths: bool = False


@dataclass(frozen=True)
class FinishedRun:
    """A run that has come to its end, whichever."""

    run_dir: Path
    layout: Layout
    settings: Settings
    ending: Ending
    options: PublishOptions = field(default_factory=PublishOptions)
    reports: Mapping[str, str] = field(default_factory=dict)
    """Texts to be put beside its logs, by their names."""


def upload_run(run: FinishedRun, folder: str, send: Callable[[PublishRequest], PublishReport]) -> dict[str, Any] | None:
    """
    Upload a run.

    :param folder: destination, with a slash at its end.
    :param send: writes one group of files; the ``publish`` hook.
    :return: the outputs with ``s3://`` URIs, or ``None`` when the run failed.
    :raises UploadError: when anything is missing in the end; there is no outputs.json then.
    """
    # What is written for the upload lies where no task can get at it before it is sent.
    run = replace(run, reports={**folded(run.run_dir), **run.reports})
    with tempfile.TemporaryDirectory(prefix="miniwdl-run-s3upload-") as made:
        return _upload(run, folder, send, Path(os.path.realpath(made)))


def _upload(
    run: FinishedRun, folder: str, send: Callable[[PublishRequest], PublishReport], made: Path
) -> dict[str, Any] | None:
    if not run.run_dir.is_dir():
        # An empty folder of outputs would be a run without outputs.
        gone = {run.run_dir.name: "the run directory is not there any more"}
        raise UploadError(gone, folder=folder, run_dir=str(run.run_dir))
    products = collect_outputs(run.run_dir, run.layout.root, hardlinks=run.layout.output_hardlinks)
    data = {name: str(path) for name, path in products.files.items()}
    logs = _logs(run, folder, made)
    groups = _Groups(run, folder, send, failed=dict(products.refused))
    groups.announce({**products.sizes, **{name: _size(path) for name, path in logs.items()}})
    groups.send(data)
    groups.send(logs)
    groups.give_up_if_failed()
    groups.send({MANIFEST: _write_json(made / MANIFEST, groups.manifest())})
    groups.give_up_if_failed()
    if run.ending.outputs is None:
        groups.close()
        return None
    try:
        rewritten = rewrite_outputs(
            run.ending.outputs, products.outputs, run.run_dir, folder, relative=run.layout.use_relative_output_paths
        )
        last = {OUTPUTS_JSON: _write_json(made / OUTPUTS_JSON, rewritten)}
    except RecursionError as exc:  # a task wrote what read_json() made an output
        too_deep = {OUTPUTS_JSON: "it is nested too deeply"}
        raise UploadError(too_deep, folder=folder, run_dir=str(run.run_dir)) from exc
    groups.send(last)
    groups.give_up_if_failed()
    groups.close()
    return rewritten


@dataclass
class _Groups:
    """Sends one group of files after the other, and adds up how it went."""

    run: FinishedRun
    folder: str
    publish: Callable[[PublishRequest], PublishReport]
    failed: dict[str, str]
    uploaded: int = 0
    skipped: int = 0
    size: int = 0
    seconds: float = 0.0
    sizes: dict[str, int] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)

    def announce(self, sizes: dict[str, int]) -> None:
        """Say what is going to travel, where to, and how much it is."""
        self.sizes = sizes
        logger.info("to upload: %d objects, %s, to %s", len(sizes), human_size(sum(sizes.values())), self.folder)
        for line in describe(sizes):
            logger.info("  %s", line)

    def manifest(self) -> dict[str, Any]:
        """Describe what is there now. The same objects give the same text, whenever they were sent."""
        objects = {
            name: {"size": size, **({"check": self.checks[name]} if name in self.checks else {})}
            for name, size in sorted(self.sizes.items())
        }
        return {"format": MANIFEST_FORMAT, "run": self.run.run_dir.name, "objects": objects}

    def send(self, files: Mapping[str, str]) -> None:
        """Send a group; what fails is noted."""
        if not files:
            return
        try:
            run = self.run
            report = self.publish(PublishRequest(str(run.run_dir), self.folder, files, run.settings, run.options))
        except MiniwdlAwsError as exc:
            self.failed.update(dict.fromkeys(files, exc.message))
            return
        self.failed.update(self._without_reports(report.failed))
        self.checks.update(report.checks)
        self.uploaded += report.uploaded
        self.skipped += report.skipped
        self.size += report.size
        self.seconds += report.seconds

    def _without_reports(self, failed: Mapping[str, str]) -> dict[str, str]:
        """Leave out a report or record that could not be written: no run fails for it."""
        for name in failed.keys() & self.run.reports.keys():
            logger.warning("%s was not uploaded: %s", name, failed[name])
            self.sizes.pop(name, None)
        return {name: why for name, why in failed.items() if name not in self.run.reports}

    def give_up_if_failed(self) -> None:
        """Raise an error that names what failed so far."""
        if self.failed:
            raise UploadError(self.failed, folder=self.folder, run_dir=str(self.run.run_dir))

    def close(self) -> None:
        """Say how it went."""
        logger.info(
            UPLOADED,
            self.uploaded,
            self.folder,
            human_size(self.size),
            self.seconds,
            human_size(self.size / max(self.seconds, 1e-3)),
            f"; {self.skipped} were there already" if self.skipped else "",
        )


def _logs(run: FinishedRun, folder: str, made: Path) -> dict[str, str]:
    """Find the run's logs; if it failed, also the failing task's standard streams, and note where they go."""
    real = os.path.realpath(run.run_dir)
    files = {name: f"{real}/{name}" for name in LOGS if is_file(run.run_dir, name)}
    files.update({name: _write(made / name, text) for name, text in run.reports.items()})
    error = run.ending.error
    if error is not None:
        streams = find_streams(error, run.run_dir)
        files.update({STREAMS[stream]: f"{real}/{path}" for stream, path in streams.items()})
        notes = {f"{stream}_s3file": folder + STREAMS[stream] for stream in streams}
        cause = {**cause_of(error), **notes}
        noted = cause if cause_of(error) is error else {**error, "cause": cause}
        files[ERROR_JSON] = _write_json(made / ERROR_JSON, noted)
    return files


def _size(path: str) -> int:
    try:
        return Path(path).lstat().st_size
    except OSError:
        return 0  # publishing it says what is wrong with it


def _write_json(path: Path, content: object) -> str:
    return _write(path, json.dumps(content, indent=2) + "\n")


def _write(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)
