"""The options of ``[fsx]``."""

from __future__ import annotations

import re

from miniwdl_aws_core.options.kinds import PATH, SWITCH, text_like
from miniwdl_aws_core.options.table import Option, Section
from miniwdl_aws_hooks.protocol import SENTINEL_NAME

__all__ = ["NO_SENTINEL", "FsxOptions"]

NO_SENTINEL = "none"
"""Value of ``sentinel`` that switches the check off."""


class FsxOptions(Section):
    """How the file system is used."""

    section = "fsx"

    host_path = Option(
        PATH,
        None,
        "Where the hosts of the compute environments have the file system mounted, for hosts that were set up by other "
        "means than this project's user data.",
        unset="where jobs see it, `[file_io] root`",
    )
    sentinel = Option(
        text_like(
            re.compile(r"(?!\.{1,2}$)[^/\x00-\x1f\x7f]+"),
            f"a file name, or {NO_SENTINEL}, which switches the check off",
        ),
        SENTINEL_NAME,
        f"Marker file in the root of the file system without which jobs refuse to start; `{NO_SENTINEL}` switches the "
        "check off, for file systems on which no marker can be made.",
    )
    preload = Option(
        SWITCH,
        False,
        "Whether inputs that a data repository association links are loaded when the workflow starts, 16 files at a "
        "time, and not at their first read; by `lfs hsm_restore` where the workflow job's image has the command `lfs`, "
        "else by reading a byte of each.",
    )
