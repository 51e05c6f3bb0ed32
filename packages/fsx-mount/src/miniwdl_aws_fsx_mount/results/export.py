"""
``--publish export``: results reach S3 by FSx's own export tasks instead of by the workflow job's network.

The files are placed under the association that covers the destination, exported, and looked up in S3: a file counts as
published when its object is there with its size. A folder without files becomes an object whose key ends in a slash.

Source: https://docs.aws.amazon.com/fsx/latest/LustreGuide/export-changed-data-meta-dra.html
"""

from __future__ import annotations

import csv
import io
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core import beneath
from miniwdl_aws_core.options.shared import EXPORT, AwsOptions
from miniwdl_aws_core.run_files import make_way
from miniwdl_aws_core.s3uri import SCHEME, S3Uri
from miniwdl_aws_fsx_mount.aws.associations import PathMap
from miniwdl_aws_fsx_mount.aws.file_system import AVAILABLE, check_id
from miniwdl_aws_fsx_mount.aws.fsx_service import CONNECTIONS, FsxService
from miniwdl_aws_fsx_mount.aws.objects import Objects
from miniwdl_aws_fsx_mount.aws.tasks import PATHS_LIMIT, TaskType, run_task
from miniwdl_aws_fsx_mount.errors import FsxError
from miniwdl_aws_fsx_mount.results.placing import check_name, place, renew
from miniwdl_aws_hooks import ConfigurationError, PublishReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from miniwdl_aws_fsx_mount.aws.associations import Association, Located
    from miniwdl_aws_fsx_mount.aws.tasks import TaskService
    from miniwdl_aws_hooks import DestinationContext, PublishOptions, PublishRequest, Settings

__all__ = ["Exporter", "answer_check", "answer_publish", "destination", "export_paths", "read_failures"]

logger = logging.getLogger(__name__)

ROUNDS = 3
"""Times that a file is exported before it counts as failed."""

REPORTS = ".fsx-reports"
"""Folder below an association's prefix where FSx lists files that failed; it must lie within the association."""


def destination(associations: Sequence[Association], folder: str) -> Located:
    """
    Find the place of a destination on the file system.

    :raises FsxError: saying why it can't be exported to, and what to do.
    """
    automatic = [item for item in associations if item.auto_export]
    if automatic:
        raise FsxError(
            f"can't export to {folder}: automatic export is on for {automatic[0].uri}, and FSx allows either that or "
            "export tasks on a file system",
            hint="switch automatic export off, or publish by upload (unset [aws] publish)",
        )
    located = PathMap(associations).locate_folder(folder)
    if located is None:
        broken = _unusable(associations, folder)
        if broken:
            raise FsxError(
                f"can't export to {folder}: its data repository association {broken.id} is {broken.state}",
                hint="look at it in the Amazon FSx console, or publish by upload (unset [aws] publish)",
            )
        known = ", ".join(item.uri for item in associations if item.usable) or "none"
        raise FsxError(
            f"can't export to {folder}: no data repository association covers it (there are: {known})",
            hint="choose a destination under one of them, link the bucket, or publish by upload (unset [aws] publish)",
        )
    return located


def _unusable(associations: Sequence[Association], folder: str) -> Association | None:
    """Find the association that would cover a destination, were it in order."""
    located = PathMap([replace(item, lifecycle=AVAILABLE) for item in associations]).locate_folder(folder)
    return next((item for item in associations if located and item.id == located.association.id), None)


def export_paths(relative: str, names: Iterable[str], limit: int = PATHS_LIMIT) -> list[str]:
    """
    Cover files by as few paths as a task takes, and by as little else as possible.

    :param relative: the folder, from the root of the file system.
    :param names: paths of the files within the folder.
    """
    split = [name.removesuffix("/").split("/") for name in names]
    for depth in range(max(map(len, split)), 0, -1):
        cover = dict.fromkeys("/".join(filter(None, (relative, *parts[:depth]))) for parts in split)
        if len(cover) <= limit:
            return list(cover)
    return [relative or "/"]


def read_failures(report: str, relative: str) -> dict[str, str]:
    """
    Read a completion report: path, status and error code in each line.

    :return: error codes by path within the folder.
    """
    failures = {}
    for row in csv.reader(io.StringIO(report)):
        if len(row) >= 3:
            # A path that a spreadsheet might take for a formula is quoted once more.
            path = row[0].strip('"').strip("/")
            failures[path.removeprefix(f"{relative}/")] = row[2]
    return failures


