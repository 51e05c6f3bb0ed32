"""The environment alone must never tell anything else than botocore would."""

from pathlib import Path

import botocore.session
import pytest

from miniwdl_aws_s3_rails.transfer.options import Options
from miniwdl_aws_s3_rails.transfer.reach.access import S3Access
from miniwdl_aws_s3_rails.transfer.reach.addresses import Addressing
from miniwdl_aws_s3_rails.transfer.reach.surroundings import Surroundings, read_environment

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
HOME = {"AWS_CONFIG_FILE": "/nowhere", "AWS_DEFAULT_REGION": "us-west-2"}


def told(surroundings: Surroundings) -> tuple[object, ...]:
    credential = surroundings.credentials() if surroundings.credentials else {}
    assert not callable(getattr(credential, "__await__", None))
    names = ("access_key_id", "secret_access_key", "token")
    here = surroundings
    return (here.region, here.addressing, here.ca_bundle, *(credential.get(name) for name in names))


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"AWS_SESSION_TOKEN": "token"},
        {"AWS_DEFAULT_REGION": "eu-west-1"},
        {"AWS_DEFAULT_REGION": "us-gov-west-1"},
        {"AWS_DEFAULT_REGION": "cn-north-1"},
        {"AWS_DEFAULT_REGION": "eusc-de-east-1"},
        {"AWS_REGION": "eu-west-1"},
        {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"},
        {"AWS_ENDPOINT_URL": "http://localhost:1234"},
        {"AWS_ENDPOINT_URL": "http://localhost:1234", "AWS_ENDPOINT_URL_S3": "https://other:443"},
        {"AWS_CA_BUNDLE": "/some/ca.pem"},
    ],
)
def test_the_same_as_botocore(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    for name, value in {**KEYS, **HOME, **environ}.items():
        monkeypatch.setenv(name, value)
    ours = read_environment({**KEYS, **HOME, **environ})
    assert ours is not None
    assert told(ours) == told(S3Access(Options(), botocore.session.Session()).surroundings)


@pytest.mark.parametrize(
    "environ",
    [
        {"AWS_DEFAULT_REGION": ""},
        {"AWS_ACCESS_KEY_ID": ""},
        {"AWS_SECRET_ACCESS_KEY": ""},
        {"AWS_PROFILE": "work"},
        {"AWS_DEFAULT_PROFILE": "work"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_ENDPOINT_URL": "nonsense"},
        {"AWS_ENDPOINT_URL": "https://s3.eu-west-1.amazonaws.com"},
        {"AWS_CONFIG_FILE": __file__},
    ],
)
def test_what_the_environment_does_not_settle(environ: dict[str, str]) -> None:
    assert read_environment({**KEYS, **HOME, **environ}) is None


def test_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile work]\nregion = eu-north-1\nendpoint_url = http://work:9000\n"
        "aws_access_key_id = work-key\naws_secret_access_key = work-secret\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "work")
    for name in ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    surroundings = S3Access(Options(), botocore.session.Session()).surroundings
    assert told(surroundings) == ("eu-north-1", Addressing("http://work:9000"), None, "work-key", "work-secret", None)
