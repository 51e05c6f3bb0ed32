from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from miniwdl_aws_core.aws.errors import AwsError
from miniwdl_aws_core.records.hosts import HostRecord, Market
from miniwdl_aws_core.records.jobs import JobRecord
from miniwdl_aws_core.records.lines import line_of
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_run_report.errors import NoRunError, UnreadableError
from miniwdl_aws_run_report.model import State
from miniwdl_aws_run_report.reading.bucket import Bucket, read_bucket
from miniwdl_aws_run_report.writing.document import write_document

if TYPE_CHECKING:
    from miniwdl_aws_run_report.model import Run

FOLDER = S3Uri("results", "cohort/")
LOG = (
    '2026-11-27 12:00:00.000 wdl.w:align NOTICE workflow start :: name: "align", source: "a.wdl", dir: "/mnt/fsx/r"\n'
    "2026-11-27 12:00:22.000 wdl.w:align NOTICE done\n"
)


class Objects:
    """What a client gives out of objects that it has."""

    def __init__(self, code: str = "NoSuchKey", **objects: str) -> None:
        self._code = code
        self._objects = {f"cohort/{name.replace('_', '.').replace('-', '_')}": text for name, text in objects.items()}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        if Key not in self._objects:
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "GetObject")
        return {"Body": io.BytesIO(self._objects[Key].encode())}


def read(**objects: str) -> Run:
    return read_bucket(FOLDER, Bucket(Objects(**objects)), now=2e9)


def test_the_report_knows_everything(failed_run: Run) -> None:
    run = read(report_json=json.dumps(write_document(failed_run)), workflow_log=LOG)
    assert (run.state, run.folder, run.failure) == (State.FAILED, "s3://results/cohort/", failed_run.failure)
    assert run.calls[0].tries[1].exit_code == 3


def test_without_it_the_log_tells_what_it_can_in_utc() -> None:
    run = read(workflow_log=LOG, outputs_json='{"align.y": 1}')
    assert (run.state, run.began, run.outputs, run.name) == (State.SUCCEEDED, 1795780800.0, {"align.y": 1}, "cohort")
    assert any("there is no batch_jobs.jsonl" in note for note in run.notes)


def test_the_records_of_jobs_and_hosts_are_put_to_their_calls() -> None:
    log = LOG + (
        '2026-11-27 12:00:01.000 wdl.w:align.t:call-sort NOTICE task setup :: name: "sort", dir: '
        '"/mnt/fsx/r/call-sort"\n'
        "2026-11-27 12:00:21.000 wdl.w:align.t:call-sort NOTICE done\n"
    )
    job = JobRecord("j", "sort", "call-sort", "sort", 1, "SUCCEEDED", container_instance_arn="arn", memory_mib=2048)
    host = HostRecord("arn", "i-1", "m5.large", "eu-central-1a", Market.SPOT)
    jobs, hosts = line_of(job).decode() + "\nnonsense\n", line_of(host).decode()
    run = read(workflow_log=log, **{"batch-jobs.jsonl": jobs, "batch-hosts.jsonl": hosts})
    (item,) = run.calls[0].tries
    assert (item.job_id, item.memory, item.instance_type, item.spot) == ("j", 2048, "m5.large", True)
    assert run.notes == ("1 lines of batch_jobs.jsonl and batch_hosts.jsonl are none of the backend's, and left out",)


@pytest.mark.parametrize("text", ["{", "[]", "{}", "[" * 100_000])
def test_what_is_no_report(text: str) -> None:
    with pytest.raises(UnreadableError, match="report"):
        read(report_json=text)


def test_there_is_no_run() -> None:
    with pytest.raises(NoRunError, match="there is no run in s3://results/cohort/"):
        read()


def test_what_may_not_be_read_is_said() -> None:
    with pytest.raises(AwsError, match=r"can't read s3://results/cohort/report\.json: permission is missing"):
        read(code="AccessDenied")
