import pytest

from miniwdl_aws_hooks import EnvironSettings, InputFinding, InputsContext, RemoteInput
from miniwdl_aws_s3_rails import plugin
from miniwdl_aws_s3_rails.transfer.archives import archive_of, archive_of_listed

pytestmark = pytest.mark.parametrize("server", ["moto"], indirect=True)


def look(*uris: str) -> list[InputFinding]:
    """Ask the plugin, about folders where a URI ends in a slash."""
    inputs = [RemoteInput(uri, "w.x", uri.endswith("/")) for uri in uris]
    return plugin.miniwdl_aws_check_inputs(InputsContext(inputs, EnvironSettings())) or []


def put(bucket, key, storage_class="STANDARD"):
    bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"12345", StorageClass=storage_class)
    return bucket.uri(key)


def restore(bucket, key):
    bucket.client.restore_object(Bucket=bucket.name, Key=key, RestoreRequest={"Days": 1})


def test_what_can_be_read_has_a_size(bucket):
    object_, cold = put(bucket, "a.txt"), put(bucket, "b.txt", "GLACIER_IR")
    put(bucket, "d/1")
    put(bucket, "d/2")
    assert look(object_, cold, bucket.uri("d/")) == [
        InputFinding(object_, 5),
        InputFinding(cold, 5),
        InputFinding(bucket.uri("d/"), 10),
    ]


def test_other_schemes_are_others_business():
    assert look("https://example.org/a", "gs://b/k") == []


def test_a_whole_bucket_is_no_file():
    uri = "s3://whole-bucket"
    assert look(uri) == [
        InputFinding(
            uri,
            problem=f"{uri} is a bucket, not a file",
            hint="name a file in it, or declare the input as a Directory",
        )
    ]


def test_an_object_where_a_folder_is_wanted_is_named(bucket):
    uri = put(bucket, "a.txt")
    context = InputsContext([RemoteInput(uri, "w.x", directory=True)], EnvironSettings())
    (found,) = plugin.miniwdl_aws_check_inputs(context)
    assert found.problem == f"there is nothing under {uri}/"
    assert found.hint == f"{uri} is a file there: name a folder, or declare the input as a File"


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_must_be_restored_first(bucket, storage_class):
    uri = put(bucket, "old.bam", storage_class)
    (found,) = look(uri)
    assert found.problem == f"{uri} can't be read: it is archived ({storage_class})"
    assert f"--bucket {bucket.name} --key old.bam --restore-request Days=7" in (found.hint or "")
    restore(bucket, "old.bam")
    assert look(uri) == [InputFinding(uri, 5)]


def test_an_archived_object_in_a_folder_is_named(bucket):
    put(bucket, "d/1")
    uri = put(bucket, "d/old.bam", "GLACIER")
    (found,) = look(bucket.uri("d/"))
    assert found.problem == f"{uri} can't be read: it is archived (GLACIER)"


def test_what_does_not_exist_is_a_problem(bucket):
    put(bucket, "d/1")
    one, folder, empty, nowhere = look(
        bucket.uri("no.txt"), bucket.uri("d"), bucket.uri("e/"), "s3://no-such-bucket-here/x"
    )
    assert one.problem == f"{bucket.uri('no.txt')} does not exist"
    assert "is a folder there" in (folder.hint or "")
    assert empty.problem == f"there is nothing under {bucket.uri('e/')}"
    assert nowhere.problem
    assert "s3://b" in (look("s3://b")[0].problem or "")


def test_what_may_not_be_seen_is_a_doubt(bucket, monkeypatch):
    uri = put(bucket, "a.txt")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    (found,) = look(uri)
    assert found.problem is None
    assert found.doubt
    assert "the job may have other rights" in found.doubt


def test_refused_is_a_doubt(recorded):
    recorded.answers = {"HEAD": (403, b"")}
    (found,) = look("s3://somewhere/a.txt")
    assert found.problem is None
    assert "permission" in (found.doubt or "")


def test_a_page_in_place_of_a_listing_is_no_empty_folder(recorded):
    recorded.answers = {"LIST": (200, b"<html><body>log in</body></html>")}
    (found,) = look("s3://somewhere/d/")
    assert found.problem is None
    assert found.doubt


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ({}, None),
        ({"StorageClass": "GLACIER_IR"}, None),
        ({"StorageClass": "INTELLIGENT_TIERING"}, None),
        ({"StorageClass": "GLACIER", "Restore": 'ongoing-request="false", expiry-date="Fri, 23 Dec 2012"'}, None),
        ({"StorageClass": "GLACIER"}, "it is archived (GLACIER)"),
        (
            {"StorageClass": "DEEP_ARCHIVE", "Restore": 'ongoing-request="true"'},
            "it is archived (DEEP_ARCHIVE), and is being restored",
        ),
        (
            {"StorageClass": "INTELLIGENT_TIERING", "ArchiveStatus": "ARCHIVE_ACCESS"},
            "it is archived (INTELLIGENT_TIERING, ARCHIVE_ACCESS)",
        ),
    ],
)
def test_what_a_head_tells_of_archives(head, words):
    assert archive_of(head) == words


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"StorageClass": "STANDARD"}, None),
        ({"StorageClass": "GLACIER"}, "it is archived (GLACIER)"),
        (
            {"StorageClass": "GLACIER", "RestoreStatus": {"IsRestoreInProgress": True}},
            "it is archived (GLACIER), and is being restored",
        ),
        ({"StorageClass": "GLACIER", "RestoreStatus": {"RestoreExpiryDate": "2026-12-01"}}, None),
    ],
)
def test_what_a_listing_tells_of_archives(item, words):
    assert archive_of_listed(item) == words
