"""
Keep the CloudFormation templates of packages/infra in step with the parts that own what they repeat.

A block between ``# generated: WHAT`` and ``# end`` is written anew: ``user-data``, as ``miniwdl-aws fsx user-data``
writes it; ``policy ROLE``, the statements that each setup needs; ``statement ROLE SID``, one that some setups need. The
file in the folder ``infra`` of the repository is a copy, for those who want nothing but the file.

Parts never import each other, so this stands outside of them, and imports them all.
"""

from __future__ import annotations

import re
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from workspace import ROOT

from miniwdl_aws_core.aws.permissions import ACCOUNT, Role, Statement, statements
from miniwdl_aws_fsx_mount.hosts.user_data import HostOptions, user_data
from miniwdl_aws_hooks.protocol import SENTINEL_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PACKAGED = ROOT / "packages/infra/src/miniwdl_aws_infra"
TEMPLATE = PACKAGED / "miniwdl-aws-fsxl.yaml"
HOSTS = PACKAGED / "hosts.yaml"
COPY = ROOT / "infra" / TEMPLATE.name
BLOCK = re.compile(r"(?ms)^( *)# generated: ([\w ,-]+)\n(.*?)^\1# end\n")

DNS_NAME, MOUNT_NAME = "DNS.NAME", "MOUNT.NAME"
"""Stand for the file system; plain enough that no shell wants them quoted."""

BUCKET = "!If [NewBucket, !Ref Bucket, !Ref BucketName]"
INPUTS = f"!If [OtherInputs, !Ref InputBuckets, {BUCKET}]"


def user_data_block() -> str:
    """Write the user data as the text of ``Fn::Sub``, of which a list's first item is the text."""
    text = user_data(HostOptions(DNS_NAME, MOUNT_NAME, sentinel=SENTINEL_NAME))
    text = text.replace("${", "${!").replace(DNS_NAME, "${DnsName}").replace(MOUNT_NAME, "${MountName}")
    return f"- |\n{textwrap.indent(text, '  ')}"


def policy_block(role: str) -> str:
    """Write the statements of a role that every setup needs."""
    return "".join(_statement(item) for item in statements(Role(role)) if not item.when)


def statement_block(role: str, sid: str) -> str:
    """Write one statement of a role."""
    (item,) = (item for item in statements(Role(role)) if item.sid == sid)
    return _statement(item)


def _statement(item: Statement) -> str:
    lines = [f"- Sid: {item.sid}", "  Effect: Allow", "  Action:", *_filled(item.actions)]
    lines += ["  Resource:", *(f"    - {resource(name)}" for name in item.resources)]
    lines += [f"  Condition: {_flow(item.condition)}"] if item.condition else []
    return "".join(f"{line}\n" for line in lines)


def _filled(names: Sequence[str]) -> list[str]:
    """Write a list of names on as few lines as it takes: CloudFormation takes 51,200 bytes."""
    text = ", ".join(f'"{name}"' for name in names)
    wrapper = textwrap.TextWrapper(
        90, initial_indent="    ", subsequent_indent="     ", break_on_hyphens=False, break_long_words=False
    )
    return wrapper.wrap(f"[{text}]")


def _flow(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return "{" + ", ".join(f'"{key}": {_flow(inner)}' for key, inner in value.items()) + "}"


def resource(name: str) -> str:
    """
    Turn a resource of the table, whose names are examples, into what a stack has in its place.

    :raises ValueError: when the table has a name that nobody here knows.
    """
    if name == "*":
        return '"*"'
    if name.endswith(":role/miniwdl-workflow"):
        return "!GetAtt WorkflowRole.Arn"
    name = name.replace("arn:aws:", "arn:${AWS::Partition}:").replace(ACCOUNT, "${AWS::AccountId}")
    name = re.sub(r"(arn:\$\{AWS::Partition\}:[a-z]+):\*:", r"\1:${AWS::Region}:", name)
    name = name.replace(":job-queue/miniwdl-*", ":job-queue/${AWS::StackName}-*")
    for example, bucket in (("YOUR-BUCKET", BUCKET), ("YOUR-INPUTS", INPUTS)):
        if example in name:
            return f'!Sub ["{name.replace(example, "${Name}")}", {{Name: {bucket}}}]'
    if re.search(r"YOUR|miniwdl", name):
        raise ValueError(f"nothing in the template stands for {name}")
    return f'!Sub "{name}"'


BLOCKS = {"user-data": user_data_block, "policy": policy_block, "statement": statement_block}


def rendered(text: str) -> str:
    """Return a template with its generated blocks as the code has them now."""

    def replace(found: re.Match[str]) -> str:
        kind, *arguments = found[2].split()
        block = textwrap.indent(BLOCKS[kind](*arguments), found[1])
        return f"{found[1]}# generated: {found[2]}\n{block}{found[1]}# end\n"

    return BLOCK.sub(replace, text)


def wanted() -> dict[Path, str]:
    """Give what each file should hold."""
    fresh = {file: rendered(file.read_text()) for file in (TEMPLATE, HOSTS)}
    return {**fresh, COPY: fresh[TEMPLATE]}


def main(arguments: list[str]) -> int:
    """Compare, or write with ``--write``; the exit code is 1 when a file is out of date."""
    stale = {file: text for file, text in wanted().items() if not file.exists() or file.read_text() != text}
    for file, text in stale.items():
        if "--write" in arguments:
            file.write_text(text)
        else:
            sys.stderr.write(f"{file.relative_to(ROOT)} is out of date: nox -s infra -- --write\n")
    return 1 if stale and "--write" not in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
