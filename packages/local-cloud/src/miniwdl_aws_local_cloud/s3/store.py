"""
S3 whose objects are plain files that the user can open, and that survive the cloud's end.

The API is moto's; this backend keeps the content of each object in a file instead of in memory. Files that somebody
puts into a bucket's folder by hand are objects at once, since each request looks at the files that it is about. Besides
the content, ETag, metadata and checksums are kept, in an index written at the end; without it they are what S3 would
make of a plain upload. Versions, tags and other attributes last as long as the cloud is up.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import shutil
import threading
import uuid
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

from moto.s3.exceptions import InvalidBucketName, MissingBucket, NoSuchUpload
from moto.s3.models import FakeKey, S3Backend, s3_backends

from miniwdl_aws_local_cloud.s3.paths import KeyPaths

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from moto.s3.models import FakeBucket

__all__ = ["FileBackedS3", "file_backed", "object_file"]

INDEX = ".index.json"
INCOMING = ".incoming"
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEPT = ("_etag", "checksum_algorithm", "checksum_value", "checksum_type", "checksum_parts")


class _FileBuffer:
    """Stands in for the temporary file in which moto keeps an object: opens the real file when it is read."""

    def __init__(self, path: Path, stat: os.stat_result) -> None:
        self.path = path
        self.seen = _state_of(stat)
        self._at = 0

    def seek(self, offset: int, _whence: int = 0) -> int:
        self._at = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self._at)
            data = file.read(size)
        self._at += len(data)
        return data

    def close(self) -> None:
        """Nothing is held open."""


def _state_of(stat: os.stat_result) -> tuple[int, int]:
    """Tell by what a file that was changed by hand differs."""
    return stat.st_size, stat.st_mtime_ns


def object_file(key: FakeKey) -> Path | None:
    """Path of the file with an object's content; ``None`` while moto keeps it in memory."""
    buffer = key._value_buffer  # the one place where moto keeps the content
    return buffer.path if isinstance(buffer, _FileBuffer) else None


def _back(key: FakeKey, path: Path, stat: os.stat_result) -> None:
    """Let a file be the content of an object."""
    key._value_buffer.close()
    key._value_buffer = _FileBuffer(path, stat)  # type: ignore[assignment]  # it has what moto uses of one
    key.contentsize = stat.st_size


def _is_current(key: FakeKey, path: Path, stat: os.stat_result) -> bool:
    """Whether an object is what its file says; one in memory is, and so is one whose file is another."""
    buffer: Any = key._value_buffer
    return not isinstance(buffer, _FileBuffer) or buffer.path != path or buffer.seen == _state_of(stat)


def file_backed(root: Path, *, looking: bool = False) -> Callable[..., FileBackedS3]:
    """Make what moto calls to create the backend of an account: one that keeps objects below a folder."""

    def create(region_name: str, account_id: str) -> FileBackedS3:
        return FileBackedS3(region_name, account_id, root, looking=looking)

    return create


