"""Names of workflow jobs: what users call a run, and what makes each submission of it another. Pure."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.request import job_name
from miniwdl_aws_hooks.protocol import USER_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["given_name", "submission_token", "submitter_tag", "unique_name"]

TOKEN_BYTES = 5
_TOKEN = re.compile(rf"-[0-9a-f]{{{2 * TOKEN_BYTES}}}\Z")


def submission_token() -> str:
    """Make a text that no other submission has."""
    return secrets.token_hex(TOKEN_BYTES)


def unique_name(name: str, token: str) -> str:
    """Make a valid name of a job that no other job has, so that it can be found by it."""
    return job_name(name, f"-{token}", "workflow")


def submitter_tag(environ: Mapping[str, str]) -> dict[str, str]:
    """Name who submits, for those who share the queue."""
    name = next((environ[key] for key in ("LOGNAME", "USER", "USERNAME") if environ.get(key)), "")
    return {USER_TAG: name} if name else {}


def given_name(unique: str) -> str:
    """Take the token out of the name of a job: what its user calls it."""
    return _TOKEN.sub("", unique)
