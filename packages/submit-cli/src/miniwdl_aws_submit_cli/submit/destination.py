"""Has the folder of a run's results looked at before anything is submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.aws.errors import AwsError, Kind, NotConfiguredError
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.types import DestinationContext

if TYPE_CHECKING:
    import pluggy

    from miniwdl_aws_hooks.settings import Settings
    from miniwdl_aws_hooks.types import PublishOptions

__all__ = ["look_at_destination"]


def look_at_destination(manager: pluggy.PluginManager, publish: PublishOptions, settings: Settings) -> list[str]:
    """
    Ask the plugin that publishes there what is known of a folder.

    Where none answers, nothing is said: the one that publishes may be in the workflow job's image alone, and the job
    asks it before it begins.

    :return: what the user should know, a sentence each.
    :raises ConfigurationError: when no job could write there, or must not.
    """
    folder = publish.destination
    if not folder:
        return []
    notices: list[str] = []
    context = DestinationContext(folder, settings, publish, submitting=True, note=notices.append)
    try:
        manager.hook.miniwdl_aws_check_destination(context=context)
    except NotConfiguredError:
        raise
    except AwsError as exc:
        if exc.kind is Kind.MISSING:
            raise ConfigurationError(f"--s3upload {folder}: {exc.message}", hint=exc.hint) from exc
        notices.append(f"{exc.message}; the job may have other rights")
    return [f"--s3upload: {notice}" for notice in notices]
