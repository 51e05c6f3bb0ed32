"""Writes one group of files under an ``s3://`` folder: the ``publish`` hook, and ``check_destination`` before it."""

from __future__ import annotations

import errno
import logging
import os
import stat
from concurrent.futures import as_completed
from dataclasses import replace
from typing import IO, TYPE_CHECKING

from miniwdl_aws_core.beneath import open_resolved
from miniwdl_aws_core.run_files import make_way
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_hooks import PublishReport
from miniwdl_aws_hooks.protocol import OUTPUTS_JSON
from miniwdl_aws_s3_rails.errors import AccessError, RailsError, TransferError
from miniwdl_aws_s3_rails.products.boundary import OWN_NAMES
from miniwdl_aws_s3_rails.products.destination import check_vacant, check_writable, look_from_afar
from miniwdl_aws_s3_rails.products.plan import Item, make_plan, split_present
from miniwdl_aws_s3_rails.transfer.checksums.etags import PartDigest, file_etag
from miniwdl_aws_s3_rails.transfer.in_parts.left_open import none_left_open
from miniwdl_aws_s3_rails.transfer.meter import Meter
from miniwdl_aws_s3_rails.transfer.sender import Check, Sender, part_size_for, sent_in_parts

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from miniwdl_aws_hooks import DestinationContext, PublishRequest
    from miniwdl_aws_s3_rails.transfer.engine import Engine, Found

__all__ = ["check", "publish"]

logger = logging.getLogger(__name__)

FEW = 16
"""How many objects are looked for one by one, at the same time: a run's logs, which follow its files, are fewer."""

LIST_FACTOR = 10
"""How many more objects than we are going to write are worth listing to find those that are there already."""


def check(context: DestinationContext, engine: Engine) -> None:
    """
    Make sure that the folder can be written, and may be; nothing changes there.

    :raises MiniwdlAwsError: when it can't.
    """
    if context.submitting:
        look_from_afar(engine, context)
        return
    check_writable(engine, context.folder)
    if not context.options.overwrite:
        check_vacant(engine, context.folder)


def publish(request: PublishRequest, engine: Engine) -> PublishReport:
    """
    Write what isn't there yet, all at once.

    An earlier run's files make way first.
    """
    folder = S3Uri.parse(request.folder, what="the destination")
    plan = make_plan(folder, request.files, _size)
    may_replace = request.options.overwrite
    if may_replace:
        make_way(request.files, lambda name: _remove_stale(engine, folder.join(name)))
    missing, equal = split_present(
        plan.items,
        _present(engine, folder, plan.items),
        lambda item: _etag(item, engine.options.part_size),
    )
    if missing and not may_replace and OUTPUTS_JSON not in request.files:
        check_vacant(engine, request.folder)
    meter = Meter("uploading", len(missing), sum(item.size for item in missing), lambda line: logger.info("%s", line))
    in_parts = [item.uri for item in missing if sent_in_parts(item.size, engine.options.part_size)]
    with meter.reporting(), none_left_open(engine, folder, in_parts):
        checks, failed = _send(engine, missing, meter, may_replace=may_replace)
    return PublishReport(
        uploaded=len(checks),
        skipped=len(equal),
        size=sum(item.size for item in missing if item.name in checks),
        seconds=meter.seconds,
        failed={**plan.failed, **failed},
        checks={**checks, **{item.name: Check.MD5.value for item in equal}},
    )


def _size(path: Path) -> int:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return found.st_size


def _etag(item: Item, part_size: int) -> str:
    if item.is_marker:
        return PartDigest().etag(multipart=False)
    try:
        with _open(item.path) as file:
            return file_etag(file, item.size, part_size_for(item.size, part_size))
    except TransferError:
        return ""  # no object's; sending the file says what is wrong with it


def _open(path: Path) -> IO[bytes]:
    """
    Open a product of a run, which tasks can replace until it is open.

    :param path: as it was resolved when the products were collected.
    :raises TransferError: when there is no such file any more, or a link has come between.
    """
    try:
        return os.fdopen(open_resolved(path), "rb", buffering=0)
    except OSError as exc:
        reason = exc.strerror or exc
        raise TransferError(f"{path} is not the file any more that the run made: {reason}", retryable=False) from exc


def _send(
    engine: Engine, items: list[Item], meter: Meter, *, may_replace: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """Send all, and return by name what proves each to be whole, and why each that isn't there failed."""
    data = Sender(engine, meter.add, replace(engine.options.products, replace=may_replace), _open)
    # What tools read right after the run, and what is small, gains nothing from a colder storage class.
    own = replace(data, options=replace(data.options, storage_class=None))

    def send(item: Item) -> Check:
        sender = own if item.name in OWN_NAMES else data
        check = sender.put_bytes(item.uri, b"") if item.is_marker else sender.put(item.uri, item.path, item.size)
        meter.finish_one()
        return check

    futures = {engine.pool.submit(send, item): item for item in items}
    checks: dict[str, str] = {}
    failed: dict[str, str] = {}
    try:
        for future in as_completed(futures):
            name = futures[future].name
            try:
                checks[name] = future.result().value
            except RailsError as exc:
                failed[name] = exc.message
            except OSError as exc:
                failed[name] = str(exc)
    except BaseException:
        engine.give_up(futures)
        raise
    return checks, failed


def _present(engine: Engine, folder: S3Uri, items: Collection[Item]) -> dict[str, Found]:
    """Look for objects that are there already: one by one if they are few, since a listing shows all others too."""
    try:
        if len(items) <= FEW:
            looks = [engine.pool.submit(engine.find, item.uri) for item in items]
            engine.gather(looks)
            return {found.key: found for look in looks if (found := look.result())}
        if engine.seems_empty(folder):
            return {}  # if it isn't, what is there is sent once more
        return engine.peek(folder, limit=LIST_FACTOR * len(items))
    except (AccessError, TransferError) as exc:
        # Writing may be allowed where listing is not; everything travels then.
        logger.debug("cannot tell what is in %s already: %s", folder, exc)
        return {}


def _remove_stale(engine: Engine, uri: S3Uri) -> None:
    try:
        if engine.find(uri) is None:
            return
    except AccessError:
        # Where nothing may be read, or listed, a missing object looks like a forbidden one.
        try:
            engine.remove(uri)
        except AccessError as exc:
            logger.warning("an earlier run's %s may still be there: %s", uri, exc)
        return
    engine.remove(uri)
