"""The root of every error that the packages of this project raise on purpose. Imports exit codes alone."""

from __future__ import annotations

from typing import Any

from miniwdl_aws_hooks.exit_codes import ExitCode

__all__ = ["MiniwdlAwsError", "ConfigurationError", "MissingPartError", "PluginError"]


class MiniwdlAwsError(Exception):
    """
    Something a user or a caller can act on: one clear sentence, never a traceback.

    Each package derives its own errors from this one, so that ``except MiniwdlAwsError`` is all a caller needs.
    """

    exit_code: ExitCode = ExitCode.REFUSED
    """What a command exits with that ends by this error."""
    excerpt: tuple[str, ...] = ()
    """Lines of a user's own text in which something is wrong, shown between message and hint."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        more_info: dict[str, Any] | None = None,
        retryable: bool | None = None,
    ) -> None:
        """
        Keep the message with what helps to act on it.

        :param hint: what to do about it, shown on a line of its own.
        :param more_info: facts for error.json and for logs (JSON values only).
        :param retryable: whether the same call may succeed later; ``None`` where nobody knows.
        """
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.more_info = more_info or {}
        self.retryable = retryable

    @property
    def lacks_permission(self) -> bool:
        """Whether all that is wrong is that whoever asked may not."""
        return False

    @property
    def told(self) -> str:
        """Message and hint in one line, for logs and for errors of others that have a message alone."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


class ConfigurationError(MiniwdlAwsError):
    """An option, an environment variable or a configuration key is missing, unknown or out of range."""

    exit_code = ExitCode.USAGE


class MissingPartError(MiniwdlAwsError):
    """What was asked for needs a distribution that is not installed."""

    exit_code = ExitCode.USAGE

    @classmethod
    def of(cls, what: str, distribution: str) -> MissingPartError:
        """
        Say what needs which distribution, and how to get it.

        :param what: the option or the action, as the user wrote it.
        """
        return cls(f"{what} needs {distribution}: pip install {distribution}")


class PluginError(MiniwdlAwsError):
    """A plugin implements a hook that does not exist, or returns what the specification does not allow."""

    exit_code = ExitCode.USAGE
