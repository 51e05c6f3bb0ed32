"""
Keeps files of the submitting machine in S3 by their content, so that each travels once: the ``stage`` hook.

Where they lie is :mod:`~miniwdl_aws_s3_rails.staging.places`' business.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_core.sizes import human_size
from miniwdl_aws_hooks import StageResult
from miniwdl_aws_s3_rails.errors import OptionError
from miniwdl_aws_s3_rails.staging.contents import Contents
from miniwdl_aws_s3_rails.staging.places import identity, plan_places
from miniwdl_aws_s3_rails.staging.sources import read_tree, unreadable
from miniwdl_aws_s3_rails.transfer.copying import copy_object
from miniwdl_aws_s3_rails.transfer.in_parts.left_open import none_left_open
from miniwdl_aws_s3_rails.transfer.meter import Meter
from miniwdl_aws_s3_rails.transfer.sender import Sender, sent_in_parts
from miniwdl_aws_s3_rails.transfer.writing import EXECUTABLE, PutOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from miniwdl_aws_hooks import StageRequest
    from miniwdl_aws_s3_rails.staging.places import Place
    from miniwdl_aws_s3_rails.staging.sources import Source
    from miniwdl_aws_s3_rails.transfer.engine import Engine, Found

__all__ = ["stage"]

READ_SIZE = 1024 * 1024


@dataclass(frozen=True)
class _Missing:
    """An object that isn't there yet."""

    uri: S3Uri
    source: Source
    identity: str = ""
    """Of a file, whose place is remembered."""
    elsewhere: Found | None = None
    """An object in the staging folder with the same content."""

    @property
    def travels(self) -> int:
        """Bytes that have to leave this machine."""
        return 0 if self.elsewhere else self.source.size


def stage(request: StageRequest, engine: Engine) -> StageResult:
    """
    Bring files and folders to S3 unless they are there.

    :raises RailsError: when one of them can't be read, does not get there, or is too much to go without asking.
    """
    folder = S3Uri.parse(request.folder, what="the staging folder").as_folder()
    trees = {item.path: read_tree(item) for item in request.items}
    identities = _hash([source for tree in trees.values() for source in tree.values()], engine, request.progress)
    places = plan_places(request.items, trees, identities, folder)
    contents = Contents(engine, folder)
    missing = _missing(engine, places.values(), identities, contents)
    travels = sum(item.travels for item in missing)
    if request.dry_run:
        for item in missing:
            request.progress(_would(item))
    elif missing:
        _ask(request, engine, travels)
        meter = Meter("staging", len(missing), travels, request.progress)
        in_parts = [item.uri for item in missing if sent_in_parts(item.source.size, engine.options.part_size)]
        with meter.reporting(), none_left_open(engine, folder, in_parts):
            _send(engine, missing, contents, meter)
        request.progress(meter.line())
    size = sum(source.size for place in places.values() for source in place.objects.values())
    return StageResult({path: str(place.uri) for path, place in places.items()}, size, travels)


def _would(item: _Missing) -> str:
    what = f"{item.source.path or 'an empty folder'} ({human_size(item.source.size)}) to {item.uri}"
    if item.elsewhere:
        return f"would copy {what} from s3://{item.uri.bucket}/{item.elsewhere.key}"
    return f"would upload {what}"


def _ask(request: StageRequest, engine: Engine, travels: int) -> None:
    limit = engine.options.confirm_above
    if travels <= limit:
        return
    question = f"{human_size(travels)} of local files would travel to {request.folder}, more than {human_size(limit)}"
    if not request.confirm(question):
        raise OptionError(question, hint="--yes lets them travel, --dry-run lists them")


def _hash(sources: Iterable[Source], engine: Engine, say: Callable[[str], None]) -> dict[Path, str]:
    """Work out the identities of all files, several at once."""
    files = {source.path: source for source in sources if source.path}
    meter = Meter("hashing", len(files), sum(source.size for source in files.values()), say)

    def digest(path: Path) -> str:
        found = hashlib.sha256()
        try:
            with path.open("rb", buffering=0) as file:
                while block := file.read(READ_SIZE):
                    engine.go_on()
                    found.update(block)
                    meter.add(len(block))
        except OSError as exc:
            raise unreadable(exc, path) from exc
        meter.finish_one()
        return found.hexdigest()

    futures = {path: engine.pool.submit(digest, path) for path in files}
    with meter.reporting():
        _await(futures.values(), engine)
    return {path: identity(futures[path].result(), executable=source.executable) for path, source in files.items()}


def _await(futures: Collection[Future[Any]], engine: Engine) -> None:
    """Wait for all; if one fails, or a signal comes, nothing goes on."""
    try:
        for future in as_completed(futures):
            future.result()
    except BaseException:
        engine.give_up(futures)
        raise


def _missing(
    engine: Engine, places: Collection[Place], identities: Mapping[Path, str], contents: Contents
) -> list[_Missing]:
    """Tell what isn't there yet. Where the digest is part of the key, the same size means the same content."""
    wanted = {uri: source for place in places for uri, source in place.objects.items()}
    neighbours: dict[S3Uri, list[Place]] = {}
    for place in places:
        neighbours.setdefault(place.folder, []).append(place)
    there: dict[str, int] = {}
    for folder, group in neighbours.items():
        alone = group[0].uri if len(group) == 1 and not group[0].uri.is_folder else None
        found = [engine.find(alone)] if alone else engine.find_all(folder)
        there.update({item.key: item.size for item in found if item})

    def look(uri: S3Uri, source: Source) -> _Missing:
        if source.path is None:
            return _Missing(uri, source)
        known = identities[source.path]
        return _Missing(uri, source, known, contents.find(known, source.size))

    lacking = {uri: source for uri, source in wanted.items() if there.get(uri.key) != source.size}
    futures = [engine.pool.submit(look, uri, source) for uri, source in lacking.items()]
    engine.gather(futures)
    return [future.result() for future in futures]


def _send(engine: Engine, missing: Collection[_Missing], contents: Contents, meter: Meter) -> None:
    senders = {executable: Sender(engine, meter.add, _options(executable=executable)) for executable in (False, True)}

    def send(item: _Missing) -> None:
        source = item.source
        sender = senders[source.executable]
        if source.path is None:
            sender.put_bytes(item.uri, b"")
        elif item.elsewhere:
            copy_object(engine, item.elsewhere, item.uri, sender.options)
        else:
            sender.put(item.uri, source.path, source.size, source.modified)
            if item.identity:
                contents.remember(item.identity, source.size, item.uri)
        meter.finish_one()

    futures = [engine.pool.submit(send, item) for item in missing]
    _await(futures, engine)


def _options(*, executable: bool) -> PutOptions:
    return PutOptions(metadata=EXECUTABLE if executable else ())
