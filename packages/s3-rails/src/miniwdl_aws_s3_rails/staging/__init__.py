"""Keeping files of the submitting machine in S3, for the jobs to read."""
