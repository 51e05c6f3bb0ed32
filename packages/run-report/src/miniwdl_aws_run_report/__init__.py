"""
What a run of miniwdl did, what it cost, and what it could do with less.

A run is read (:mod:`~miniwdl_aws_run_report.reading`) into the model, and written (:mod:`~.writing`) as a page, a table
or a document. Nothing of it needs the other parts: a run directory of plain miniwdl will do.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
