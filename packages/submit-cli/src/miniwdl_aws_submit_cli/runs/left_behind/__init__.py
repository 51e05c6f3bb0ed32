"""What runs have left in the account that nobody needs any more, for ``miniwdl-aws sweep``."""
