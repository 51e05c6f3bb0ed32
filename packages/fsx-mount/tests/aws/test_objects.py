import pytest

from miniwdl_aws_fsx_mount.aws.objects import Objects
from miniwdl_aws_fsx_mount.errors import FsxAccessError


@pytest.fixture
def objects(s3):
    return Objects(s3.client)


def test_sizes(s3, objects):
    s3.add_response("head_object", {"ContentLength": 7}, {"Bucket": "bucket", "Key": "k"})
    s3.add_client_error("head_object", "404", http_status_code=404)
    s3.add_client_error("head_object", "403", "Forbidden", http_status_code=403)
    assert [objects.size("bucket", "k"), objects.size("bucket", "k")] == [7, None]
    with pytest.raises(FsxAccessError, match="s3://bucket/k"):
        objects.size("bucket", "k")


def test_what_lies_under_a_prefix(s3, objects):
    s3.add_response(
        "list_objects_v2",
        {
            "IsTruncated": True,
            "NextContinuationToken": "t",
            "Contents": [{"Key": "p/a", "Size": 3}, {"Key": "p/b", "Size": 4}],
        },
        {"Bucket": "bucket", "Prefix": "p/"},
    )
    s3.add_response("list_objects_v2", {"IsTruncated": False, "Contents": [{"Key": "p/c", "Size": 5}]})
    assert objects.sizes("bucket", "p/") == {"p/a": 3, "p/b": 4, "p/c": 5}


def test_what_is_not_there_has_no_text_but_a_bucket_must_exist(s3, objects):
    s3.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    s3.add_client_error("get_object", "NoSuchBucket", http_status_code=404)
    assert objects.read("bucket", "k") is None
    with pytest.raises(FsxAccessError, match="NoSuchBucket"):
        objects.read("bucket", "k")
