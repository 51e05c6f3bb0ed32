"""The one place that knows how miniwdl writes a log message with fields."""

from WDL._util import NOTICE_LEVEL, VERBOSE_LEVEL, TailLogger
from WDL._util import StructuredLogMessage as message  # noqa: N813 - used like a function

__all__ = ["NOTICE_LEVEL", "TailLogger", "VERBOSE_LEVEL", "message"]
