"""The pluggy markers of this project; a plugin needs only ``hookimpl``."""

import pluggy

__all__ = ["PROJECT_NAME", "hookimpl", "hookspec"]

PROJECT_NAME = "miniwdl_aws"
"""Name of the pluggy project, and of the entry-point group in which plugins are found."""

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)
