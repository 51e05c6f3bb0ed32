import pytest

from miniwdl_aws_hooks import ConfigurationError, EnvironSettings
from miniwdl_aws_s3_rails.workflow_job.arguments import parse_arguments

FOLDER = {"MINIWDL__AWS__S3_UPLOAD_FOLDER": "s3://b1/env"}


def test_everything_else_passes_through_in_order() -> None:
    line = "wf.wdl x=1 -i in.json --dir /d --s3upload s3://b/f --verbose y=2 --runtime-defaults {} --s3"
    arguments = parse_arguments(line.split())
    assert arguments.publish.destination == "s3://b/f"
    assert " ".join(arguments.passed) == "wf.wdl x=1 -i in.json --dir /d --verbose y=2 --runtime-defaults {} --s3"


def test_values_of_passed_options() -> None:
    arguments = parse_arguments(["wf.wdl", "-o", "out.json", "--cfg", "a.cfg", "--cfg=b.cfg"])
    assert arguments.passed_value("-o") == "out.json"
    assert arguments.passed_value("--cfg") == "b.cfg"
    assert arguments.passed_value("--dir", "-d") is None


def test_the_command_line_wins_over_the_environment() -> None:
    arguments = parse_arguments(["wf.wdl", "--s3upload", "s3://b/cli"]).with_settings(EnvironSettings(FOLDER))
    assert arguments.publish.destination == "s3://b/cli"
    assert parse_arguments(["wf.wdl"]).with_settings(EnvironSettings(FOLDER)).publish.destination == "s3://b1/env"


@pytest.mark.parametrize("arguments", [["--delete-after", "success"], []])
def test_delete_after_is_content_with_a_folder_from_the_environment(arguments: list[str]) -> None:
    environ = {**FOLDER, "MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD": " Success "}
    filled = parse_arguments(["wf.wdl", *arguments]).with_settings(EnvironSettings(environ))
    assert filled.publish.delete_after == "success"


@pytest.mark.parametrize(
    ("line", "environ", "message"),
    [
        ("wf.wdl --delete-after always", {}, "--delete-after needs --s3upload"),
        ("wf.wdl", {"MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD": "always"}, "--delete-after needs --s3upload"),
        ("wf.wdl", {**FOLDER, "MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD": "never"}, "must be always, success or failure"),
        ("--upload-only dir", {}, "--upload-only needs --s3upload"),
    ],
)
def test_options_that_do_not_go_together(line: str, environ: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_arguments(line.split()).with_settings(EnvironSettings(environ))


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for word in ("--s3upload", "--delete-after", "MINIWDL__AWS__S3_UPLOAD_FOLDER", "outputs.json", "exit code"):
        assert word in text
