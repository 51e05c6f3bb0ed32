"""
What data repository tasks do here: files of a folder become objects, and objects become files.

As on FSx: an import brings files that are new or changed in S3 and leaves those that were changed on the file system;
an export brings files that are new or changed since; a symbolic link is exported as an object that holds its target,
a folder as an empty one whose key ends in a slash; owner, mode and time travel in the object's metadata. Unlike FSx, an
import copies the content at once, releasing only counts, since there is no tier below the folder from which content
could come back, and there is no automatic export.

Jobs write in these folders, and may run in containers that see nothing else of this machine: no link in a folder is
followed, so that none of them has the cloud read or write a file of the host's.

Source: https://docs.aws.amazon.com/fsx/latest/LustreGuide/posix-metadata-support.html
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import threading
from functools import partial
from typing import TYPE_CHECKING

from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeKey

from miniwdl_aws_core import beneath
from miniwdl_aws_local_cloud.fsx.associations import split_repository
from miniwdl_aws_local_cloud.fsx.exceptions import BadRequestError
from miniwdl_aws_local_cloud.fsx.files import content_of, look, make_file, metadata_of
from miniwdl_aws_local_cloud.fsx.tasks import EXPORT, IMPORT, FileFailureError, PathFailureError, Step
from miniwdl_aws_local_cloud.s3.paths import is_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from miniwdl_aws_local_cloud.door.faults import FaultPlan
    from miniwdl_aws_local_cloud.fsx.associations import DataRepositoryAssociation
    from miniwdl_aws_local_cloud.fsx.tasks import DataRepositoryTask
    from miniwdl_aws_local_cloud.s3.store import FileBackedS3

__all__ = ["FolderRepository"]

MAX_KEY = 1024
_TEMPORARY = ".fsx-import-"


class FolderRepository:
    """Moves files between S3 and folders."""

    def __init__(
        self,
        s3: FileBackedS3,
        folder_of: Callable[[str], Path],
        links: Callable[[], Sequence[DataRepositoryAssociation]],
        faults: FaultPlan,
    ) -> None:
        """
        Connect the two sides.

        :param folder_of: gives the folder of a file system.
        :param links: gives all associations, for automatic import.
        """
        self._s3 = s3
        self._folder_of = folder_of
        self._links = links
        self._faults = faults
        # What each file and its object were like when they were last the same.
        self._synced: dict[Path, tuple[int, int, str]] = {}
        self._lock = threading.RLock()
        s3.changed = self._object_changed

    def plan(self, task: DataRepositoryTask, associations: Sequence[DataRepositoryAssociation]) -> list[Step]:
        """List the files of a task."""
        if task.type == IMPORT:
            uris = task.paths or [item.to_dict()["DataRepositoryPath"] for item in associations]
            return [step for uri in uris for step in self._plan_import(uri, associations)]
        exports = task.type == EXPORT
        act = self._export if exports else self._release
        folder = self._folder_of(task.file_system_id)
        return [
            Step(str(path.relative_to(folder)), partial(act, association, path))
            for given in task.paths or [""]
            for association, path in self._files(folder, given, associations)
            if exports or path.is_symlink() or not path.is_dir()
        ]

    def write_report(self, uri: str, text: str) -> None:
        """Put a report into S3."""
        bucket, key = split_repository(uri)
        self._s3.put_object(bucket, key, text.encode())

    def _target(self, association: DataRepositoryAssociation, key: str) -> tuple[Path, str]:
        """Give the folder of the file system, and the path from there."""
        relative = "/".join((*association.folder, key.removeprefix(association.key_prefix)))
        return self._folder_of(association.file_system_id), relative

    def _plan_import(self, uri: str, associations: Sequence[DataRepositoryAssociation]) -> Iterator[Step]:
        try:
            bucket, prefix = split_repository(uri)
        except BadRequestError as exc:
            raise PathFailureError(str(exc)) from exc
        found = False
        for association in associations:
            inside = f"{prefix}/".startswith(association.key_prefix)
            around = association.key_prefix.startswith(f"{prefix}/") or not prefix
            if association.bucket != bucket or not (inside or around):
                continue
            found = True
            for key in self._keys(bucket, prefix if inside and prefix else association.prefix):
                yield Step(key, partial(self._import, association, key))
        if not found:
            raise PathFailureError(f"The path {uri} is not within a data repository association.")

    def _keys(self, bucket: str, prefix: str) -> list[str]:
        try:
            keys = self._s3.get_bucket(bucket).keys
        except MissingBucket as exc:
            raise PathFailureError(f"The bucket {bucket} does not exist.") from exc
        return sorted(
            name
            for name, key in keys.items()
            if isinstance(key, FakeKey) and (not prefix or name == prefix or name.startswith(f"{prefix}/"))
        )

    def _import(self, association: DataRepositoryAssociation, key: str) -> int:
        relative = key.removeprefix(association.key_prefix).removesuffix("/")
        if not relative:  # the marker of the linked folder itself
            return 0
        if not is_plain(relative):
            raise FileFailureError("InvalidPath")
        found = self._s3.get_object(association.bucket, key)
        if found is None:
            raise FileFailureError("S3ObjectNotFound")
        folder, target = self._target(association, key.removesuffix("/"))
        with self._lock:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                if key.endswith("/"):
                    with beneath.folder(folder, target, make=True):
                        return 0
                above, _, name = target.rpartition("/")
                with beneath.folder(folder, above, make=True) as parent:
                    self._write(folder / target, name, parent, found)
            except OSError as exc:  # a file where a folder is needed, or the other way round, or a link
                raise FileFailureError("PathConflict") from exc
        return 0

    def _write(self, target: Path, name: str, parent: int, found: FakeKey) -> None:
        """
        Write a file.

        :param target: by which it is known as synchronized.
        :param parent: descriptor of its folder.
        """
        synced = self._synced.get(target)
        with contextlib.suppress(FileNotFoundError):
            now = look(name, parent)
            changed_here = synced is None or synced[:2] != (now.st_size, now.st_mtime_ns)
            if changed_here or (synced is not None and synced[2] == found.etag):
                return
        incoming = f"{_TEMPORARY}{secrets.token_hex(8)}"
        try:
            make_file(found, incoming, parent)
            os.replace(incoming, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(incoming, dir_fd=parent)
            raise
        now = look(name, parent)
        self._synced[target] = (now.st_size, now.st_mtime_ns, found.etag)

    def _files(
        self, folder: Path, given: str, associations: Sequence[DataRepositoryAssociation]
    ) -> Iterator[tuple[DataRepositoryAssociation, Path]]:
        parts = tuple(part for part in given.split("/") if part)
        start = folder.joinpath(*parts)
        escapes = ".." in parts or (parts and not start.parent.resolve().is_relative_to(folder))
        if escapes or not (start.is_symlink() or start.exists()):
            raise PathFailureError(f"The path {given} is invalid.")
        linked = [(item, folder.joinpath(*item.folder)) for item in associations]
        for item, root in linked:
            if start == root or start.is_relative_to(root):
                yield from ((item, path) for path in _walk(start) if path != root)
                return
        below = [(item, root) for item, root in linked if root.is_relative_to(start)]
        if not below:
            raise PathFailureError(f"The path {given} is not within a data repository association.")
        for item, root in below:
            if root.exists():
                yield from ((item, path) for path in _walk(root) if path != root)

    def _export(self, association: DataRepositoryAssociation, path: Path) -> int:
        folder = self._folder_of(association.file_system_id)
        key = association.key_prefix + path.relative_to(folder.joinpath(*association.folder)).as_posix()
        relative = path.relative_to(folder)
        try:
            with beneath.folder(folder, str(relative.parent)) as parent:
                now = look(path.name, parent)
                if stat.S_ISDIR(now.st_mode):
                    self._export_folder(association, now, f"{key}/")
                    return 0
                failure = self._faults.for_file(str(relative))
                if failure:
                    raise FileFailureError(failure.text)
                if len(os.fsencode(key)) > MAX_KEY:
                    raise FileFailureError("PathSizeTooLong")
                with self._lock:
                    if self._synced.get(path, ())[:2] != (now.st_size, now.st_mtime_ns):
                        content = content_of(path.name, parent)
                        exported = self._s3.put_object(association.bucket, key, content, notify=False)
                        exported.set_metadata(metadata_of(now))
                        self._synced[path] = (now.st_size, now.st_mtime_ns, exported.etag)
        except MissingBucket as exc:
            raise FileFailureError("S3BucketNotFound") from exc
        except (OSError, UnicodeEncodeError) as exc:
            raise FileFailureError("FileReadError") from exc
        return 0

    def _export_folder(self, association: DataRepositoryAssociation, found: os.stat_result, key: str) -> None:
        if self._s3.get_object(association.bucket, key) is None:
            exported = self._s3.put_object(association.bucket, key, b"", notify=False)
            exported.set_metadata(metadata_of(found))

    def _release(self, _association: DataRepositoryAssociation, path: Path) -> int:
        now = path.lstat()
        if self._synced.get(path, ())[:2] != (now.st_size, now.st_mtime_ns):
            raise FileFailureError("FileNotExported")
        return now.st_size

    def _object_changed(self, bucket: str, key: str, event: str) -> None:
        """Import what changed in S3 where an association wants that."""
        for association in self._links():
            if association.bucket != bucket or not key.startswith(association.key_prefix):
                continue
            if event not in association.events("AutoImportPolicy"):
                continue
            if event == "DELETED":
                self._forget(*self._target(association, key))
            else:
                with contextlib.suppress(FileFailureError):
                    self._import(association, key)

    def _forget(self, folder: Path, target: str) -> None:
        above, _, name = target.rpartition("/")
        with self._lock, contextlib.suppress(OSError), beneath.folder(folder, above) as parent:
            now = look(name, parent)
            if self._synced.pop(folder / target, ())[:2] == (now.st_size, now.st_mtime_ns):
                os.unlink(name, dir_fd=parent)


def _walk(path: Path) -> Iterator[Path]:
    """List a path, and all below it when it is a folder; never through links."""
    yield path
    if path.is_symlink() or not path.is_dir():
        return
    for entry in sorted(path.iterdir()):
        if not entry.name.startswith(_TEMPORARY):
            yield from _walk(entry)
