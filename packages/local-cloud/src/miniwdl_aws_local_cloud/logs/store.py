"""
How log events are read back: GetLogEvents and FilterLogEvents over events kept in order of time.

moto sorts and copies all events of a stream for each request, and its forward token is a place in that order, which an
event that arrives late moves: the one before is returned twice, the late one never. Here a token is the time and number
of an event, as AWS's begin with a time. A request costs what its answer is long.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from itertools import islice
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogsBackend
from moto.logs.utils import EventMessageFilter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moto.logs.models import LogEvent, LogGroup, LogStream

    from miniwdl_aws_local_cloud.logs.kept import KeptStreams

__all__ = ["IndexedLogs"]

PAGE_EVENTS = 10_000
PAGE_BYTES = 1024 * 1024
EVENT_BYTES = 26
"""What AWS counts of an event beside its message."""
NAMES_LIMIT = 100

_Key = tuple[int, int]
"""Time and number of an event: numbers grow in the order of arrival."""
_FIRST: _Key = (-1, -1)


class _Index:
    """Events of one stream by time."""

    def __init__(self) -> None:
        self.keys: list[_Key] = []
        self.events: list[LogEvent] = []

    def update(self, stream: LogStream) -> None:
        """Take the events that have arrived since the last time."""
        for event in stream.events[len(self.events) :]:
            key = (event.timestamp, event.event_id)
            at = bisect_left(self.keys, key) if self.keys and key < self.keys[-1] else len(self.keys)
            self.keys.insert(at, key)
            self.events.insert(at, event)


class IndexedLogs(LogsBackend):
    """moto's log service with requests for events of its own."""

    def __init__(self, region_name: str, account_id: str) -> None:
        """Start without groups, as moto does."""
        super().__init__(region_name, account_id)
        self._indexes: WeakKeyDictionary[LogStream, _Index] = WeakKeyDictionary()
        self._indexing = threading.Lock()
        self.kept: KeptStreams | None = None
        """Where streams of earlier clouds are."""

    def get_log_events(
        self,
        log_group_name: str,
        log_group_id: str,
        log_stream_name: str,
        start_time: Any,
        end_time: Any,
        limit: int | None,
        next_token: str | None,
        start_from_head: Any,
    ) -> tuple[list[dict[str, Any]], str | None, str | None]:
        """Read a page of one stream, forward or backward."""
        _check_limit(limit)
        group = self._find_log_group(log_group_id=log_group_id, log_group_name=log_group_name)
        index = self._index(self._stream(group, log_stream_name))
        # Unlike FilterLogEvents, without those at the very end of the time.
        first, last = _between(index.keys, start_time, None if end_time is None else int(end_time) - 1)
        forward = bool(start_from_head) if next_token is None else next_token.startswith("f/")
        position = None if next_token is None else _read_token(next_token)
        if forward:
            begin = first if position is None else max(first, bisect_right(index.keys, position))
            page = _page(index.events[begin:last], limit)
        else:
            end = last if position is None else min(last, bisect_left(index.keys, position))
            begin = max(first, end - (limit or PAGE_EVENTS))
            page = _page(index.events[begin:end][::-1], limit)[::-1]
        if not page:
            same = position or _FIRST
            return [], _token("b", same), _token("f", same)
        return [event.to_response_dict() for event in page], _token("b", _key(page[0])), _token("f", _key(page[-1]))

    def filter_log_events(
        self,
        log_group_name: str,
        log_stream_names: list[str],
        start_time: int | None,
        end_time: int | None,
        limit: int | None,
        next_token: str | None,
        filter_pattern: str | None,
        interleaved: bool,  # noqa: ARG002 - moto's signature; AWS ignores it, too
    ) -> tuple[list[dict[str, Any]], str | None, list[dict[str, Any]]]:
        """Read a page of the events of several streams, by time."""
        _check_limit(limit)
        if len(log_stream_names) > NAMES_LIMIT:
            raise InvalidParameterException(
                constraint=f"Member must have length less than or equal to {NAMES_LIMIT}",
                parameter="logStreamNames",
                value=f"{len(log_stream_names)} names",
            )
        if log_group_name not in self.groups:
            raise ResourceNotFoundException
        streams = self.groups[log_group_name].streams
        position = _FIRST if next_token is None else _read_token(next_token)
        wanted = EventMessageFilter(filter_pattern) if filter_pattern else None
        found: list[tuple[_Key, str, LogEvent]] = []
        for name in log_stream_names or list(streams):
            index = self._index(self._stream(self.groups[log_group_name], name))
            first, last = _between(index.keys, start_time, end_time)
            later = islice(index.events, max(first, bisect_right(index.keys, position)), last)
            matching = (event for event in later if wanted is None or wanted.matches(event.message))
            # One more than a page holds: it says that there are more.
            found += [(_key(event), name, event) for event in islice(matching, (limit or PAGE_EVENTS) + 1)]
        found.sort(key=lambda item: item[0])
        page = _page([event for _at, _name, event in found], limit)
        answer = [{**event.to_filter_dict(), "logStreamName": name} for _at, name, event in found[: len(page)]]
        return answer, _token("f", _key(page[-1])) if len(page) < len(found) else None, []

    def _stream(self, group: LogGroup, name: str) -> LogStream:
        """Find a stream, and if need be what was kept of it."""
        with self._indexing:
            if name not in group.streams and self.kept and (events := self.kept.read(group.name, name)):
                self.ensure_log_stream(group.name, name)
                group.streams[name].put_log_events([{"timestamp": at, "message": text} for at, text in events])
        return _stream_of(group.streams, name)

    def _index(self, stream: LogStream) -> _Index:
        with self._indexing:
            index = self._indexes.setdefault(stream, _Index())
            index.update(stream)
            return index


def _stream_of(streams: dict[str, LogStream], name: str) -> LogStream:
    if name not in streams:
        raise ResourceNotFoundException("The specified log stream does not exist.")
    return streams[name]


def _check_limit(limit: int | None) -> None:
    if limit and limit > PAGE_EVENTS:
        raise InvalidParameterException(
            constraint=f"Member must have value less than or equal to {PAGE_EVENTS}", parameter="limit", value=limit
        )


def _between(keys: Sequence[_Key], start: Any, end: Any) -> tuple[int, int]:
    """Bounds of the events from a time to a time."""
    first = bisect_left(keys, (int(start), -1)) if start else 0
    return first, len(keys) if end is None else bisect_left(keys, (int(end) + 1, -1))


def _page(events: Iterable[LogEvent], limit: int | None) -> list[LogEvent]:
    """As many of the events as fit on a page; one at least."""
    page: list[LogEvent] = []
    room = PAGE_BYTES
    for event in events:
        room -= len(event.message.encode("utf-8", "surrogatepass")) + EVENT_BYTES
        if len(page) >= (limit or PAGE_EVENTS) or (page and room < 0):
            break
        page.append(event)
    return page


def _key(event: LogEvent) -> _Key:
    return event.timestamp, event.event_id


def _token(direction: str, key: _Key) -> str:
    return f"{direction}/{key[0]}:{key[1]}"


def _read_token(token: str) -> _Key:
    try:
        timestamp, _colon, number = token.partition("/")[2].partition(":")
        return int(timestamp), int(number)
    except ValueError:
        raise InvalidParameterException("The specified nextToken is invalid.") from None
