"""How miniwdl lays run directories out, by its own configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from miniwdl_aws_core.options.loader import LoaderSettings
from miniwdl_aws_s3_rails.products.finished_run import Layout

if TYPE_CHECKING:
    from miniwdl_aws_hooks import Settings

__all__ = ["read_layout"]


def read_layout(settings: Settings) -> Layout:
    """Read how run directories are laid out."""
    if not isinstance(settings, LoaderSettings):
        return Layout()
    file_io = settings.cfg["file_io"]
    return Layout(
        root=Path(file_io["root"]),
        output_hardlinks=file_io.get_bool("output_hardlinks"),
        use_relative_output_paths=file_io.get_bool("use_relative_output_paths"),
    )
