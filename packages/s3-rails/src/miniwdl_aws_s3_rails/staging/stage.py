"""
Keeps files of the submitting machine in S3 by their content, so that each travels once: the ``stage`` hook.

A file lies at ``{folder}sha256/{digest}/{its own name}``, since WDL tasks see that name. A folder lies under one such
prefix as a tree, its digest being that of its listing.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.s3uri import MAX_KEY_BYTES, S3Uri, is_utf8
from miniwdl_aws_core.sizes import human_size
from miniwdl_aws_hooks import StageResult
from miniwdl_aws_s3_rails.errors import OptionError
from miniwdl_aws_s3_rails.transfer.meter import Meter
from miniwdl_aws_s3_rails.transfer.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from concurrent.futures import Future

    from miniwdl_aws_hooks import StageItem, StageRequest
    from miniwdl_aws_s3_rails.transfer.engine import Engine

__all__ = ["stage"]

READ_SIZE = 1024 * 1024


@dataclass(frozen=True)
class _Source:
    """One object to be: a file, or the marker of an empty folder."""

    path: Path | None
    size: int
    modified: int | None = None


@dataclass(frozen=True)
class _Place:
    """Where an item goes."""

    uri: S3Uri
    objects: Mapping[S3Uri, _Source]


def stage(request: StageRequest, engine: Engine) -> StageResult:
    """
    Bring files and folders to S3 unless they are there.

    :raises RailsError: when one of them can't be read, does not get there, or is too much to go without asking.
    """
    folder = S3Uri.parse(request.folder, what="the staging folder").as_folder()
    trees = {item.path: _tree(item) for item in request.items}
    digests = _hash([source for tree in trees.values() for source in tree.values()], engine, request.progress)
    places = {item.path: _place(item, trees[item.path], digests, folder) for item in request.items}
    missing = {}
    for place in places.values():
        missing.update(_missing(engine, place))
    travels = sum(source.size for source in missing.values())
    if request.dry_run:
        for uri, source in missing.items():
            request.progress(f"would upload {source.path or 'an empty folder'} ({human_size(source.size)}) to {uri}")
    elif missing:
        _ask(request, engine, travels)
        meter = Meter("staging", len(missing), travels, request.progress)
        with meter.reporting():
            _send(engine, missing, meter)
        request.progress(meter.line())
    size = sum(source.size for place in places.values() for source in place.objects.values())
    return StageResult({path: str(place.uri) for path, place in places.items()}, size, travels)


def _ask(request: StageRequest, engine: Engine, travels: int) -> None:
    limit = engine.options.confirm_above
    if travels <= limit:
        return
    question = f"{human_size(travels)} of local files would travel to {request.folder}, more than {human_size(limit)}"
    if not request.confirm(question):
        raise OptionError(question, hint="--yes lets them travel, --dry-run lists them")


def _tree(item: StageItem) -> dict[str, _Source]:
    """Find what an item comprises, by name under it; a file has none."""
    path = Path(item.path)
    if path.name in ("", ".."):
        raise OptionError(f"{path} can't be staged: a task sees a file under its own name, and this is none")
    _check_name(path)
    try:
        if not item.directory:
            return {"": _source(path)}
        return {name: _source(path) if path else _Source(None, 0) for name, path in _walk(path, "", ())}
    except OSError as exc:
        raise _unreadable(exc, path) from exc


def _check_name(path: Path) -> None:
    if not is_utf8(path.name):
        raise OptionError(f"{str(path)!a} can't be staged: its name is not valid UTF-8, which S3 demands")


def _source(path: Path) -> _Source:
    """Look at a file before its content is read: a later change is noticed then."""
    now = path.stat()
    if not stat.S_ISREG(now.st_mode):
        # The content of a pipe or device has no end, and may never come.
        raise OptionError(f"{path} can't be staged: it is neither a file nor a folder", hint="move it out of there")
    return _Source(path, now.st_size, now.st_mtime_ns)


def _unreadable(exc: OSError, path: Path) -> OptionError:
    return OptionError(f"{exc.filename or path} can't be read: {exc.strerror or exc}")


def _hash(sources: Iterable[_Source], engine: Engine, say: Callable[[str], None]) -> dict[Path, str]:
    """Work out the digests of all files, several at once."""
    files = {source.path: source.size for source in sources if source.path}
    meter = Meter("hashing", len(files), sum(files.values()), say)

    def digest(path: Path) -> str:
        found = hashlib.sha256()
        try:
            with path.open("rb", buffering=0) as file:
                while block := file.read(READ_SIZE):
                    engine.go_on()
                    found.update(block)
                    meter.add(len(block))
        except OSError as exc:
            raise _unreadable(exc, path) from exc
        meter.finish_one()
        return found.hexdigest()

    futures = {path: engine.pool.submit(digest, path) for path in files}
    with meter.reporting():
        _await(futures.values(), engine)
    return {path: future.result() for path, future in futures.items()}


def _await(futures: Collection[Future[Any]], engine: Engine) -> None:
    """Wait for all; if one fails, or a signal comes, nothing goes on."""
    try:
        for future in as_completed(futures):
            future.result()
    except BaseException:
        engine.give_up(futures)
        raise


def _place(item: StageItem, tree: Mapping[str, _Source], digests: Mapping[Path, str], folder: S3Uri) -> _Place:
    own_name = Path(item.path).name
    by_name = {name: digests[source.path] if source.path else "" for name, source in tree.items()}
    if item.directory:
        listing = json.dumps(by_name, sort_keys=True)
        top = folder.join(f"sha256/{hashlib.sha256(listing.encode()).hexdigest()}/{own_name}/")
        objects = {top.join(name): source for name, source in tree.items()}
    else:
        top = folder.join(f"sha256/{by_name['']}/{own_name}")
        objects = {top: tree[""]}
    for uri, source in objects.items():
        if len(uri.key.encode()) > MAX_KEY_BYTES:
            path = source.path or item.path
            raise OptionError(f"{path} can't be staged: its key would be longer than S3's {MAX_KEY_BYTES} bytes")
    return _Place(top, objects)


def _walk(folder: Path, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, Path | None]]:
    """Go through a folder, links included: the user chose it, so what they lead to belongs to it."""
    real = os.path.realpath(folder)
    if real in above:
        raise OptionError(f"{folder} leads back to a folder above it, so its content has no end")
    entries = sorted(folder.iterdir())
    if not entries:
        yield prefix, None
    for path in entries:
        _check_name(path)
        if path.is_dir():
            yield from _walk(path, f"{prefix}{path.name}/", (*above, real))
        else:
            yield prefix + path.name, path


def _missing(engine: Engine, place: _Place) -> dict[S3Uri, _Source]:
    """Tell what isn't there yet. Where the digest is part of the key, the same size means the same content."""
    if place.uri.is_folder:
        there = {found.key: found.size for found in engine.find_all(place.uri)}
    else:
        found = engine.find(place.uri)
        there = {found.key: found.size} if found else {}
    return {uri: source for uri, source in place.objects.items() if there.get(uri.key) != source.size}


def _send(engine: Engine, missing: Mapping[S3Uri, _Source], meter: Meter) -> None:
    sender = Sender(engine, meter.add)

    def send(uri: S3Uri, source: _Source) -> None:
        if source.path is None:
            sender.put_bytes(uri, b"")
        else:
            sender.put(uri, source.path, source.size, source.modified)
        meter.finish_one()

    futures = [engine.pool.submit(send, uri, source) for uri, source in missing.items()]
    _await(futures, engine)
