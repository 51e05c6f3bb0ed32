from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import JSONFileLoader, Loader

from miniwdl_aws_core.aws.errors import AwsError, Kind, NotConfiguredError
from miniwdl_aws_core.aws.session import connect, region_in, wrong_variable
from miniwdl_aws_hooks.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture
def profiles(tmp_path: Path) -> None:
    text = "[default]\nregion = eu-west-3\n[profile lab]\nregion = ap-south-1\n[profile bare]\noutput = json\n"
    (tmp_path / "config").write_text(text)


@pytest.fixture
def instance(portal: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the metadata service of an instance in us-west-2."""

    def start(*answers: Any) -> Any:
        server = portal(*answers or (b"token", b"us-west-2b"))
        for name in ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        return server

    return start


def region(option: str | None = None, **more: Any) -> str:
    return str(connect("batch", option, **more).meta.region_name)


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize(
    ("option", "first", "second", "expected"),
    [
        ("us-west-1", "us-east-1", "us-east-2", "us-west-1"),
        (None, "us-east-1", "us-east-2", "us-east-1"),
        ("", "us-east-1", "us-east-2", "us-east-1"),
        (None, "", "us-east-2", "us-east-2"),
        (None, None, "us-east-2", "us-east-2"),
        (None, "", "", "eu-west-3"),
    ],
)
def test_the_first_one_that_is_named_wins(
    monkeypatch: pytest.MonkeyPatch, option: str | None, first: str | None, second: str, expected: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", second)
    if first is not None:
        monkeypatch.setenv("AWS_REGION", first)
    assert region(option) == expected
    assert option or region_in({"AWS_REGION": first or "", "AWS_DEFAULT_REGION": second}) in {expected, None}


def test_the_projects_own_option_goes_before_aws_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for commands that read no configuration file: a run has one region."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("MINIWDL__AWS__REGION", "eu-west-1")
    assert region() == "eu-west-1"
    assert region("us-west-1") == "us-west-1"


def test_a_further_client_reads_no_file_of_botocores_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read: list[str] = []

    class Watched(JSONFileLoader):  # type: ignore[misc]
        def load_file(self, file_path: str) -> Any:
            found = super().load_file(file_path)
            if found is not None:
                read.append(file_path)
            return found

    monkeypatch.setattr(Loader, "FILE_LOADER_CLASS", Watched)
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "models"))
    connect("batch", "us-east-1")
    assert len(read) == len(set(read)) > 3
    read.clear()
    connect("batch", "us-east-2")
    assert read == []
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "others"))
    connect("batch", "us-east-1")
    assert read


@pytest.mark.usefixtures("profiles")
def test_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    assert region(profile="lab") == "ap-south-1"
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert region() == "ap-south-1"


@pytest.mark.parametrize("name", ["us-west-2", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"])
def test_the_instances_region_is_the_last_resort(instance: Any, name: str) -> None:
    server = instance(b"token", f"{name}b".encode())
    assert region() == name
    assert server.asked == 2


def test_an_instance_is_asked_only_when_nothing_else_settles_it(instance: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = instance()
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert region() == "eu-west-1"
    assert server.asked == 0


def test_a_page_is_no_region(instance: Any) -> None:
    instance(b"<html>Please log in</html>")
    with pytest.raises(NotConfiguredError, match="no AWS region"):
        region()


def test_nothing_names_a_region() -> None:
    with pytest.raises(ConfigurationError, match=r"^no AWS region is configured$"):
        region()
    assert region(fallback_region="us-east-1") == "us-east-1"


def test_an_unknown_profile_is_a_sentence() -> None:
    with pytest.raises(NotConfiguredError, match="lab"):
        region("us-east-1", profile="lab")


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_ENDPOINT_URL"])
def test_nonsense_is_a_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv(name, "not one")
    with pytest.raises(NotConfiguredError, match="not one") as caught:
        region()
    assert name in caught.value.message


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("batch", "AWS_STS_REGIONAL_ENDPOINTS"),
        ("batch", "AWS_REQUEST_CHECKSUM_CALCULATION"),
        ("batch", "AWS_MAX_ATTEMPTS"),
        ("batch", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
        ("s3", "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT"),
    ],
)
def test_a_setting_that_botocore_refuses_is_told_as_one(
    monkeypatch: pytest.MonkeyPatch, service: str, name: str
) -> None:
    if "METADATA" in name:
        for credential in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(credential)
    monkeypatch.setenv(name, "foo")
    with pytest.raises(NotConfiguredError, match="foo") as caught:
        connect(service, "us-east-1")
    assert (caught.value.retryable, caught.value.ambiguous) == (False, False)
    assert "AWS_ENDPOINT_URL" not in (caught.value.hint or "")
    assert "AWS_* variables" in (caught.value.hint or "")


def test_a_credential_process_that_fails_is_a_sentence(portal: Any, credential_process: Any) -> None:
    portal()
    credential_process('{"Version": 2, "SecretAccessKey": "SECRET"}')
    with pytest.raises(AwsError, match="no AWS credentials could be had") as caught:
        region()
    assert (caught.value.kind, caught.value.retryable) == (Kind.CREDENTIALS, True)
    assert "SECRET" not in caught.value.message


@pytest.mark.parametrize(
    ("variable", "attempts", "asked"), [(None, 1, 1), (None, 2, 2), ("1", None, 1), ("1", 2, 2), ("3", 1, 1)]
)
def test_attempts(
    portal: Any, monkeypatch: pytest.MonkeyPatch, variable: str | None, attempts: int | None, asked: int
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    server = portal((500, b"{}"))
    if variable:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", variable)
    client = connect("batch", attempts=attempts)
    with pytest.raises(Exception, match=r"500|Internal"):
        client.describe_jobs(jobs=["x"])
    assert server.asked == asked


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("AWS_ENDPOINT_URL", "http://localhost:9000", True),
        ("AWS_ENDPOINT_URL_S3", "https://s3.example.org/base", True),
        ("AWS_ENDPOINT_URL", "", True),
        ("AWS_ENDPOINT_URL", "localhost:9000", False),
        ("AWS_ENDPOINT_URL_BATCH", "http://", False),
        ("AWS_ENDPOINT_URL", "http://[", False),
        ("AWS_ENDPOINT_URL", "http://h:99999", False),
        ("AWS_ENDPOINT_URL", "http://a b", False),
        ("AWS_REGION", "cn-north-1", True),
        ("AWS_DEFAULT_REGION", "us east", False),
        ("MINIWDL__AWS__REGION", "../x", False),
    ],
)
def test_the_variable_is_named_that_can_not_be_right(name: str, value: str, right: bool) -> None:
    assert wrong_variable({name: value}) == "" if right else wrong_variable({name: value}).startswith(f"{name} must be")
