"""
miniwdl container backend that runs each WDL task as an AWS Batch job.

Nothing here is imported by name: miniwdl finds the backend, and miniwdl-aws-fsxl the plugin, by entry points.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
