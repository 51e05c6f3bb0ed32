import base64
import json
import lzma
from pathlib import Path

import pytest

from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_hooks import EnvironSettings
from miniwdl_aws_hooks.protocol import (
    ENV_PAYLOAD,
    ENV_PAYLOAD_NAME,
    ENV_TASK_ENV,
    PAYLOAD_PLACEHOLDER,
    TASK_ENV_PLACEHOLDER,
)
from miniwdl_aws_s3_rails.errors import PayloadError
from miniwdl_aws_s3_rails.workflow_job.payload import place_payload, take_task_env, take_variables

DATA = b"PK\3\4 the workflow"
INLINE = base64.urlsafe_b64encode(lzma.compress(DATA, format=lzma.FORMAT_ALONE)).decode()


def read(uri: S3Uri) -> bytes:
    assert str(uri) == "s3://staging/sha256/abc/wf.zip"
    return DATA


def no_read(_uri: S3Uri) -> bytes:
    raise AssertionError("nothing to fetch")


@pytest.mark.parametrize("payload", [INLINE, "s3://staging/sha256/abc/wf.zip"])
def test_unpacked_under_its_name(tmp_path: Path, payload: str) -> None:
    environ = {ENV_PAYLOAD: payload, ENV_PAYLOAD_NAME: "wf.wdl.zip"}
    arguments = place_payload([PAYLOAD_PLACEHOLDER, "x=1", "--verbose"], environ, tmp_path, read)
    assert arguments == [str(tmp_path / "wf.wdl.zip"), "x=1", "--verbose"]
    assert (tmp_path / "wf.wdl.zip").read_bytes() == DATA


def test_as_an_inputs_file(tmp_path: Path) -> None:
    environ = {ENV_PAYLOAD: INLINE, ENV_PAYLOAD_NAME: "inputs.json"}
    arguments = place_payload(["https://x/wf.wdl", "-i", PAYLOAD_PLACEHOLDER], environ, tmp_path, no_read)
    assert arguments == ["https://x/wf.wdl", "-i", str(tmp_path / "inputs.json")]


def test_without_a_payload(tmp_path: Path) -> None:
    assert place_payload(["wf.wdl"], {ENV_PAYLOAD: "whatever"}, tmp_path, no_read) == ["wf.wdl"]


def test_its_name_cannot_lead_elsewhere(tmp_path: Path) -> None:
    environ = {ENV_PAYLOAD: INLINE, ENV_PAYLOAD_NAME: "../../etc/cron.d/evil"}
    assert place_payload([PAYLOAD_PLACEHOLDER], environ, tmp_path, no_read) == [str(tmp_path / "evil")]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "WDL_PAYLOAD is not set"),
        ({ENV_PAYLOAD: "%%%"}, "WDL_PAYLOAD is damaged"),
        ({ENV_PAYLOAD: base64.urlsafe_b64encode(b"no lzma at all").decode()}, "WDL_PAYLOAD is damaged"),
        ({ENV_PAYLOAD: INLINE[: len(INLINE) // 2]}, "WDL_PAYLOAD is damaged"),
        ({ENV_PAYLOAD: INLINE, ENV_PAYLOAD_NAME: "a/.."}, "WDL_PAYLOAD_NAME is no name of a file: 'a/..'"),
        ({ENV_PAYLOAD: INLINE, ENV_PAYLOAD_NAME: "/"}, "WDL_PAYLOAD_NAME is no name of a file: '/'"),
    ],
)
def test_damage(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        place_payload([PAYLOAD_PLACEHOLDER], environ, tmp_path, no_read)


PLACE = "s3://staging/sha256/abc/task-env.json"


def take(content: bytes, configured: str = "") -> tuple[list[str], dict[str, str]]:
    settings = EnvironSettings({"MINIWDL__TASK_RUNTIME__ENV": configured} if configured else {})
    arguments = ["wf.wdl", TASK_ENV_PLACEHOLDER, "--verbose"]
    return take_task_env(arguments, {ENV_TASK_ENV: PLACE}, settings, {S3Uri.parse(PLACE): content}.__getitem__)


@pytest.mark.parametrize(
    ("configured", "merged"),
    [("", {"A": "1", "B": None}), ('{"A": "0", "C": "3"}', {"A": "1", "C": "3", "B": None})],
)
def test_what_env_gave_becomes_configuration(configured: str, merged: dict[str, str | None]) -> None:
    arguments, variables = take(b'{"env": {"A": "1", "B": null}, "salt": "x"}', configured)
    assert arguments == ["wf.wdl", "--verbose"]
    assert {name: json.loads(value) for name, value in variables.items()} == {"MINIWDL__TASK_RUNTIME__ENV": merged}


def test_nothing_is_read_where_env_gave_nothing() -> None:
    assert take_task_env(["wf.wdl"], {ENV_TASK_ENV: PLACE}, EnvironSettings({}), no_read) == (["wf.wdl"], {})


@pytest.mark.parametrize("content", [b"hush", b"[]", b'{"hush": 1}', b'{"env": "hush"}', b"[" * 100_000, b"\xff"])
def test_damage_of_what_env_gave_is_told_without_it(content: bytes) -> None:
    with pytest.raises(PayloadError, match=PLACE) as caught:
        take(content)
    assert "hush" not in caught.value.message


def test_a_placeholder_without_the_place_of_what_env_gave() -> None:
    with pytest.raises(PayloadError, match="WDL_TASK_ENV is not set"):
        take_task_env([TASK_ENV_PLACEHOLDER], {}, EnvironSettings({}), no_read)


def variables(content: bytes) -> dict[str, str]:
    return take_variables({ENV_TASK_ENV: PLACE}, {S3Uri.parse(PLACE): content}.__getitem__)


def test_hidden_variables() -> None:
    assert variables(b'{"env": {}, "variables": {"MINIWDL__LAB__TOKEN": "x"}, "salt": "y"}') == {
        "MINIWDL__LAB__TOKEN": "x"
    }
    assert variables(b'{"env": {"A": "1"}, "salt": "y"}') == {}, "of an older version"
    assert take_variables({}, no_read) == {}


@pytest.mark.parametrize(
    "content",
    [b"hush", b'{"variables": "hush"}', b'{"variables": {"PATH": "hush"}}', b'{"variables": {"MINIWDL__A__B": 1}}'],
)
def test_variables_that_are_none_of_miniwdls_are_refused_without_telling_them(content: bytes) -> None:
    with pytest.raises(PayloadError, match=PLACE) as caught:
        variables(content)
    assert "hush" not in caught.value.message
