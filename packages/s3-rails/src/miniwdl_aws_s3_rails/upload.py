"""
Sends the products of a finished run to its upload folder: data, then logs and error.json, then outputs.json.

The order is a promise: where ``outputs.json`` is, everything that it names is there too. Just before it comes
a manifest that says of each object how large it is and what proves that it is whole.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_hooks import MiniwdlAwsError, PublishRequest
from miniwdl_aws_hooks.protocol import ERROR_JSON, OUTPUTS_JSON, UPLOADED
from miniwdl_aws_s3_rails.errors import UploadError
from miniwdl_aws_s3_rails.meter import human_size
from miniwdl_aws_s3_rails.outputs import rewrite_outputs
from miniwdl_aws_s3_rails.plan import describe
from miniwdl_aws_s3_rails.products import (
    LOGS,
    MANIFEST,
    STREAMS,
    Products,
    collect_outputs,
    is_within,
    plain_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniwdl_aws_hooks import PublishReport, Settings

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


def upload_run(run: FinishedRun, folder: str, send: Callable[[PublishRequest], PublishReport]) -> dict[str, Any] | None:
    """
    Upload a run.

    :param folder: destination, with a slash at its end.
    :param send: writes one group of files; the ``publish`` hook.
    :return: the outputs with ``s3://`` URIs, or ``None`` when the run failed.
    :raises UploadError: when anything is missing in the end; there is no outputs.json then.
    """
    products = collect_outputs(run.run_dir, run.layout.root, hardlinks=run.layout.output_hardlinks)
    data = {name: str(path) for name, path in products.files.items()}
    logs = _logs(run.run_dir, folder)
    groups = _Groups(run, folder, send, failed=dict(products.refused))
    groups.announce({**products.sizes, **{name: _size(path) for name, path in logs.items()}})
    groups.send(data)
    groups.send(logs)
    groups.give_up_if_failed()
    groups.send({MANIFEST: str(_write_json(run.run_dir / MANIFEST, groups.manifest()))})
    groups.give_up_if_failed()
    if not plain_file(run.run_dir / OUTPUTS_JSON) or plain_file(run.run_dir / ERROR_JSON):
        groups.close()
        return None
    rewritten = _rewritten(run, products, folder)
    groups.send({OUTPUTS_JSON: str(_write_json(run.run_dir / "outputs.s3.json", rewritten))})
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
            report = self.publish(PublishRequest(str(self.run.run_dir), self.folder, files, self.run.settings))
        except MiniwdlAwsError as exc:
            self.failed.update(dict.fromkeys(files, exc.message))
            return
        self.failed.update(report.failed)
        self.checks.update(report.checks)
        self.uploaded += report.uploaded
        self.skipped += report.skipped
        self.size += report.size
        self.seconds += report.seconds

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


def _rewritten(run: FinishedRun, products: Products, folder: str) -> dict[str, Any]:
    outputs = json.loads((run.run_dir / OUTPUTS_JSON).read_text())
    return rewrite_outputs(
        outputs, products.outputs, run.run_dir, folder, relative=run.layout.use_relative_output_paths
    )


def _logs(run_dir: Path, folder: str) -> dict[str, str]:
    files = {name: str(run_dir / name) for name in LOGS if plain_file(run_dir / name)}
    if plain_file(run_dir / ERROR_JSON):
        error = json.loads((run_dir / ERROR_JSON).read_text())
        files.update(_streams(error, run_dir, folder))
        files[ERROR_JSON] = str(_write_json(run_dir / "error.s3.json", error))
    return files


def _streams(error: dict[str, Any], run_dir: Path, folder: str) -> dict[str, str]:
    """Find the failing task's standard streams, and note in the error where they go."""
    cause = error.get("cause", error)
    files = {}
    for stream, name in STREAMS.items():
        path = _stream(cause, stream)
        # The task had its hands on these files: a link in their place may lead anywhere.
        if path is not None and is_within(path, run_dir) and plain_file(path):
            files[name] = str(path)
            cause[f"{stream}_s3file"] = folder + name
    return files


def _stream(cause: Mapping[str, Any], stream: str) -> Path | None:
    """
    Tell where a standard stream of the failing task is.

    miniwdl (``WDL.runtime.error_json``) names the file only where the command's exit code was the failure. After a
    missing output, a timeout or a lost host there is the task's directory, with a file for each try: ``stderr.txt``,
    ``stderr2.txt``.
    """
    named, folder = cause.get(f"{stream}_file"), cause.get("dir")
    if named or not folder:
        return Path(named) if named else None
    tries = re.compile(rf"{stream}(\d*)\.txt")
    found = [
        (int(match[1] or 1), path)
        for path in Path(folder).glob(f"{stream}*.txt")
        if (match := tries.fullmatch(path.name))
    ]
    return max(found)[1] if found else None


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0  # publishing it says what is wrong with it


def _write_json(path: Path, content: object) -> Path:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(content, indent=2) + "\n")
    return temporary.replace(path)
