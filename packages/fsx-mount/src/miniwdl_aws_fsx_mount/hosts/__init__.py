"""The hosts of jobs: how they mount the file system, and whether they can reach it."""
