"""From options, environment and queue tags, in this order of precedence, to one set of checked settings. Pure."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.options.kinds import PATH, whole
from miniwdl_aws_core.options.kinds import Kind as ValueKind
from miniwdl_aws_core.options.shared import FILE_SYSTEM, ROLE, SHARE
from miniwdl_aws_core.publish_options import check
from miniwdl_aws_core.s3uri import S3Uri
from miniwdl_aws_core.terminal import quoted
from miniwdl_aws_hooks.errors import ConfigurationError
from miniwdl_aws_hooks.types import PublishOptions
from miniwdl_aws_submit_cli.options.table import OPTIONS, Kind, Option, option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Resolved",
    "Settings",
    "find",
    "find_required",
    "parse_tags",
    "read_cpu",
    "read_memory",
    "read_s3_folder",
    "read_staging",
    "resolve",
    "within",
]

LARGEST_HOST = 32768
"""GiB of memory; https://aws.amazon.com/ec2/instance-types/high-memory/"""
_CPU = whole(1, 1920)
"""vCPUs: the largest hosts of that page have so many."""
MAX_NAME = 128
MAX_TAG_KEY, MAX_TAG_VALUE = 128, 256
# https://docs.aws.amazon.com/batch/latest/userguide/using-tags.html
_TAG_TEXT = re.compile(r"[\w\s+\-=.:/@]*", re.UNICODE)
_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Resolved:
    """A value with the place it came from, for error messages."""

    value: str
    source: str


@dataclass(frozen=True)
class Settings:
    """What a submission needs to know, checked."""

    workflow_queue: str
    task_queue: str
    task_queue_fallback: str | None
    workflow_share: str | None
    """Share identifier of the workflow job."""
    task_share: str | None
    """That of the task jobs: both are what ``--share`` says until it is known which queues take one."""
    fsid: str | None
    mount: str
    """Absolute, no trailing slash."""
    run_dir: str
    publish: PublishOptions
    staging: str | None
    workflow_role: str | None
    image: str | None
    name: str | None
    cpu: int
    memory_mib: int
    tags: Mapping[str, str]


def find(item: Option, given: Mapping[str, Any], environ: Mapping[str, str], tags: Mapping[str, str]) -> Resolved:
    """
    Find the value of one option; an empty value means that nobody gave it.

    An option given as an empty string on the command line hides the variable and the tag.

    :param given: parsed options by dest.
    :param tags: those of the workflow queue.
    """
    if given.get(item.dest) is not None:
        return Resolved(given[item.dest], item.name)
    if item.env and environ.get(item.env):
        return Resolved(environ[item.env], item.env)
    if item.tag and tags.get(item.tag):
        return Resolved(tags[item.tag], f"the workflow queue's tag {item.tag}")
    return Resolved(item.default or "", "the default")


def find_required(
    item: Option, given: Mapping[str, Any], environ: Mapping[str, str], tags: Mapping[str, str]
) -> Resolved:
    """
    Find the value of an option that must have one.

    :raises ConfigurationError: saying every way to give it.
    """
    found = find(item, given, environ, tags)
    if not found.value:
        raise ConfigurationError(f"{item.name} is missing: {item.sources}")
    return found


def resolve(given: Mapping[str, Any], environ: Mapping[str, str], tags: Mapping[str, str]) -> Settings:
    """
    Find and check the values of all options.

    :raises ConfigurationError: naming the option, or the variable or tag, that is missing or wrong.
    """
    found = {item.dest: find(item, given, environ, tags) for item in OPTIONS if item.kind is Kind.VALUE}
    for item in OPTIONS:
        if item.choices and found[item.dest].value not in ("", *item.choices):
            bad = found[item.dest]
            raise ConfigurationError(f"{bad.source} must be one of {', '.join(item.choices)}, not {quoted(bad.value)}")
    mount = _mount(found["mount"])
    s3upload = read_s3_folder(found["s3upload"])
    if found["delete_after"].value and not s3upload:
        upload = option("--s3upload")
        raise ConfigurationError(
            f"{found['delete_after'].source} needs a folder to upload to", hint=f"{upload.sources}, or leave it out"
        )
    if given.get("publish") and not s3upload:
        raise ConfigurationError(
            "--publish needs a folder to publish to", hint=f"{option('--s3upload').sources}, or leave it out"
        )
    publish = PublishOptions(
        destination=s3upload,
        publisher=found["publish"].value or None,
        overwrite=not given.get("no_overwrite"),
        as_you_go=bool(given.get("upload_as_you_go")),
        delete_after=found["delete_after"].value or None,
    )
    check(publish)
    share = _read(found["share"], SHARE)
    return Settings(
        workflow_queue=find_required(option("--workflow-queue"), given, environ, tags).value,
        task_queue=find_required(option("--task-queue"), given, environ, tags).value,
        task_queue_fallback=found["task_queue_fallback"].value or None,
        workflow_share=share,
        task_share=share,
        fsid=_read(found["fsid"], FILE_SYSTEM),
        mount=mount,
        run_dir=_run_dir(found["dir"], mount),
        publish=publish,
        staging=read_staging(found["staging"], s3upload),
        workflow_role=_read(found["workflow_role"], ROLE),
        image=found["image"].value or None,
        name=_job_name(found["name"]),
        cpu=read_cpu(found["cpu"]),
        memory_mib=read_memory(found["memory_GiB"]),
        tags=parse_tags(given.get("tag") or ()),
    )


