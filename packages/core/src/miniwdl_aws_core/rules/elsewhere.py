"""Rules of CloudWatch Logs, Amazon FSx and Amazon EC2. Pure."""

from __future__ import annotations

import base64
import binascii
from email import message_from_bytes
from typing import Any

from miniwdl_aws_core.rules.checks import matches
from miniwdl_aws_core.rules.rule import Rule

__all__ = ["MAX_USER_DATA", "RULES"]

_LOGS = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_"
_FSX = "https://docs.aws.amazon.com/fsx/latest/APIReference/API_"
_TEMPLATES = ("ec2:CreateLaunchTemplate", "ec2:CreateLaunchTemplateVersion")
_READING = ("logs:GetLogEvents", "logs:FilterLogEvents")
MAX_USER_DATA = 16 * 1024
"""Bytes of a host's user data, before they are encoded."""


def _one_group(request: Any) -> bool:
    return ("logGroupName" in request) != ("logGroupIdentifier" in request)


def _from_head(request: Any) -> bool:
    # Tokens that lead backwards begin with b/, those that lead forwards with f/.
    return request.get("nextToken", "b/").startswith("b/") or request.get("startFromHead") is True


def _by_names_or_prefix(request: Any) -> bool:
    return not ("logStreamNames" in request and "logStreamNamePrefix" in request)


def _in_order(request: Any) -> bool:
    return "endTime" not in request or int(request.get("startTime", 0)) <= int(request["endTime"])


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def _small(text: str) -> bool:
    data = _decoded(text)
    return data is not None and len(data) <= MAX_USER_DATA


def _multipart(text: str) -> bool:
    message = message_from_bytes(_decoded(text) or b"")
    return message.is_multipart() and not message.defects and message["MIME-Version"] == "1.0"


def _relative(request: Any) -> bool:
    return request.get("Type") != "EXPORT_TO_REPOSITORY" or not any(
        path.startswith("/") for path in request.get("Paths", ())
    )


def _reported(report: Any) -> bool:
    return not report.get("Enabled") or {"Path", "Format", "Scope"} <= report.keys()


RULES = (
    Rule(
        "logs-group", _READING, ("",), _one_group,
        "A log group is named by logGroupName or by logGroupIdentifier, and not by both.", _LOGS + "GetLogEvents.html",
    ),
    Rule(
        "logs-token", ("logs:GetLogEvents",), ("",), _from_head,
        "With a nextForwardToken, startFromHead is true.", _LOGS + "GetLogEvents.html",
    ),
    Rule(
        "logs-streams", ("logs:FilterLogEvents",), ("",), _by_names_or_prefix,
        "Streams are named by logStreamNames or by logStreamNamePrefix, and not by both.",
        _LOGS + "FilterLogEvents.html",
    ),
    Rule(
        "logs-span", _READING, ("",), _in_order, "startTime is not after endTime.", _LOGS + "GetLogEvents.html",
    ),
    Rule(
        "fsx-export-paths", ("fsx:CreateDataRepositoryTask",), ("",), _relative,
        "The paths of an export are relative to the mount point.", _FSX + "CreateDataRepositoryTask.html",
    ),
    Rule(
        "fsx-report", ("fsx:CreateDataRepositoryTask",), ("Report",), _reported,
        "A report that is enabled has Path, Format and Scope.", _FSX + "CompletionReport.html",
    ),
    Rule(
        "fsx-report-path", ("fsx:CreateDataRepositoryTask",), ("Report.Path",), matches("(?s)s3://.+"),
        "A report lies at an s3:// URI.", _FSX + "CompletionReport.html",
    ),
    Rule(
        "fsx-association-path", ("fsx:CreateDataRepositoryAssociation",), ("FileSystemPath",), matches("(?s)/.*"),
        "The path of an association on the file system is absolute.", _FSX + "CreateDataRepositoryAssociation.html",
    ),
    Rule(
        "fsx-association-repository", ("fsx:CreateDataRepositoryAssociation",), ("DataRepositoryPath",),
        matches("(?s)s3://.+"), "The repository of an association is an s3:// URI.",
        _FSX + "CreateDataRepositoryAssociation.html",
    ),
    Rule(
        "ec2-user-data", _TEMPLATES, ("LaunchTemplateData.UserData",), _small,
        f"User data is base64 of at most {MAX_USER_DATA // 1024} KiB.",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html",
    ),
    Rule(
        "ec2-user-data-mime", _TEMPLATES, ("LaunchTemplateData.UserData",), _multipart,
        "AWS Batch wants the user data of a launch template as a MIME multi-part archive.",
        "https://docs.aws.amazon.com/batch/latest/userguide/launch-templates.html",
    ),
)  # fmt: skip
