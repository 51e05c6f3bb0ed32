"""Submit WDL workflows to AWS Batch from a laptop, wait, follow, and manage runs."""

__version__ = "0.1.0"
