"""
How miniwdl writes log lines: the one module with these private imports of miniwdl's.

A line may have fields beside its text, which miniwdl shows behind it, or as JSON with ``--log-json``::

    logger.info(message("AWS Batch job submitted", jobId=job_id))

Importing this imports miniwdl: only what runs in its process does so.
"""

from WDL._util import NOTICE_LEVEL, VERBOSE_LEVEL, TailLogger
from WDL._util import StructuredLogMessage as message  # noqa: N813 - used like a function

__all__ = ["NOTICE_LEVEL", "VERBOSE_LEVEL", "TailLogger", "message"]
