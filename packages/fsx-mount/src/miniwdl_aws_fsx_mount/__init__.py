"""FSx for Lustre for AWS Batch jobs: what to mount, and where S3 objects lie on it."""

__all__ = ["__version__"]

__version__ = "0.1.0"
