"""The command as a user runs it, with a configuration that has a mistake."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_hooks.protocol import END_OF_LOG


@pytest.mark.parametrize("given", ["--cfg", "MINIWDL_CFG"])
def test_an_option_that_nobody_knows_is_refused_before_miniwdl_starts(given: str, tmp_path: Path) -> None:
    cfg = tmp_path / "my.cfg"
    cfg.write_text("[s3_rails]\nconcurency = 3\nmax_memory = 1G\n")
    arguments, environ = (["--cfg", str(cfg)], {}) if given == "--cfg" else ([], {given: str(cfg)})
    done = subprocess.run(
        [sys.executable, "-m", "miniwdl_aws_s3_rails", "nowhere.wdl", *arguments],
        env={**os.environ, **environ}, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == ExitCode.USAGE
    assert f"no option [s3_rails] concurency in {cfg}" in done.stderr
    assert "did you mean concurrency?" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.rstrip().endswith(END_OF_LOG)
