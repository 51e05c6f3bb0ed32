"""Writes one group of files under an ``s3://`` folder: the ``publish`` hook."""

from __future__ import annotations

import logging
from concurrent.futures import as_completed
from typing import TYPE_CHECKING

from miniwdl_aws_hooks import PublishReport
from miniwdl_aws_s3_rails.errors import AccessError, RailsError, TransferError
from miniwdl_aws_s3_rails.etags import PartDigest, file_etag
from miniwdl_aws_s3_rails.meter import Meter
from miniwdl_aws_s3_rails.plan import Item, make_plan, split_present
from miniwdl_aws_s3_rails.products import ERROR_JSON, OUTPUTS_JSON
from miniwdl_aws_s3_rails.sender import Sender, part_size_for
from miniwdl_aws_s3_rails.uri import S3Uri

if TYPE_CHECKING:
    from concurrent.futures import Future

    from miniwdl_aws_hooks import PublishRequest
    from miniwdl_aws_s3_rails.engine import Engine, Found

__all__ = ["publish"]

logger = logging.getLogger(__name__)

LIST_FACTOR = 10
"""How many more objects than we are going to write are worth listing to find those that are there already."""


def publish(request: PublishRequest, engine: Engine) -> PublishReport:
    """
    Write what isn't there yet, all at once.

    ``outputs.json`` stands for a whole upload: an older one is removed before anything else changes.
    """
    folder = S3Uri.parse(request.folder, what="the destination")
    plan = make_plan(folder, request.files, lambda path: path.stat().st_size)
    is_last = OUTPUTS_JSON in request.files
    _remove_stale(engine, folder.join(ERROR_JSON if is_last else OUTPUTS_JSON))
    missing, equal = split_present(
        plan.items,
        _present(engine, folder, len(plan.items)),
        lambda item: _etag(item, engine.options.part_size),
    )
    meter = Meter("uploading", len(missing), sum(item.size for item in missing), lambda line: logger.info("%s", line))
    with meter.reporting():
        failed = _send(engine, missing, meter)
    sent = [item for item in missing if item.name not in failed]
    return PublishReport(
        uploaded=len(sent),
        skipped=len(equal),
        size=sum(item.size for item in sent),
        seconds=meter.seconds,
        failed={**plan.failed, **failed},
    )


def _etag(item: Item, part_size: int) -> str:
    if item.is_marker:
        return PartDigest().etag(multipart=False)
    return file_etag(item.path, item.size, part_size_for(item.size, part_size))


def _send(engine: Engine, items: list[Item], meter: Meter) -> dict[str, str]:
    sender = Sender(engine, meter.add)

    def send(item: Item) -> None:
        if item.is_marker:
            sender.put_bytes(item.uri, b"")
        else:
            sender.put(item.uri, item.path, item.size)
        meter.finish_one()

    futures = {engine.pool.submit(send, item): item for item in items}
    try:
        return {futures[future].name: reason for future in as_completed(futures) if (reason := _failure(future))}
    finally:
        for future in futures:
            future.cancel()


def _failure(future: Future[None]) -> str | None:
    exc = future.exception()
    if exc is None:
        return None
    if isinstance(exc, (RailsError, OSError)):
        return exc.message if isinstance(exc, RailsError) else str(exc)
    raise exc


def _present(engine: Engine, folder: S3Uri, count: int) -> dict[str, Found]:
    try:
        return engine.peek(folder, limit=LIST_FACTOR * count)
    except (AccessError, TransferError) as exc:
        # Writing may be allowed where listing is not; everything travels then.
        logger.debug("cannot tell what is in %s already: %s", folder, exc)
        return {}


def _remove_stale(engine: Engine, uri: S3Uri) -> None:
    try:
        if engine.find(uri):
            engine.remove(uri)
    except (AccessError, TransferError) as exc:
        logger.warning("an earlier run's %s may still be there: %s", uri, exc)
