"""A cloud on this machine: moto whose AWS Batch really runs jobs, for trying and testing."""

__version__ = "0.1.0"
