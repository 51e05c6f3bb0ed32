"""The one place that takes miniwdl's structured log message, a private import of miniwdl's."""

from WDL._util import StructuredLogMessage

__all__ = ["fields"]

fields = StructuredLogMessage
"""``logger.info(fields("message", key=value))``"""
