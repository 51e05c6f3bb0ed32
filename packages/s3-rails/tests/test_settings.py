from pathlib import Path

import pytest

from miniwdl_aws_s3_rails.settings import load_settings, read_layout
from miniwdl_aws_s3_rails.upload import Layout


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
