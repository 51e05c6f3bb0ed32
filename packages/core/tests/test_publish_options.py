import argparse

import pytest

from miniwdl_aws_core.publish_options import (
    add_arguments,
    check,
    complete,
    decode,
    encode,
    from_arguments,
    run_folder,
    write_arguments,
)
from miniwdl_aws_hooks import ConfigurationError, EnvironSettings, PublishOptions

FOLDER = "s3://b/a folder's"
ALL = PublishOptions(FOLDER, "export", overwrite=False, as_you_go=True, delete_after="success")


def completed(options: PublishOptions, **settings: str) -> PublishOptions:
    return complete(options, EnvironSettings({f"MINIWDL__{name.upper()}": value for name, value in settings.items()}))


@pytest.mark.parametrize("options", [ALL, PublishOptions(), PublishOptions(FOLDER)])
def test_what_is_written_is_read(options: PublishOptions) -> None:
    assert decode(encode(options)) == options
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    known, rest = parser.parse_known_args(["x.wdl", *write_arguments(options)])
    assert (from_arguments(known), rest) == (options, ["x.wdl"])


def test_what_is_left_open_is_not_written() -> None:
    assert write_arguments(PublishOptions(FOLDER)) == ["--s3upload", FOLDER]


def test_the_configuration_fills_in_what_is_left_open() -> None:
    configured = completed(
        PublishOptions(),
        aws__s3_upload_folder="s3://b/x",
        aws__publish=" Export ",
        aws__delete_after_s3_upload="Always",
        s3_rails__overwrite="False",
        s3_rails__progressive="true",
    )
    assert configured == PublishOptions("s3://b/x", "export", overwrite=False, as_you_go=True, delete_after="always")
    assert completed(PublishOptions()) == PublishOptions(publisher="upload")


def test_the_command_line_wins() -> None:
    given = PublishOptions(FOLDER, "upload", as_you_go=True, delete_after="success")
    other = {"aws__s3_upload_folder": "s3://b/x", "aws__publish": "export", "aws__delete_after_s3_upload": "failure"}
    assert completed(given, s3_rails__progressive="false", **other) == given


def test_configured_uploads_on_the_way_need_a_destination() -> None:
    assert not completed(PublishOptions(), s3_rails__progressive="true").as_you_go


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("aws__publish", r"\[aws\] publish must be upload or export, not 'ftp'"),
        ("aws__delete_after_s3_upload", r"\[aws\] delete_after_s3_upload must be always, success or failure"),
        ("s3_rails__overwrite", "must be true or false, not 'ftp'"),
        ("s3_rails__progressive", "must be true or false, not 'ftp'"),
    ],
)
def test_other_values_are_refused(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        completed(PublishOptions(FOLDER), **{name: "ftp"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (PublishOptions(delete_after="always"), "--delete-after needs --s3upload"),
        (PublishOptions(as_you_go=True), "--upload-as-you-go needs --s3upload"),
        (PublishOptions(FOLDER, as_you_go=True, overwrite=False), "can't be had with --no-overwrite"),
    ],
)
def test_options_that_do_not_go_together(options: PublishOptions, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        check(options)
    with pytest.raises(ConfigurationError, match=message):
        completed(options)


def test_a_configured_no_overwrite_rules_out_what_the_command_line_asks_for() -> None:
    with pytest.raises(ConfigurationError, match="can't be had with --no-overwrite"):
        completed(PublishOptions(FOLDER, as_you_go=True), s3_rails__overwrite="false")


def test_a_folder_from_the_environment_is_one() -> None:
    found = completed(PublishOptions(as_you_go=True, delete_after="always"), aws__s3_upload_folder=FOLDER)
    assert found == PublishOptions(FOLDER, "upload", as_you_go=True, delete_after="always")


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ("s3://b1/x", "s3://b1/x/20250101_000000_wf/"),
        ("s3://b1/x/", "s3://b1/x/"),
        ("s3://b1", "s3://b1/20250101_000000_wf/"),
        ("s3://b1/", "s3://b1/"),
    ],
)
def test_one_more_folder_unless_it_ends_in_a_slash(given: str, folder: str) -> None:
    assert run_folder(given, "20250101_000000_wf") == folder
