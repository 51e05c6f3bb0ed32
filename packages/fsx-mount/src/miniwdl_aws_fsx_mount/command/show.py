"""One screen about a file system: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import CheckState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniwdl_aws_fsx_mount.aws.associations import Association
    from miniwdl_aws_fsx_mount.checks.survey import Survey

__all__ = ["survey_lines"]


def survey_lines(survey: Survey) -> list[str]:
    """Write the facts, the links to S3, and what must be changed."""
    return [*_facts(survey), "", *_links(survey.associations), "", *_findings(survey)]


def _facts(survey: Survey) -> Iterator[str]:
    system = survey.system
    place = ", ".join(system.subnets) or "unknown"
    if survey.home:
        place += f" in {survey.home.zone}, {survey.home.vpc}"
    rows = {
        "file system": f"{system.id}, {system.lifecycle}",
        "type": f"{system.deployment}, {system.storage_type}, Lustre {system.version}",
        "capacity": f"{system.capacity_gib} GiB, compression {system.compression}",
        "throughput": system.throughput,
        "mount": f"{system.dns_name}@tcp:/{system.mount_name}",
        "subnets": place,
        "security groups": ", ".join(survey.groups) or "unknown",
        "root squash": system.root_squash or "off",
    }
    for name, value in rows.items():
        yield f"{name:<16} {value}"


def _links(associations: Sequence[Association]) -> Iterator[str]:
    if not associations:
        yield "links to S3      none: S3 inputs are downloaded"
    for number, item in enumerate(associations):
        yield f"{'links to S3' if number == 0 else '':<16} /{item.folder} = {item.uri} ({item.id}, {item.lifecycle})"
        for what, events in (("imports", item.auto_import), ("exports", item.auto_export)):
            yield f"{'':<16}   {what} by itself: {', '.join(sorted(events)).lower() or 'nothing'}"


def _findings(survey: Survey) -> Iterator[str]:
    findings = [check for check in survey.checks if check.state is not CheckState.OK]
    if not findings:
        yield "nothing needs to be changed"
    for check in findings:
        yield f"{check.state.value}: {check.subject}: {check.message}"
        yield from (f"    {text}" for text in (check.why, check.hint, check.command) if text)
