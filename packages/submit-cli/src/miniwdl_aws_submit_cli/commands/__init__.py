"""The subcommands of ``miniwdl-aws`` that this distribution brings."""
