"""Reads runs into the model: out of a directory, a folder in S3, or what AWS Batch knows of one under way."""
