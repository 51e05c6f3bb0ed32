"""S3 rails for miniwdl: s3:// inputs in, products of a run out, local files staged."""

__version__ = "0.1.0"
