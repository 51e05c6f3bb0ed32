from typing import Any

from miniwdl_aws_hooks import CheckState, EnvironSettings, PreflightContext
from miniwdl_aws_s3_rails.preflight import check_folders
from miniwdl_aws_s3_rails.transfer.engine import Engine


def context(**options: str) -> PreflightContext:
    overrides = {("aws", key): value for key, value in options.items()}
    return PreflightContext("workflow", "task", "/mnt/fsx", EnvironSettings({}, overrides))


def test_nothing_configured(engine: Engine) -> None:
    assert check_folders(context(), engine) == []


def test_folders(engine: Engine, bucket: Any) -> None:
    checks = check_folders(context(s3_upload_folder=bucket.uri("x"), staging="s3://no-such-bucket/"), engine)
    assert [check.state for check in checks] == [CheckState.OK, CheckState.FAILED]
    assert "no-such-bucket" in checks[1].message
    assert checks[1].hint


def test_nonsense(engine: Engine) -> None:
    (check,) = check_folders(context(s3_upload_folder="/tmp"), engine)
    assert check.state is CheckState.FAILED
