"""``miniwdl-aws``: one module for each subcommand."""
