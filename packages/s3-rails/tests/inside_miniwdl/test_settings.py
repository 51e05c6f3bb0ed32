import logging
from pathlib import Path

import pytest
from WDL.runtime.config import Loader

from miniwdl_aws_hooks import EnvironSettings
from miniwdl_aws_s3_rails.inside_miniwdl.settings import MiniwdlSettings, load_settings, read_layout
from miniwdl_aws_s3_rails.products.upload import Layout


def test_environment_then_file_then_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = tmp_path / "my.cfg"
    file_io = "[file_io]\nroot = /mnt/fsx\noutput_hardlinks = true\n"
    cfg.write_text("[s3_rails]\nconcurrency = 3\nmax_memory = 1G\n" + file_io)
    monkeypatch.setenv("MINIWDL__S3_RAILS__CONCURRENCY", "5")
    settings = load_settings(str(cfg))
    assert settings.get("s3_rails", "concurrency") == "5"
    assert settings.get("s3_rails", "max_memory") == "1G"
    assert settings.get("s3_rails", "unheard_of") is None
    assert settings.get("no_section", "x") is None
    assert read_layout(settings) == Layout(Path("/mnt/fsx"), output_hardlinks=True)


def test_file_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my.cfg").write_text("[aws]\ns3_upload_folder = s3://b/x\ntask_queue =\n")
    monkeypatch.setenv("MINIWDL_CFG", str(tmp_path / "my.cfg"))
    settings = load_settings(None)
    assert settings.get("aws", "s3_upload_folder") == "s3://b/x"
    assert settings.get("aws", "task_queue") is None, "empty counts as unset"
    assert read_layout(settings) == Layout()


def test_without_a_configuration_file_the_environment_is_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    monkeypatch.setenv("MINIWDL__AWS__S3_UPLOAD_FOLDER", "s3://b/x")
    settings = load_settings(None)
    assert isinstance(settings, EnvironSettings)
    assert settings.get("aws", "s3_upload_folder") == "s3://b/x"
    assert read_layout(settings) == Layout()
    assert read_layout(MiniwdlSettings(Loader(logging.getLogger("test"), filenames=[]))) == Layout()


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"])
def test_files_in_the_usual_places_count(variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    (tmp_path / "miniwdl.cfg").touch()
    monkeypatch.setenv(variable, str(tmp_path))
    assert isinstance(load_settings(None), MiniwdlSettings)


def test_options_that_miniwdl_interprets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    monkeypatch.setenv("HERE", "/mnt/fsx")
    monkeypatch.setenv("MINIWDL__FILE_IO__ROOT", "'$HERE'")
    assert read_layout(load_settings(None)) == Layout(Path("/mnt/fsx"))
