"""Exit codes that the commands of this project add to miniwdl's own."""

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """
    What a command exits with when it is not miniwdl's exit code that it reproduces.

    The values are those of BSD's sysexits.h where it has one, since WDL tasks hardly ever use them.
    """

    OK = 0
    FAILED = 1
    """The command did its work and found something wrong (``miniwdl-aws doctor``), or a run failed without a code."""
    USAGE = 64
    """An option or an input is missing or wrong; nothing was submitted."""
    REFUSED = 69
    """AWS refused a request, or a service could not be reached before anything was submitted."""
    ALREADY_BEGUN = 73
    """Of a job that was submitted twice: the other one has begun, and this one has done nothing."""
    UPLOAD_FAILED = 74
    """
    The run ended, its upload did not: the run directory is kept. Or the shared file system, or a disk of the job's
    host, is full, read-only or gone.
    """
    LOST_CONTACT = 75
    """The run may well go on, but its state could not be read any more."""
    MOUNT_MISSING = 76
    """The shared file system is not there where the job runs."""
    INTERRUPTED = 130
    """Ctrl-C: the run goes on where the command only watched it."""
    TERMINATED = 143
    """The job was stopped from outside."""