def within(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies below it, once ``.`` and ``..`` are taken away."""
    path, folder = posixpath.normpath(path), posixpath.normpath(folder)
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def parse_tags(pairs: Sequence[str]) -> dict[str, str]:
    """Read the values of ``--tag``."""
    tags: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ConfigurationError(f"--tag takes KEY=VALUE, not {quoted(pair)}")
        if key.lower().startswith("aws:"):
            raise ConfigurationError(f"--tag {quoted(pair)}: tags that begin with aws: belong to AWS")
        if len(key) > MAX_TAG_KEY or len(value) > MAX_TAG_VALUE:
            raise ConfigurationError(
                f"--tag {key[:40]}: a key has at most {MAX_TAG_KEY} characters, a value {MAX_TAG_VALUE}"
            )
        if not _TAG_TEXT.fullmatch(key) or not _TAG_TEXT.fullmatch(value):
            raise ConfigurationError(
                f"--tag {quoted(pair)}: tags consist of letters, digits, spaces and + - = . _ : / @"
            )
        if tags.get(key, value) != value:
            raise ConfigurationError(f"--tag gives {key} twice, with different values")
        tags[key] = value
    return tags


def _mount(found: Resolved) -> str:
    path = posixpath.normpath(_read(found, PATH) or "/")
    if path.strip("/") == "":
        raise ConfigurationError(f"{found.source} must be an absolute path such as /mnt/fsx, not {quoted(found.value)}")
    return "/" + path.strip("/")  # POSIX lets two slashes at the beginning stand


def _run_dir(found: Resolved, mount: str) -> str:
    if not found.value:
        return posixpath.join(mount, "miniwdl_run")
    if not found.value.startswith("/") or not within(found.value, mount):
        raise ConfigurationError(
            f"{found.source} must lie within the mount {mount}, unlike {quoted(found.value)}",
            hint=f"the run directory is on the file system that all jobs share; default: {mount}/miniwdl_run",
        )
    if not found.value.isprintable():
        raise ConfigurationError(f"{found.source} must be a path without control characters, not {quoted(found.value)}")
    # miniwdl makes no subfolder of a directory written with a final "/.".
    exact = "/." if found.value.endswith("/.") else ""
    return posixpath.normpath(found.value) + exact


def read_s3_folder(found: Resolved) -> str | None:
    """Read an option that names a folder in S3; ``None`` where nobody did."""
    if not found.value:
        return None
    S3Uri.parse(found.value, what=found.source)
    return found.value


def read_staging(found: Resolved, s3upload: str | None) -> str | None:
    """Read where files are staged: where nobody says, in the bucket of the results."""
    if found.value:
        folder = read_s3_folder(found) or ""
        return folder.rstrip("/") + "/"
    if s3upload:
        return str(S3Uri(S3Uri.parse(s3upload).bucket, "miniwdl-aws-staging/"))
    return None


def _read(found: Resolved, kind: ValueKind[str]) -> str | None:
    if not found.value:
        return None
    try:
        return kind.parse(found.value)
    except ValueError:
        raise ConfigurationError(f"{found.source} must be {kind.expected}, not {quoted(found.value)}") from None


def _job_name(found: Resolved) -> str | None:
    if not found.value:
        return None
    if not _JOB_NAME.fullmatch(found.value) or len(found.value) > MAX_NAME:
        raise ConfigurationError(
            f"--name: a job's name has at most {MAX_NAME} letters, digits, hyphens and underscores, and begins with"
            f" a letter or digit, unlike {quoted(found.value)}"
        )
    return found.value


def read_cpu(found: Resolved) -> int:
    """Read ``--cpu``: vCPUs."""
    try:
        return _CPU.parse(found.value)
    except ValueError:
        raise ConfigurationError(f"--cpu must be {_CPU.expected}, not {quoted(found.value)}") from None


def read_memory(found: Resolved) -> int:
    """Read ``--memory-GiB``, as MiB."""
    try:
        mib = round(float(found.value) * 1024)
    except (ValueError, OverflowError):
        mib = 0
    if not 1 <= mib <= LARGEST_HOST * 1024:
        raise ConfigurationError(
            f"--memory-GiB must be a number above 0, and at most {LARGEST_HOST}, not {quoted(found.value)}"
        )
    return mib
