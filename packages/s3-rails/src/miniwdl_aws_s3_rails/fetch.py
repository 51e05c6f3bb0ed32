"""
Brings objects, as products of a run, from S3 to this machine: the ``fetch`` hook.

What is there already is never written to. Objects arrive in a folder beside their places, and take these once they are
whole, some at a time: what has come before something goes wrong stays, and is left out when it is asked for again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import Kind
from miniwdl_aws_core.beneath import folder, holds
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_core.sizes import human_size
from miniwdl_aws_hooks import FetchReport
from miniwdl_aws_s3_rails.errors import AccessError, TransferError
from miniwdl_aws_s3_rails.inside_miniwdl.places import layout
from miniwdl_aws_s3_rails.transfer.meter import Meter
from miniwdl_aws_s3_rails.transfer.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from miniwdl_aws_hooks import FetchRequest
    from miniwdl_aws_s3_rails.transfer.engine import Engine, Found

__all__ = ["fetch"]

AT_ONCE = 64
"""Objects that arrive together."""

Wanted = tuple[str, str, "Found"]
"""Path from the local folder, bucket, and the object."""


def fetch(request: FetchRequest, engine: Engine) -> FetchReport:
    """
    Download what isn't there yet.

    :raises AccessError: when an object does not exist or can't be read, or its name can't be that of a file.
    :raises TransferError: when one does not arrive, or can't have its place, or all have more than the limit.
    """
    top = Path(request.folder)
    wanted = _unambiguous([item for uri, name in request.files.items() for item in _objects(engine, uri, name)])
    _check_size(request, sum(found.size for _, _, found in wanted.values()))
    try:
        top.mkdir(parents=True, exist_ok=True)
        there = {name: _is_same(engine, top, item) for name, item in wanted.items() if os.path.lexists(top / name)}
        missing = [item for name, item in wanted.items() if name not in there]
        size = sum(found.size for _, _, found in missing)
        meter = Meter("downloading", len(missing), size, request.progress)
        receiver = Receiver(engine, meter.add)
        with meter.reporting():
            for some in _together(missing):
                _receive(receiver, top, some)
                for _ in some:
                    meter.finish_one()
    except OSError as exc:
        raise TransferError(f"can't write to {top}: {exc.strerror or exc}", retryable=False) from exc
    differing = tuple(sorted(name for name, same in there.items() if not same))
    return FetchReport(len(missing), len(there) - len(differing), size, differing)


def _check_size(request: FetchRequest, size: int) -> None:
    if request.limit is not None and size > request.limit:
        named = next(iter(request.files))
        more = f" and {len(request.files) - 1} more" if len(request.files) > 1 else ""
        raise TransferError(
            f"{named}{more}: {human_size(size)} are more than the {human_size(request.limit)} that may come",
            retryable=False,
        )


def _objects(engine: Engine, text: str, name: str) -> Iterator[Wanted]:
    uri = S3Uri.parse(text, what="an output")
    if not uri.is_folder:
        found = engine.find(uri)
        if found is None:
            raise AccessError(f"{uri} does not exist", kind=Kind.MISSING)
        yield name, uri.bucket, found
        return
    listed = engine.find_all(uri)
    if not listed:
        raise AccessError(f"there is nothing under {uri}", kind=Kind.MISSING)
    _folders, files = layout(uri, listed)  # which refuses names that lead out of the folder
    for below, found in files.items():
        yield f"{name.rstrip('/')}/{below}", uri.bucket, found


def _unambiguous(items: Sequence[Wanted]) -> Mapping[str, Wanted]:
    places: dict[str, Wanted] = {}
    for item in items:
        name, bucket, found = item
        before = places.setdefault(name, item)
        if before[1:] != (bucket, found):
            raise TransferError(f"two results would both be {name}", retryable=False)
    return places


def _is_same(engine: Engine, top: Path, item: Wanted) -> bool:
    name, bucket, found = item
    try:
        return Receiver(engine).holds(S3Uri(bucket, found.key), found, top, name)
    except OSError:
        return False  # a folder, or a link, in the place of the file


def _together(items: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    for _bucket, group in groupby(items, key=lambda item: item[1]):
        some = list(group)
        for start in range(0, len(some), AT_ONCE):
            yield some[start : start + AT_ONCE]


def _receive(receiver: Receiver, top: Path, items: Sequence[Wanted]) -> None:
    """Fetch objects of one bucket beside their places, then put them there."""
    arriving = tempfile.mkdtemp(prefix=".arriving-", dir=top)
    try:
        wanted = [(found, str(number)) for number, (_, _, found) in enumerate(items)]
        receiver.fetch_all(items[0][1], wanted, Path(arriving))
        for number, (name, _, _) in enumerate(items):
            path = PurePosixPath(name)
            with folder(top, str(path.parent), make=True) as parent:
                if holds(parent, path.name):
                    raise TransferError(f"{top / name} has been made by somebody else meanwhile", retryable=False)
                os.rename(f"{arriving}/{number}", path.name, dst_dir_fd=parent)
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