class FileBackedS3(S3Backend):
    """moto's S3, with objects in files."""

    def __init__(self, region_name: str, account_id: str, root: Path, *, looking: bool = False) -> None:
        """
        Serve the objects that lie below a folder.

        :param root: its folders are the buckets.
        :param looking: nothing is put there, and the folder stays as it is.
        """
        super().__init__(region_name, account_id)
        self.changed: Callable[[str, str, str], None] | None = None
        """Told of each object that changes: bucket, key, and NEW, CHANGED or DELETED."""
        self._root = root
        self._incoming = root / INCOMING
        # An object is visible only when its content is in place.
        self._lock = threading.RLock()
        self._looking = looking
        if not looking:
            shutil.rmtree(self._incoming, ignore_errors=True)
            self._incoming.mkdir(parents=True)
        index = _read_index(root / INDEX)
        for folder in sorted(root.iterdir()) if root.is_dir() else ():
            if folder.is_dir() and _BUCKET_NAME.fullmatch(folder.name):
                self._load(folder.name, index.get(folder.name, {}))

    def _paths(self, bucket_name: str) -> KeyPaths:
        return KeyPaths(self._root, bucket_name)

    def _load(self, bucket_name: str, index: Mapping[str, Any]) -> None:
        bucket = self.create_bucket(bucket_name, "us-east-1")
        for name, entry in self._paths(bucket_name).items():
            stat = entry.stat()
            self._adopt(bucket, name, Path(entry.path), stat, index.get(name))

    def _adopt(
        self, bucket: FakeBucket, name: str, path: Path, stat: os.stat_result, kept: Mapping[str, Any] | None = None
    ) -> FakeKey:
        key = FakeKey(
            name=name, value=b"", account_id=self.account_id, region_name=self.region_name, bucket_name=bucket.name
        )
        _back(key, path, stat)
        modified = datetime.datetime.fromtimestamp(stat.st_mtime, tz=datetime.UTC)
        key.last_modified = modified.replace(tzinfo=None)
        if kept and kept["size"] == stat.st_size and kept["mtime_ns"] == stat.st_mtime_ns:
            for attribute in _KEPT:
                setattr(key, attribute, kept.get(attribute))
            key.set_metadata(dict(kept["metadata"]))
        bucket.keys[name] = key
        return key

    def add_bundled(self, bucket_name: str, files: Mapping[str, Path]) -> None:
        """Make a bucket of files that lie elsewhere; objects that it has already are kept."""
        bucket = self.buckets.get(bucket_name)
        if bucket is None:
            s3_backends.bucket_accounts.pop(bucket_name, None)
            bucket = super().create_bucket(bucket_name, "us-east-1")
        for name, path in files.items():
            if name not in bucket.keys:
                self._adopt(bucket, name, path, path.stat())

    def create_bucket(self, bucket_name: str, region_name: str, bucket_namespace: str | None = None) -> FakeBucket:
        """Make a bucket and its folder."""
        if not _BUCKET_NAME.fullmatch(bucket_name):
            raise InvalidBucketName
        if bucket_name not in self.buckets:
            # moto keeps one name space for all accounts of the process, and another local cloud may have the name too.
            s3_backends.bucket_accounts.pop(bucket_name, None)
        bucket = super().create_bucket(bucket_name, region_name, bucket_namespace)
        if not self._looking:
            self._paths(bucket_name).folder.mkdir(exist_ok=True)
        return bucket

    def get_bucket(self, bucket_name: str) -> FakeBucket:
        """Find a bucket of this cloud; moto would look into other accounts as well."""
        if bucket_name not in self.buckets and not self._load_new(bucket_name):
            raise MissingBucket(bucket=bucket_name)
        return self.buckets[bucket_name]

    def list_buckets(self, *args: Any, **options: Any) -> Any:
        """List the buckets, also new folders."""
        for folder in self._root.iterdir() if self._root.is_dir() else ():
            if folder.name not in self.buckets:
                self._load_new(folder.name)
        return super().list_buckets(*args, **options)

    def _load_new(self, bucket_name: str) -> bool:
        """Make a bucket of a folder that somebody has made; tell whether there is one."""
        with self._lock:
            if _BUCKET_NAME.fullmatch(bucket_name) and self._paths(bucket_name).folder.is_dir():
                if bucket_name not in self.buckets:
                    self._load(bucket_name, {})
                return True
        return False

    def _renew(self, bucket: FakeBucket, name: str, path: Path) -> None:
        """Take notice of a file that is new, that somebody has changed, or that is gone."""
        key = bucket.keys.get(name)
        try:
            stat = path.stat()
        except (OSError, ValueError):
            if isinstance(key, FakeKey) and object_file(key) == path:
                bucket.keys.pop(name)
            return
        is_changed = isinstance(key, FakeKey) and not _is_current(key, path, stat)
        if S_ISREG(stat.st_mode) and (key is None or is_changed):
            self._adopt(bucket, name, path, stat)

    def _renew_all(self, bucket: FakeBucket, prefix: str) -> None:
        found = set()
        with contextlib.suppress(OSError):  # a folder that goes meanwhile: the next request finds the rest
            for name, entry in self._paths(bucket.name).plain_files(prefix):
                found.add(name)
                self._renew(bucket, name, Path(entry.path))
        for name, key in list(bucket.keys.items()):
            path = object_file(key) if isinstance(key, FakeKey) and name not in found else None
            if path is not None and name.startswith(prefix):
                self._renew(bucket, name, path)

    def list_objects(self, bucket: FakeBucket, prefix: str | None, *args: Any, **options: Any) -> Any:
        """List objects, all of them as their files are now."""
        with self._lock:
            self._renew_all(bucket, prefix or "")
            return super().list_objects(bucket, prefix, *args, **options)

    def delete_bucket(self, bucket_name: str) -> FakeBucket | None:
        """Remove an empty bucket and its folder."""
        with self._lock:
            self._renew_all(self.get_bucket(bucket_name), "")
        bucket = super().delete_bucket(bucket_name)
        if bucket is not None:
            with contextlib.suppress(OSError):
                self._paths(bucket_name).folder.rmdir()
        return bucket

    def put_object(  # type: ignore[override]  # everything else is handed on
        self, bucket_name: str, key_name: str, value: bytes, *, notify: bool = True, **options: Any
    ) -> FakeKey:
        """
        Write the file first, then make the object visible.

        :param notify: whether the change is told of.
        """
        event = "CHANGED" if self.get_object(bucket_name, key_name) is not None else "NEW"
        key = self._put(bucket_name, key_name, value, options)
        if notify and self.changed is not None:
            self.changed(bucket_name, key_name, event)
        return key

    def _put(self, bucket_name: str, key_name: str, value: bytes, options: dict[str, Any]) -> FakeKey:
        bucket = self.get_bucket(bucket_name)
        incoming = self._incoming / uuid.uuid4().hex
        incoming.write_bytes(value)
        with self._lock:
            path = self._paths(bucket_name).choose(key_name)
            incoming.replace(path)
            if bucket.is_versioned:
                # Older versions stay in memory; the file is the newest one.
                return super().put_object(bucket_name, key_name, value, **options)
            key = super().put_object(bucket_name, key_name, b"", **options)
            _back(key, path, path.stat())
            return key

    def complete_multipart_upload(
        self, bucket_name: str, multipart_id: str, body: Iterator[tuple[int, str]]
    ) -> FakeKey | None:
        """
        Put the parts together, and let go of them: moto would keep them in memory.

        :raises NoSuchUpload: when there is no such upload, any more or at all; moto ends in an error of its own.
        """
        if multipart_id not in self.get_bucket(bucket_name).multiparts:
            raise NoSuchUpload(upload_id=multipart_id)
        key = super().complete_multipart_upload(bucket_name, multipart_id, body)
        if key is not None and key.multipart is not None:
            key.multipart.dispose()
            key.multipart = None
        return key

    def get_object(self, bucket_name: str, key_name: str, *args: Any, **options: Any) -> FakeKey | None:
        """Find an object, as its file is now."""
        with self._lock:
            self._renew(self.get_bucket(bucket_name), key_name, self._paths(bucket_name).find(key_name))
            return super().get_object(bucket_name, key_name, *args, **options)

    def delete_object(
        self, bucket_name: str, key_name: str, version_id: str | None = None, bypass: bool = False
    ) -> tuple[bool, dict[str, Any]]:
        """Remove an object and its file."""
        with self._lock:
            answer: tuple[bool, dict[str, Any]] = super().delete_object(bucket_name, key_name, version_id, bypass)
            gone = not isinstance(self.get_bucket(bucket_name).keys.get(key_name), FakeKey)
            if gone:
                self._paths(bucket_name).remove(key_name)
        if gone and self.changed is not None:
            self.changed(bucket_name, key_name, "DELETED")
        return answer

    def close(self) -> None:
        """Write the index, and let go of everything."""
        if not self._looking:
            self._write_index()
        for bucket in list(self.buckets.values()):
            for versions in bucket.keys.lists():
                for key in versions[1]:
                    if isinstance(key, FakeKey):
                        key.dispose()
            for multipart in bucket.multiparts.values():
                multipart.dispose()

    def _write_index(self) -> None:
        index = {
            bucket.name: {name: kept for name, key in bucket.keys.items() if (kept := _kept(key)) is not None}
            for bucket in self.buckets.values()
        }
        shutil.rmtree(self._incoming, ignore_errors=True)
        incoming = self._root / f"{INDEX}.new"
        incoming.write_text(json.dumps(index), encoding="utf-8")
        incoming.replace(self._root / INDEX)


def _kept(key: Any) -> dict[str, Any] | None:
    path = object_file(key) if isinstance(key, FakeKey) else None
    if path is None:
        return None
    try:
        stat = path.stat()
    except FileNotFoundError:  # somebody removed it by hand
        return None
    return {
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "metadata": dict(key.metadata),
        **{name: getattr(key, name) for name in _KEPT},
    }


def _read_index(path: Path) -> dict[str, dict[str, Any]]:
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return index if isinstance(index, dict) else {}
