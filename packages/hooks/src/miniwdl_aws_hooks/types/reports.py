"""Plain types about the end of a run: what is reported of it, and to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniwdl_aws_hooks.settings import Settings

__all__ = ["EndedRun", "RunEnded", "RunReport"]


@dataclass(frozen=True)
class EndedRun:
    """A run that has just ended, and whose products have not left the shared file system."""

    run_dir: str
    """Its directory."""
    exit_code: int
    """Of miniwdl; 0 when the run succeeded."""
    settings: Settings
    """The configuration."""
    folder: str | None = None
    """``s3://`` folder to which its products are going; ``None`` when they stay."""
    job_id: str | None = None
    """Of the workflow job; ``None`` outside of AWS Batch."""


@dataclass(frozen=True)
class RunReport:
    """What is reported of a run."""

    files: Mapping[str, str]
    """Texts by the names of :data:`miniwdl_aws_core.run_files.REPORTS`, to be put beside the logs."""
    summary: str = ""
    """One sentence: what became of it, how long it took, what it cost."""
    saving: str = ""
    """One sentence: the biggest saving that is to be had the next time; empty when there is none."""
    totals: Mapping[str, float] = field(default_factory=dict)
    """Sums, by the names that ``totals`` of ``report.json`` has for them: ``calls``, ``vcpuHours``, ``cost``."""


@dataclass(frozen=True)
class RunEnded:
    """A run that is over, and all that is known of it."""

    run_dir: str
    """Its directory, which may be deleted by now."""
    exit_code: int
    """Of miniwdl; 0 when the run succeeded."""
    settings: Settings
    """The configuration."""
    results: str | None = None
    """``s3://`` folder with all of its products; ``None`` when they stayed, or could not all be uploaded."""
    job_id: str | None = None
    """Of the workflow job; ``None`` outside of AWS Batch."""
    why: str = ""
    """Why it failed, where it did: one sentence."""
    reports: Mapping[str, str] = field(default_factory=dict)
    """Where its reports are, by their names: ``s3://`` URIs, or paths where nothing was uploaded."""
    summary: str = ""
    """As :attr:`RunReport.summary`."""
    saving: str = ""
    """As :attr:`RunReport.saving`."""
    totals: Mapping[str, float] = field(default_factory=dict)
    """As :attr:`RunReport.totals`."""
