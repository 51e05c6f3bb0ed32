import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.s3uri import S3Uri, UriError


def test_parts() -> None:
    uri = S3Uri.parse("s3://my-bucket/a/b c%20.txt")
    assert (uri.bucket, uri.key, uri.basename) == ("my-bucket", "a/b c%20.txt", "b c%20.txt")
    assert not uri.is_folder


def test_a_question_mark_is_a_part_of_the_key() -> None:
    assert S3Uri.parse("s3://my-bucket/k?versionId=x#y").key == "k?versionId=x#y"


def test_access_points_go_by_their_alias() -> None:
    alias = "my-point-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias"
    assert S3Uri.parse(f"s3://{alias}/a/").bucket == alias
    with pytest.raises(UriError) as caught:
        S3Uri.parse("s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/my-point/a/")
    assert "-s3alias" in str(caught.value.hint)


@pytest.mark.parametrize("text", ["s3://bucket", "s3://bucket/", "s3://bucket/a/"])
def test_folders(text: str) -> None:
    assert S3Uri.parse(text).is_folder


def test_joining_adds_the_slash_that_is_missing() -> None:
    assert str(S3Uri.parse("s3://b1/x").join("y/z")) == "s3://b1/x/y/z"
    assert str(S3Uri.parse("s3://b1/x/").join("y")) == "s3://b1/x/y"
    assert str(S3Uri.parse("s3://b1").join("y")) == "s3://b1/y"


def test_basename_of_folders() -> None:
    assert S3Uri.parse("s3://b1/x/y/").basename == "y"
    assert S3Uri.parse("s3://b1").basename == "b1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/local/path", "must begin with s3://"),
        ("https://bucket/key", "must begin with s3://"),
        ("s3://", "names no valid bucket"),
        ("s3:///key", "names no valid bucket"),
        ("s3://-x/key", "names no valid bucket"),
        ("s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/name/key", "names an access point by its ARN"),
        ("s3://arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:name/key", "names an access point by its ARN"),
        ("s3://bucket/" + "k" * 1025, "more than 1024 bytes"),
        ("s3://bucket/b\udce9b\udce9", "not valid UTF-8, which S3 demands of a key"),
    ],
)
def test_errors_name_the_option(text: str, message: str) -> None:
    with pytest.raises(UriError, match=message) as caught:
        S3Uri.parse(text, what="--s3upload")
    assert caught.value.message.startswith("--s3upload")


@given(st.text(min_size=1, max_size=50).filter(lambda key: key.encode(errors="replace").decode() == key))
def test_any_key_survives(key: str) -> None:
    assert S3Uri.parse(str(S3Uri("bucket", key))) == S3Uri("bucket", key)
