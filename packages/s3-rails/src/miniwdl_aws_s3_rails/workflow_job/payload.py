"""Unpacks what was submitted along with a workflow job: its file, what ``--env`` gave, and hidden variables."""

from __future__ import annotations

import base64
import binascii
import json
import lzma
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_core.s3uri import SCHEME, S3Uri
from miniwdl_aws_hooks.protocol import (
    ENV_PAYLOAD,
    ENV_PAYLOAD_NAME,
    ENV_TASK_ENV,
    PAYLOAD_PLACEHOLDER,
    TASK_ENV_PLACEHOLDER,
)
from miniwdl_aws_hooks.settings import PREFIX, variable_of
from miniwdl_aws_s3_rails.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from miniwdl_aws_hooks.settings import Settings

__all__ = ["place_payload", "take_task_env", "take_variables"]

TASK_ENV = ("task_runtime", "env")
"""Section and key of the variables that miniwdl gives to all tasks."""


def place_payload(
    arguments: Sequence[str], environ: Mapping[str, str], folder: Path, read: Callable[[S3Uri], bytes]
) -> list[str]:
    """
    Unpack the payload if the arguments ask for one, and put its path in the placeholder's stead.

    :param folder: where to unpack it, under the name it had.
    :param read: fetches an object; larger payloads come by way of S3.
    """
    if PAYLOAD_PLACEHOLDER not in arguments:
        return list(arguments)
    encoded = environ.get(ENV_PAYLOAD)
    if not encoded:
        raise PayloadError(f"the arguments mention {PAYLOAD_PLACEHOLDER}, but {ENV_PAYLOAD} is not set")
    named = environ.get(ENV_PAYLOAD_NAME) or "payload.zip"
    name = Path(named).name
    if name in {"", ".."}:
        raise PayloadError(f"{ENV_PAYLOAD_NAME} is no name of a file: {named!r}", hint="submit again")
    path = folder / name
    path.write_bytes(read(S3Uri.parse(encoded, what=ENV_PAYLOAD)) if encoded.startswith(SCHEME) else _decode(encoded))
    return [str(path) if argument == PAYLOAD_PLACEHOLDER else argument for argument in arguments]


def take_task_env(
    arguments: Sequence[str], environ: Mapping[str, str], settings: Settings, read: Callable[[S3Uri], bytes]
) -> tuple[list[str], dict[str, str]]:
    """
    Fetch what ``--env`` gave to tasks, if the arguments ask for it.

    It goes to miniwdl as ``[task_runtime] env``, added to what is there: miniwdl writes its command line into the run
    directory. Source: ``WDL.CLI.runner_env_override``.

    :param read: fetches an object; it always comes by way of S3.
    :return: the other arguments, and the variables that miniwdl is to have.
    """
    others = [argument for argument in arguments if argument != TASK_ENV_PLACEHOLDER]
    if len(others) == len(arguments):
        return others, {}
    uri = environ.get(ENV_TASK_ENV)
    if not uri:
        raise PayloadError(f"the arguments mention {TASK_ENV_PLACEHOLDER}, but {ENV_TASK_ENV} is not set")
    configured = _object(settings.get(*TASK_ENV) or "{}", f"[{TASK_ENV[0]}] {TASK_ENV[1]}")
    given = _staged(uri, read).get("env")
    if not isinstance(given, dict):
        raise PayloadError(f"{ENV_TASK_ENV} names {uri}, which has no values for tasks", hint="submit again")
    return others, {variable_of(*TASK_ENV): json.dumps({**configured, **given})}


def take_variables(environ: Mapping[str, str], read: Callable[[S3Uri], bytes]) -> dict[str, str]:
    """
    Fetch the variables of this job that its description doesn't show.

    :param read: as of :func:`take_task_env`.
    """
    uri = environ.get(ENV_TASK_ENV)
    found = _staged(uri, read).get("variables", {}) if uri else {}
    if not isinstance(found, dict) or not all(
        name.startswith(PREFIX) and isinstance(value, str) for name, value in found.items()
    ):
        raise PayloadError(f"{ENV_TASK_ENV} names {uri}, whose variables are none of miniwdl's", hint="submit again")
    return found


def _staged(uri: str, read: Callable[[S3Uri], bytes]) -> dict[str, Any]:
    return _object(read(S3Uri.parse(uri, what=ENV_TASK_ENV)), f"what {ENV_TASK_ENV} names, {uri},")


def _object(content: str | bytes, what: str) -> dict[str, Any]:
    try:
        found = read_json(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PayloadError(f"{what} is no JSON object")  # what it is instead is not shown: it may be the secret
    return found


def _decode(encoded: str) -> bytes:
    try:
        return lzma.decompress(base64.urlsafe_b64decode(encoded), format=lzma.FORMAT_ALONE)
    except (binascii.Error, lzma.LZMAError, ValueError) as exc:
        raise PayloadError(
            f"{ENV_PAYLOAD} is damaged: {exc}", hint="it is LZMA-compressed, then URL-safe base64; submit again"
        ) from exc
