"""miniwdl container backend that runs each WDL task as an AWS Batch job."""

__version__ = "0.1.0"
