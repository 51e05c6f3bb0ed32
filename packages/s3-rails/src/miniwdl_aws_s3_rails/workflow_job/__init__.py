"""The main program of workflow jobs, ``miniwdl-run-s3upload``."""
