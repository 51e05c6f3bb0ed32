"""
Clients of AWS's services, and the region that they talk to.

The region is the first one that is named, where an empty name is none: by the option (``--region``), by ``[aws]
region`` or its variable, by AWS_REGION, by AWS_DEFAULT_REGION, by the profile, and last by the instance's metadata,
which is asked only then. AWS_REGION goes first as in the AWS CLI and in AWS's other SDKs; botocore by
itself reads the other one only:
https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html,
https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html.

botocore is imported once a client is needed: it takes longer to start than most commands.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from miniwdl_aws_core.aws.codes import Kind
from miniwdl_aws_core.aws.errors import (
    CHECK_SETTINGS,
    PLAIN,
    SERVICE,
    ErrorFamily,
    is_of_botocore,
    no_region,
    translated,
)
from miniwdl_aws_core.aws.surprises import in_words
from miniwdl_aws_core.options.shared import AwsOptions
from miniwdl_aws_core.terminal import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.loaders import Loader
    from botocore.session import Session

__all__ = ["ATTEMPTS", "connect", "find_region", "open_session", "region_in", "wrong_variable"]

ATTEMPTS = 8
"""Tries of a request, unless AWS_MAX_ATTEMPTS says otherwise. With the pauses between them, a service that is away for
half a minute fails no run; accounts with many runs are throttled now and then."""

CONNECT_TIMEOUT = 10
"""Seconds; botocore's minute, taken eight times, would look like a hang."""

READ_TIMEOUT = 30
"""Seconds."""

CONNECTIONS = 10
"""Requests that a client can have in flight at once."""

_VARIABLES = (AwsOptions.region.variable, "AWS_REGION", "AWS_DEFAULT_REGION")
_METADATA_TIMEOUT, _METADATA_ATTEMPTS = 1, 2
_REGION = re.compile(r"[a-z]+(-[a-z]+)+-\d+")


def region_in(environ: Mapping[str, str]) -> str | None:
    """Region that environment variables name; asks nobody, and imports nothing."""
    return next((environ[name] for name in _VARIABLES if environ.get(name)), None)


def wrong_variable(environ: Mapping[str, str]) -> str:
    """
    Say which variable that says where AWS is can't be right; botocore's own words name none. Pure.

    :return: one sentence; nothing when all could be right.
    """
    for name in _VARIABLES:
        value = environ.get(name, "")
        if not re.fullmatch(r"[A-Za-z0-9-]{0,63}", value):
            return f"{name} must be the name of a region, such as us-east-1, not {quoted(value)}"
    for name in sorted(name for name in environ if name.startswith("AWS_ENDPOINT_URL")):
        if environ[name] and not _is_endpoint(environ[name]):
            return f"{name} must be an address such as http://localhost:9000, not {quoted(environ[name])}"
    return ""


def _is_endpoint(text: str) -> bool:
    try:
        found = urlsplit(text)
        port = found.port
    except ValueError:
        return False
    return (
        found.scheme in {"http", "https"} and bool(found.hostname) and port != 0 and not re.search(r"[\s\0-\x1f]", text)
    )


def find_region(session: Session, option: str | None = None, environ: Mapping[str, str] = os.environ) -> str | None:
    """
    Find the region by the one rule, which the module's text says.

    :param option: what the user chose for this command or in the configuration.
    """
    return option or region_in(environ) or _of_profile(session) or _of_instance(session)


def _of_profile(session: Session) -> str | None:
    # Not botocore's own variable of that name, for which an empty AWS_DEFAULT_REGION is a region.
    return session.get_scoped_config().get("region") or None


def _of_instance(session: Session) -> str | None:
    from botocore.utils import InstanceMetadataRegionFetcher

    names = ("ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode", "ec2_metadata_v1_disabled")
    fetcher = InstanceMetadataRegionFetcher(
        timeout=_METADATA_TIMEOUT,
        num_attempts=_METADATA_ATTEMPTS,
        config={name: session.get_config_variable(name) for name in names},
    )
    region: str | None = fetcher.retrieve_region()
    return region if region and _REGION.fullmatch(region) else None


def open_session(profile: str | None = None) -> Session:
    """
    Start botocore.

    :param profile: instead of AWS_PROFILE.
    """
    import botocore.session

    session = botocore.session.Session(profile=profile or None)
    session.lazy_register_component("data_loader", lambda: _loader(session.get_config_variable("data_path")))
    return session


@lru_cache(maxsize=8)
def _loader(path: str | None) -> Loader:
    """
    Read what botocore knows of services once for the whole process, not once for each client.

    Half of the time that a client takes is for that, and a workflow job has half a dozen of them.

    :param path: of further models, from ``data_path`` of the profile or AWS_DATA_PATH.
    """
    from botocore.loaders import create_loader

    return create_loader(path)


def connect(
    service: str,
    region: str | None = None,
    *,
    profile: str | None = None,
    session: Session | None = None,
    fallback_region: str | None = None,
    attempts: int | None = None,
    connections: int = CONNECTIONS,
    family: ErrorFamily = PLAIN,
    **config: Any,
) -> Any:
    """
    Make a client; no request is sent yet, though a source of credentials may be asked.

    :param service: as botocore names it: ``batch``.
    :param region: what the user chose for this command or in the configuration.
    :param session: instead of a new one; not safe to share while a client is made.
    :param fallback_region: when nothing names one.
    :param attempts: of one request, all told, where somebody has said how many; 1 where the caller repeats requests.
    :param config: further arguments of botocore's ``Config``.
    :raises AwsError: of that family.
    """
    with translated("use AWS", family):
        from botocore.config import Config

        retries: Any = {"mode": "standard"}
        if attempts is not None or not os.environ.get("AWS_MAX_ATTEMPTS"):
            retries["total_max_attempts"] = attempts or ATTEMPTS
        settings = {"connect_timeout": CONNECT_TIMEOUT, "read_timeout": READ_TIMEOUT, **config}
        wrong = wrong_variable(os.environ)
        if wrong:
            raise family.error(
                Kind.NOT_CONFIGURED, wrong, hint=f"correct {wrong.partition(' ')[0]}, or unset it", retryable=False
            )
        session = session or open_session(profile)
        found = find_region(session, region) or fallback_region
        if not found:
            raise no_region(family)
        whole = Config(
            retries=retries, max_pool_connections=connections, user_agent_extra="miniwdl-aws-fsxl", **settings
        )
        try:
            client = session.create_client(service, region_name=found, config=whole)
        except ValueError as exc:
            if is_of_botocore(exc):
                raise
            # No exception of botocore's own: AWS_ENDPOINT_URL=nonsense, AWS_MAX_ATTEMPTS=many.
            words = in_words(exc).partition(": ")[2]
            message = f"can't use AWS: {words}"
            of_endpoint = "endpoint" in words.lower()
            hint = "check AWS_ENDPOINT_URL, and endpoint_url of the profile" if of_endpoint else CHECK_SETTINGS
            raise family.error(Kind.NOT_CONFIGURED, message, hint=hint, retryable=False) from exc
    client.meta.events.register("after-call", _note_service)
    return client


def _note_service(parsed: Any, model: Any, **_more: object) -> None:
    """Note in an answer that refuses by which prefix IAM knows the service; botocore's exceptions don't tell."""
    if isinstance(parsed, dict) and "Error" in parsed:
        parsed.setdefault("ResponseMetadata", {})[SERVICE] = model.service_model.signing_name
