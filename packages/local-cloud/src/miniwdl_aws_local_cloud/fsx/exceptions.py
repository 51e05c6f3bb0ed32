"""Errors of FSx that moto doesn't have."""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError

__all__ = [
    "AssociationNotFoundError",
    "BadRequestError",
    "ServiceLimitExceededError",
    "TaskEndedError",
    "TaskNotFoundError",
]


class BadRequestError(JsonRESTError):
    """A request that makes no sense."""

    def __init__(self, message: str) -> None:
        """Say why."""
        super().__init__("BadRequest", message)


class ServiceLimitExceededError(JsonRESTError):
    """One too many."""

    def __init__(self, message: str) -> None:
        """Say of what."""
        super().__init__("ServiceLimitExceeded", message)


class AssociationNotFoundError(JsonRESTError):
    """There is no such association."""

    def __init__(self, association_id: str) -> None:
        """Name it."""
        super().__init__(
            "DataRepositoryAssociationNotFound", f"Data repository association '{association_id}' does not exist."
        )


class TaskNotFoundError(JsonRESTError):
    """There is no such task."""

    def __init__(self, task_id: str) -> None:
        """Name it."""
        super().__init__("DataRepositoryTaskNotFound", f"Data repository task '{task_id}' does not exist.")


class TaskEndedError(JsonRESTError):
    """The task can't be cancelled any more."""

    def __init__(self, task_id: str) -> None:
        """Name it."""
        super().__init__("DataRepositoryTaskEnded", f"Data repository task '{task_id}' has ended.")
