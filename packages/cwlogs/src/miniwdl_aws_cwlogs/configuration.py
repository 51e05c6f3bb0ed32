"""The options of ``[cwlogs]``."""

from miniwdl_aws_core.options.kinds import number
from miniwdl_aws_core.options.table import Option, Section

__all__ = ["CwlogsOptions"]


class CwlogsOptions(Section):
    """How logs are read."""

    section = "cwlogs"

    request_rate = Option(
        number(0.01, 1000),
        # Half of the smallest quota that AWS documented for GetLogEvents (10 a second).
        5.0,
        "Requests of CloudWatch Logs a second, of everything that a process follows together. AWS has "
        "documented 10 GetLogEvents a second for an account, which everybody in it shares.",
        submit_only=True,
    )
