"""
The template that this distribution ships, as text. Pure.

YAML is not parsed here, since that would take another dependency: the file's own layout is enough, and tests compare.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["DATA", "HOME_OF_FILE_SYSTEM", "LIMIT", "compact", "hosts", "rules", "text", "with_deletion"]

LIMIT = 51_200
"""Bytes of a template that a request takes.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html"""

DATA = {"FileSystem": "file system", "Bucket": "bucket", "JobLogs": "log group"}
"""Resources that hold data, in words."""

HOME_OF_FILE_SYSTEM = (
    "FileSystem", "LustrePort", "LustrePorts", "SecurityGroup", "SubnetRoutes", "Subnet", "InternetRoute", "RouteTable",
    "InternetGatewayAttachment", "InternetGateway", "Vpc",
)  # fmt: skip
"""The file system and the network in which it lies."""

USER_DATA = re.compile(r"(?ms)^( *)# generated: user-data\n(.*?)^\1# end\n")
COMMENT = re.compile(r"(?m)^ *#.*\n|^\n|(?<=\S) # .*$")


def text() -> str:
    """Read the template."""
    return _read("miniwdl-aws-fsxl.yaml")


def hosts() -> str:
    """Read the template that has the launch template alone."""
    return _read("hosts.yaml")


def _read(name: str) -> str:
    return files("miniwdl_aws_infra").joinpath(name).read_text(encoding="ascii")


def rules(template: str) -> dict[str, dict[str, str]]:
    """
    Give what the template says of each parameter and writes on one line, as it stands there.

    :return: by the parameter's name: ``{"Type": "Number", "MinValue": "0"}``.
    """
    section = re.search(r"(?ms)^Parameters:\n(.*?)^\S", template)
    found = re.findall(r"(?m)^  (\w+):\n((?:^    .*\n)*)", section[1]) if section else []
    return {name: dict(re.findall(r"(?m)^    (\w+): (.+)$", body)) for name, body in found}


def compact(template: str) -> str:
    """
    Take out what CloudFormation doesn't need: comments, empty lines, and most of the indentation.

    A request takes 51,200 bytes, and the user data of hosts, whose own comments stay, is a large part of the template.
    """
    found = USER_DATA.search(template)
    if not found:
        return _denser(template)
    indent, lines = found[1], found[2].splitlines(keepends=True)
    # The first line begins the item of a list, and the text lies two columns deeper. JSON's strings are YAML's, too.
    item = json.dumps("".join(line.removeprefix(f"{indent}  ") for line in lines[1:]))
    head, tail = template[: found.start()], template[found.end() :]
    return f"{_denser(head)}{_denser(f'{indent}- ')}{item}\n{_denser(tail)}"


def _denser(template: str) -> str:
    """
    Take out comments, empty lines, and a half of the indentation, which is a multiple of two.

    A list's dash moves to the column of the key above it, where YAML takes it, too; so what follows the dash is as deep
    as the lines below it.
    """
    return re.sub(
        r"(?m)^( *)(?=(- )?)",
        lambda found: " " * (len(found[1]) // 2 - (1 if found[2] else 0)),
        COMMENT.sub("", template),
    )


def with_deletion(template: str, resources: Collection[str]) -> str:
    """
    Let some resources, which would outlive their stack, be deleted with it.

    Their metadata change too, since CloudFormation may see no change in a policy alone.

    :param template: as it was deployed, compact or not.
    """
    lines, inside = [], False
    for line in template.splitlines(keepends=True):
        opened = re.fullmatch(r" {1,2}(\w+):\n?", line)
        if opened:
            inside = opened[1] in resources
        policy = re.fullmatch(r"( +)DeletionPolicy: RetainExceptOnCreate\n?", line)
        if inside and policy:
            lines.append(f"{policy[1]}DeletionPolicy: Delete\n{policy[1]}Metadata: {{Deletion: asked for}}\n")
        else:
            lines.append(line)
    return "".join(lines)
