"""
Reads a run out of the folder in S3 to which it was published.

Its report is there, where one was written at its end, and knows everything. Otherwise there are the log, miniwdl's JSON
files, and the records of its jobs, which the workflow job folded into two files.
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.errors import AwsError, Case, ErrorFamily, translated
from miniwdl_aws_core.aws.session import connect
from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_core.records.folding import MAX_FOLDED, RECORDS
from miniwdl_aws_core.records.jobs import BATCH_JOBS
from miniwdl_aws_core.run_files import REPORT_JSON
from miniwdl_aws_run_report.errors import NoRunError, UnreadableError
from miniwdl_aws_run_report.reading.folder import LARGEST, LOGS, NAMES, content_of, lines_of, read_log, run_of
from miniwdl_aws_run_report.reading.recorded import folded_records, with_records
from miniwdl_aws_run_report.writing.document import read_document

if TYPE_CHECKING:
    from miniwdl_aws_core.s3uri import S3Uri
    from miniwdl_aws_run_report.model import Run

__all__ = ["Bucket", "read_bucket"]

LARGEST_LOG = 512 * MIB
"""Bytes, more than the logs of ten thousand calls with their standard error."""


class _RefusedError(AwsError):
    """S3 gives nothing out."""


class _MissingError(_RefusedError):
    """There is no such object."""


_FAMILY = ErrorFamily(
    refused=_RefusedError, cases=(Case("NoSuchKey", becomes=_MissingError), Case("404", becomes=_MissingError))
)


class Bucket:
    """Gives objects out."""

    def __init__(self, client: Any | None = None) -> None:
        """Connect, unless there is a client."""
        self._client = client or connect("s3", family=_FAMILY)

    def read(self, uri: S3Uri, limit: int) -> bytes | None:
        """
        Read an object; ``None`` when there is none.

        :raises AwsError: when it may not be read.
        :raises UnreadableError: when it is larger.
        """
        try:
            with translated(f"read {uri}", _FAMILY):
                body = self._client.get_object(Bucket=uri.bucket, Key=uri.key)["Body"]
                content: bytes = body.read(limit + 1)
        except _MissingError:
            return None
        if len(content) > limit:
            raise UnreadableError(f"{uri} is larger than a report reads: more than {limit} bytes")
        return content


def read_bucket(folder: S3Uri, bucket: Bucket, *, now: float) -> Run:
    """
    Read the run of a folder.

    :param now: seconds since the epoch.
    :raises NoRunError: when there is no run.
    """
    name = folder.basename
    written = bucket.read(folder.join(REPORT_JSON), LARGEST * 4)
    if written is not None:
        try:
            document = read_json(written)
        except ValueError as exc:
            raise UnreadableError(f"{folder.join(REPORT_JSON)} is not JSON") from exc
        run = read_document(document if isinstance(document, dict) else {}, str(folder.join(REPORT_JSON)))
        return replace(run, folder=str(folder))
    log = next((log for name in LOGS if (log := bucket.read(folder.join(name), LARGEST_LOG)) is not None), None)
    if log is None:
        raise NoRunError(
            f"there is no run in {folder}", hint="name the folder that holds its workflow.log, with a slash at its end"
        )
    notes: list[str] = []
    files = {name: content_of(name, partial(bucket.read, folder.join(name), LARGEST), notes) for name in NAMES}
    # The log of a workflow job, whose image leaves the time zone at UTC.
    run = run_of(read_log(lines_of(io.BytesIO(log)), UTC), name, files, now=now)
    jobs, hosts = (bucket.read(folder.join(name), MAX_FOLDED) for name in RECORDS)
    if jobs is None:
        notes.append(f"there is no {BATCH_JOBS}: what its jobs asked for and used is known where it ran, or to nobody")
    recorded, known = folded_records(jobs or b"", hosts or b"", notes)
    calls = tuple(with_records(call, recorded.get(call.path, ()), known) for call in run.calls)
    return replace(run, calls=calls, folder=str(folder), notes=(*run.notes, *notes))
