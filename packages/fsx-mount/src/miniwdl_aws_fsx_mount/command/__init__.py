"""``miniwdl-aws fsx``: its arguments, what its subcommands do, and what they show."""