@dataclass(frozen=True)
class Exporter:
    """Exports files of one file system."""

    fsid: str
    root: Path
    """Where the file system is mounted."""
    service: TaskService
    size_of: Callable[[str, str], int | None]
    """Size of an object by bucket and key; ``None`` when there is none."""
    read: Callable[[str, str], str | None]
    """Text of an object."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def export(self, located: Located, folder: str, files: Mapping[str, str]) -> PublishReport:
        """
        Publish files.

        :param folder: the destination's URI, ending in a slash.
        :param files: where each lies, by its name under the folder; a slash at a name's end means a folder.
        """
        started = self.clock()
        sizes, there, failed = self._place_all(located.relative, files)
        skipped = there - set(self._unpublished(folder, {name: sizes[name] for name in there}))
        wanted = {name: size for name, size in sizes.items() if name not in skipped}
        failed.update(self._export(located, folder, wanted))
        written = [name for name in wanted if name not in failed]
        return PublishReport(
            uploaded=len(written),
            skipped=len(skipped),
            size=sum(wanted[name] for name in written),
            seconds=self.clock() - started,
            failed=failed,
        )

    def _place_all(self, relative: str, files: Mapping[str, str]) -> tuple[dict[str, int], set[str], dict[str, str]]:
        """Place files; return the sizes of all, those that were there already, and why others could not be placed."""
        sizes: dict[str, int] = {}
        there: set[str] = set()
        failed: dict[str, str] = {}
        for name, source in files.items():
            placed = self._try_to_place(Path(source), relative, name)
            if isinstance(placed, str):
                failed[name] = placed
                continue
            was_there, sizes[name] = placed
            if was_there:
                there.add(name)
        return sizes, there, failed

    def _try_to_place(self, source: Path, relative: str, name: str) -> tuple[bool, int] | str:
        """Place a file; return whether it was there already, and its size, or else why it could not be placed."""
        try:
            target = _join(relative, name)
            if not name.endswith("/"):
                return place(source, self.root, target)
            with beneath.folder(self.root, target, make=True):
                return False, 0
        except (OSError, FsxError) as exc:
            return str(exc)

    def _export(self, located: Located, folder: str, sizes: Mapping[str, int]) -> dict[str, str]:
        """Export in rounds, the last ones file by file; return why what is left isn't there."""
        pending, reasons = list(sizes), dict[str, str]()
        report = S3Uri.parse(located.association.uri).join(REPORTS)
        for turn in range(ROUNDS):
            if not pending:
                break
            limit = PATHS_LIMIT if turn == 0 else len(pending)
            paths = export_paths(located.relative, pending, limit)
            for start in range(0, len(paths), PATHS_LIMIT):
                task = run_task(
                    self.service,
                    self.fsid,
                    TaskType.EXPORT,
                    paths[start : start + PATHS_LIMIT],
                    lambda text: logger.info("exporting to %s: %s", folder, text),
                    report=str(report),
                    sleep=self.sleep,
                )
                if task.failed or task.message:
                    text = self.read(report.bucket, report.join(f"{task.id}/failures.csv").key) or ""
                    found = read_failures(text, located.relative)
                    reasons.update(found or dict.fromkeys(pending, task.message or "not exported"))
            pending = self._unpublished(folder, {name: sizes[name] for name in pending})
            for name in pending:
                if name in reasons or name.endswith("/"):
                    continue
                # FSx exports what has changed since it last did. Where it has nothing to do and S3 does not have
                # the file, somebody removed or replaced the object: a new file is exported for certain.
                try:
                    renew(self.root, _join(located.relative, name))
                except OSError as exc:
                    reasons[name] = str(exc)
        return {name: reasons.get(name, "FSx exported it, but S3 does not have it") for name in pending}

    def _unpublished(self, folder: str, sizes: Mapping[str, int]) -> list[str]:
        """Those of some files that S3 does not have in their size."""
        if not sizes:
            return []
        top = S3Uri.parse(folder)
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            found = pool.map(lambda name: self.size_of(top.bucket, top.join(name).key), sizes)
            return [name for name, size in zip(sizes, found, strict=True) if size != sizes[name]]


def _join(relative: str, name: str) -> str:
    return f"{relative}/{check_name(name)}".lstrip("/")


def answer_check(context: DestinationContext) -> bool | None:
    """Answer the ``check_destination`` hook, where export is wanted and the destination is in S3."""
    return True if _export_to(context.folder, context.options, context.settings) else None


def answer_publish(request: PublishRequest) -> PublishReport | None:
    """Answer the ``publish`` hook, where export is wanted and the destination is in S3."""
    found = _export_to(request.folder, request.options, request.settings)
    if found is None:
        return None
    located, service = found
    settings = request.settings
    objects = Objects.connect(AwsOptions(settings).region)
    root = Path(settings.get("file_io", "root") or "/mnt/fsx")
    folder = S3Uri.parse(request.folder)
    make_way(request.files, lambda name: _remove_stale(root, located.relative, folder.join(name), objects))
    exporter = Exporter(check_id(AwsOptions(settings).fs or ""), root, service, objects.size, objects.read)
    return exporter.export(located, request.folder, request.files)


def _export_to(folder: str, options: PublishOptions, settings: Settings) -> tuple[Located, FsxService] | None:
    """
    Find where an export has to be placed, and what does it; ``None`` where somebody else publishes.

    :raises MiniwdlAwsError: saying why it can't be exported to, and what to do.
    """
    if options.publisher != EXPORT or not folder.startswith(SCHEME):
        return None
    if not options.overwrite:
        raise ConfigurationError(
            "--no-overwrite can't be kept by --publish export: an export replaces what is there",
            hint="publish by upload, or leave out --no-overwrite",
        )
    aws = AwsOptions(settings)
    if aws.fs is None:
        raise ConfigurationError("--publish export needs [aws] fs, the file system to export from")
    service = FsxService.connect(aws.region)
    return destination(service.associations(check_id(aws.fs)), folder), service


def _remove_stale(root: Path, relative: str, stale: S3Uri, objects: Objects) -> None:
    """
    Remove a file of an earlier run on both sides.

    :param relative: its folder, from the root of the file system.
    """
    # First in S3: automatic import then finds nothing to bring back.
    if objects.size(stale.bucket, stale.key) is not None:
        objects.remove(stale.bucket, stale.key)
    with suppress(FileNotFoundError), beneath.folder(root, relative) as placed:
        os.unlink(stale.basename, dir_fd=placed)
