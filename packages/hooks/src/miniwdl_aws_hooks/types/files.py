"""Plain types about files that travel: inputs in, products out, local files staged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from miniwdl_aws_hooks.settings import Settings

__all__ = [
    "DestinationContext",
    "FetchReport",
    "FetchRequest",
    "InputFinding",
    "InputsContext",
    "LocalizeRequest",
    "PublishOptions",
    "PublishReport",
    "PublishRequest",
    "RemoteInput",
    "StageItem",
    "StageRequest",
    "StageResult",
]


@dataclass(frozen=True)
class RemoteInput:
    """A file or folder that an input of the workflow names by URI."""

    uri: str
    """As the input has it."""
    name: str
    """The input that names it, for messages; one of several."""
    directory: bool = False
    """A Directory input: everything under the URI."""


@dataclass(frozen=True)
class InputsContext:
    """What a run that has not been submitted is going to read from elsewhere."""

    inputs: Sequence[RemoteInput]
    """Each URI once."""
    settings: Settings
    """The configuration."""
    progress: Callable[[str], None] = lambda _message: None
    """Receives one line of text at a time for the user."""


@dataclass(frozen=True)
class InputFinding:
    """What a look at one of them from the submitting machine has shown."""

    uri: str
    """That of the input."""
    size: int | None = None
    """Bytes; ``None`` when that isn't known."""
    problem: str | None = None
    """Why no job can read it, completing "input NAME: "; the run is not submitted."""
    doubt: str | None = None
    """What could not be found out, or might surprise, completing "input NAME: "; the user reads it as a note."""
    hint: str | None = None
    """What to do about a problem."""


@dataclass(frozen=True)
class LocalizeRequest:
    """An input given by URI that a task is going to read."""

    uri: str
    """As the input has it."""
    directory: bool
    """A Directory input: everything under the URI."""
    mount_point: str
    """Root of the shared file system; the answer must lie within it."""
    settings: Settings
    """The configuration."""


@dataclass(frozen=True)
class PublishOptions:
    """How a user wants the products of a run published."""

    destination: str | None = None
    """``s3://bucket/prefix``, where the run's name is added unless it ends in a slash; ``None`` publishes nothing."""
    publisher: str | None = None
    """
    ``upload``: by the workflow job's network; ``export``: by the shared file system itself. ``None`` where the
    configuration decides, and never in what a hook gets.
    """
    overwrite: bool = True
    """Whether an object that is there already and differs may be replaced."""
    as_you_go: bool = False
    """Whether outputs of finished calls travel while the rest of the workflow runs."""
    delete_after: str | None = None
    """``always``, ``success`` or ``failure`` of the run deletes its directory after the publication; ``None`` never."""


@dataclass(frozen=True)
class DestinationContext:
    """Where a run that has not begun is to be published."""

    folder: str
    """As the user gave it: the run's name is not there yet where it doesn't end in a slash."""
    settings: Settings
    """The configuration."""
    options: PublishOptions = field(default_factory=PublishOptions)
    """What the user asks for."""
    submitting: bool = False
    """On the submitting machine, whose credentials are others than the job's: look alone, and try nothing."""
    note: Callable[[str], None] = lambda _message: None
    """Receives what the user should know and what stands in nobody's way, a sentence each."""


@dataclass(frozen=True)
class PublishRequest:
    """The products of a finished run, ready to leave the shared file system."""

    run_dir: str
    """The run's directory."""
    folder: str
    """Destination, an ``s3://bucket/prefix/`` URI that ends in a slash."""
    files: Mapping[str, str]
    """
    Where each file lies, by its name under the folder. Only files that miniwdl made outputs, logs and error.json.

    The paths are real ones: a link that is met on one has been planted since, and whoever publishes must not follow it.
    """
    settings: Settings
    """The configuration."""
    options: PublishOptions = field(default_factory=PublishOptions)
    """What the user asks for."""


@dataclass(frozen=True)
class PublishReport:
    """How a publication went."""

    uploaded: int
    """Objects written."""
    skipped: int
    """Objects that were there already, and equal."""
    size: int
    """Bytes written."""
    seconds: float
    """How long it took."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Why each object that could not be written wasn't, by its name under the folder."""
    checks: Mapping[str, str] = field(default_factory=dict)
    """What proves that each object is what its file is, by its name: ``md5``, ``crc64nvme``, ``size``."""


@dataclass(frozen=True)
class StageItem:
    """A file or folder on the submitting machine that the run needs."""

    path: str
    """Absolute path."""
    directory: bool = False
    """Whether it is a folder, which travels with all that lies in it."""


@dataclass(frozen=True)
class StageRequest:
    """Local files to bring where a workflow job can read them."""

    items: Sequence[StageItem]
    """What to bring; each path once."""
    folder: str
    """``s3://bucket/prefix/`` under which they are kept by content."""
    dry_run: bool = False
    """Only say what would travel."""
    progress: Callable[[str], None] = lambda _message: None
    """Receives one line of text at a time for the user."""
    confirm: Callable[[str], bool] = lambda _question: True
    """Asked before much travels, whether to go on."""


@dataclass(frozen=True)
class StageResult:
    """Where the staged files are now."""

    uris: Mapping[str, str]
    """``s3://`` URI by the path asked for; a folder's ends in a slash."""
    size: int
    """Bytes of everything asked for."""
    uploaded: int
    """Bytes that had to travel; the rest was there already."""


@dataclass(frozen=True)
class FetchRequest:
    """Files that are to be brought to this machine: products of a run, or a WDL and its inputs."""

    folder: str
    """Absolute path of the local folder below which they are put; it may not exist yet."""
    files: Mapping[str, str]
    """
    Path of each, from that folder, by its URI: all of one scheme. A URI that ends in a slash is a folder, which comes
    with all that lies in it.
    """
    settings: Settings
    """The configuration."""
    progress: Callable[[str], None] = lambda _message: None
    """Receives one line of text at a time for the user."""
    limit: int | None = None
    """Bytes that all of them may have; where they have more, none is to come, and that is an error."""


@dataclass(frozen=True)
class FetchReport:
    """What has been brought."""

    fetched: int
    """Files written."""
    present: int
    """Files that were there already, and equal."""
    size: int
    """Bytes written."""
    differing: Sequence[str] = ()
    """Paths, from the folder, of files that were there already and differ, so that they were left as they are."""
