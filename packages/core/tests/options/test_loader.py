"""Where miniwdl is not installed, nothing of this is needed: s3-rails and batch-backend bring it."""

import logging
from pathlib import Path

import pytest

from miniwdl_aws_core.options.kinds import SWITCH, TEXT
from miniwdl_aws_core.options.known import refuse_unknown
from miniwdl_aws_core.options.loader import LoaderSettings, load_settings
from miniwdl_aws_core.options.table import Option, Section
from miniwdl_aws_hooks import ConfigurationError, EnvironSettings

config = pytest.importorskip("WDL.runtime.config")


class Rails(Section):
    section = "s3_rails"
    concurrency = Option(TEXT, None, "How many.")
    max_memory = Option(TEXT, None, "How much.")


def test_environment_then_file_then_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = tmp_path / "my.cfg"
    cfg.write_text("[s3_rails]\nconcurrency = 3\nmax_memory = 1G\n")
    monkeypatch.setenv("MINIWDL__S3_RAILS__CONCURRENCY", "5")
    settings = load_settings(str(cfg), {("s3_rails", "overwrite"): "false"})
    assert settings.get("s3_rails", "concurrency") == "5"
    assert settings.get("s3_rails", "max_memory") == "1G"
    assert settings.get("s3_rails", "overwrite") == "false"
    assert settings.get("scheduler", "scatter_tag_max") == "16"
    assert settings.get("s3_rails", "unheard_of") is None
    assert settings.get("no_section", "x") is None


def test_file_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my.cfg").write_text("[aws]\ns3_upload_folder = s3://b/x\ntask_queue =\n")
    monkeypatch.setenv("MINIWDL_CFG", str(tmp_path / "my.cfg"))
    settings = load_settings(None)
    assert settings.get("aws", "s3_upload_folder") == "s3://b/x"
    assert settings.get("aws", "task_queue") is None, "empty counts as unset"


def test_without_a_configuration_file_the_environment_is_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    monkeypatch.setenv("MINIWDL__AWS__S3_UPLOAD_FOLDER", "s3://b/x")
    settings = load_settings(None)
    assert isinstance(settings, EnvironSettings)
    assert settings.get("aws", "s3_upload_folder") == "s3://b/x"


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"])
def test_files_in_the_usual_places_count(variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    (tmp_path / "miniwdl.cfg").touch()
    monkeypatch.setenv(variable, str(tmp_path))
    assert isinstance(load_settings(None), LoaderSettings)


def test_options_that_miniwdl_interprets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    monkeypatch.setenv("HERE", "/mnt/fsx")
    monkeypatch.setenv("MINIWDL__FILE_IO__ROOT", "'$HERE'")
    assert load_settings(None).get("file_io", "root") == "/mnt/fsx"


def test_an_unknown_option_of_the_file_is_named_with_the_file(tmp_path: Path) -> None:
    cfg = tmp_path / "my.cfg"
    cfg.write_text("[s3_rails]\nmax_memry = 1G\nconcurrency = 5\n[file_io]\nroot = /mnt/fsx\n")
    settings = load_settings(str(cfg))
    with pytest.raises(ConfigurationError, match=r"no option \[s3_rails\] max_memry in .*my\.cfg$") as caught:
        refuse_unknown(settings, {}, [Rails])
    assert caught.value.hint == "did you mean max_memory?"
    refuse_unknown(settings, {}, [])


@pytest.mark.parametrize(
    "text", ["t", "Y", "1", "true", "YES", "f", "n", "0", "False", "no", "on", "off", "2", "perhaps"]
)
def test_switches_are_what_they_are_for_miniwdl(text: str) -> None:
    loader = config.Loader(logging.getLogger("test"), filenames=[], overrides={"lab": {"cold": text}})
    try:
        expected = loader.get_bool("lab", "cold")
    except ValueError:
        expected = ValueError
    try:
        found = SWITCH.parse(text)
    except ValueError:
        found = ValueError
    assert found is expected


def test_miniwdl_does_not_warn_of_our_own_variables(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("MINIWDL_AWS_LOCAL_DIR", "MINIWDL__AWS__WORKFLOW_QUEUE", "MINIWDL_OF_OTHERS"):
        monkeypatch.setenv(name, "x")
    loader = config.Loader(logging.getLogger("test"))
    LoaderSettings(loader)
    loader.log_unused_options()
    (warning,) = [record.getMessage() for record in caplog.records if "unused environment" in record.getMessage()]
    assert "MINIWDL_OF_OTHERS" in warning
    assert "AWS" not in warning
