"""``miniwdl-aws infra delete``: delete the setup; the data stays unless the file system is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_core.console import emit, say
from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_infra.subcommands.arguments import add_place, add_yes, agreed

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from miniwdl_aws_infra.stacks.service import Resource, Stack, Stacks
    from miniwdl_aws_infra.stacks.waiting import Waiting

__all__ = ["configure", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add which stack, and how much of it."""
    parser.add_argument(
        "--with-file-system", action="store_true",
        help="delete the file system and all files on it, too, with the network in which it lies; the bucket stays",
    )  # fmt: skip
    add_place(parser)
    add_yes(parser)


def run(args: Namespace) -> int:
    """Say what goes and what stays, ask, and do it."""
    from miniwdl_aws_infra.stacks.service import Stacks
    from miniwdl_aws_infra.stacks.waiting import Waiting
    from miniwdl_aws_infra.template import DATA, HOME_OF_FILE_SYSTEM

    stacks = Stacks.connect(args.region)
    waiting = Waiting(stacks)
    stack = stacks.require(args.stack_name)
    found = stacks.resources(stack.id)
    keeps = {*DATA, *HOME_OF_FILE_SYSTEM} - (set(HOME_OF_FILE_SYSTEM) if args.with_file_system else set())
    stays = [item for item in found if item.name in keeps]
    say(f"stack {stack.name} in {stacks.region}: {len(found) - len(stays)} resources go, {len(stays)} stay")
    for item in stays:
        if item.name in DATA:
            say(f"  the {DATA[item.name]} {item.id} stays")
    if any(item.name not in DATA for item in stays):
        say("  the network of the file system stays with it")
    lost = next((item for item in found if item.name == "FileSystem" and item.name not in keeps), None)
    if lost:
        say(f"  all files on {lost.id} are lost, unless they are in S3")
    if not agreed(f"Delete stack {stack.name}?", yes=args.yes):
        say("nothing was deleted")
        return ExitCode.FAILED
    known: set[str] = set()
    stacks.events(stack.id, known)
    if lost:
        _let_go(stack, stacks, waiting, known)
    stacks.begin_deletion(stack.id)
    waiting.for_stack(stack.id, known)
    say(f"stack {stack.name} is deleted")
    _say_what_stays(stays, args.stack_name)
    return ExitCode.OK


def _let_go(stack: Stack, stacks: Stacks, waiting: Waiting, known: set[str]) -> None:
    """Change the policy that would keep the file system: a policy can't be a parameter of a template."""
    from miniwdl_aws_infra.stacks.parameters import request
    from miniwdl_aws_infra.subcommands.plan import check_state
    from miniwdl_aws_infra.template import HOME_OF_FILE_SYSTEM, with_deletion

    check_state(stack)
    template = with_deletion(stacks.template(stack.id), HOME_OF_FILE_SYSTEM)
    change_set, _ = stacks.begin_change_set(
        stack.name, template, request({}, stack.parameters, list(stack.parameters)), new=False
    )
    if waiting.for_change_set(change_set) is None:
        stacks.forget_change_set(change_set)  # a deletion that failed has been here before
        return
    stacks.carry_out(change_set)
    waiting.for_stack(stack.id, known)


def _say_what_stays(stays: Sequence[Resource], name: str) -> None:
    """Print the commands by which what stays is deleted, and by which it is used again."""
    ids = {item.name: item.id for item in stays}
    commands = {
        "FileSystem": "aws fsx delete-file-system --file-system-id {FileSystem} # wait until it is gone",
        "SecurityGroup": "aws ec2 delete-security-group --group-id {SecurityGroup}",
        "Subnet": "aws ec2 delete-subnet --subnet-id {Subnet}",
        "RouteTable": "aws ec2 delete-route-table --route-table-id {RouteTable}",
        "InternetGateway": "aws ec2 detach-internet-gateway --internet-gateway-id {InternetGateway} --vpc-id {Vpc} && "
        "aws ec2 delete-internet-gateway --internet-gateway-id {InternetGateway}",
        "Vpc": "aws ec2 delete-vpc --vpc-id {Vpc}",
        "Bucket": "aws s3 rb --force s3://{Bucket}",
        "JobLogs": "aws logs delete-log-group --log-group-name {JobLogs}",
    }
    if not ids:
        return
    if "FileSystem" in ids:
        say(f"the file system {ids['FileSystem']} goes on to cost as before")
    emit("# what stays is deleted, in this order, by")
    emit(*(text.format(**ids) for resource, text in commands.items() if resource in ids))
    parameters = {"FileSystem": "FileSystemId", "SecurityGroup": "SecurityGroupId", "Bucket": "BucketName"}
    words = " ".join(f"--parameter {name}={ids[kept]}" for kept, name in parameters.items() if kept in ids)
    if words:
        emit("# and used again by", f"miniwdl-aws infra deploy --stack-name {name} {words}")
