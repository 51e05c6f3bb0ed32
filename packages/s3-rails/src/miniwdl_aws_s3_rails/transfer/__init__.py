"""Moves bytes between files and S3, whole or not at all. Knows no WDL and no miniwdl."""
