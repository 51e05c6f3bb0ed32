import logging
from pathlib import Path

import pytest
from WDL.runtime.config import Loader

from miniwdl_aws_core.options.loader import LoaderSettings, load_settings
from miniwdl_aws_hooks import EnvironSettings
from miniwdl_aws_s3_rails.inside_miniwdl.layout import read_layout
from miniwdl_aws_s3_rails.products.finished_run import Layout


def test_the_layout_that_the_file_says(tmp_path: Path) -> None:
    cfg = tmp_path / "my.cfg"
    cfg.write_text("[file_io]\nroot = /mnt/fsx\noutput_hardlinks = true\n")
    assert read_layout(load_settings(str(cfg))) == Layout(Path("/mnt/fsx"), output_hardlinks=True)


def test_without_a_file_it_is_miniwdls_own() -> None:
    assert read_layout(EnvironSettings({})) == Layout()
    assert read_layout(LoaderSettings(Loader(logging.getLogger("test"), filenames=[]))) == Layout()


def test_options_that_miniwdl_interprets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    monkeypatch.setenv("HERE", "/mnt/fsx")
    monkeypatch.setenv("MINIWDL__FILE_IO__ROOT", "'$HERE'")
    assert read_layout(load_settings(None)) == Layout(Path("/mnt/fsx"))
