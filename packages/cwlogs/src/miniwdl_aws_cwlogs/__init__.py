"""Follow CloudWatch log streams of AWS Batch jobs within a request budget."""

__version__ = "0.1.0"
