"""The list of the subcommands, and what it costs to import them all."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from miniwdl_aws_submit_cli.manage import commands as listed
from miniwdl_aws_submit_cli.manage.commands import commands


def test_every_module_with_a_command_is_listed_under_its_name() -> None:
    folder = Path(listed.__file__).parent
    with_command = {path.stem for path in folder.glob("*.py") if "\ndef run(" in path.read_text()}
    assert sorted(command.name for command in commands()) == sorted(with_command)


def test_help_waits_for_nothing_heavy() -> None:
    heavy = ("boto3", "botocore", "WDL", "rich", "json", "miniwdl_aws_submit_cli.runs", "miniwdl_aws_submit_cli.watch")
    assert all(map(find_spec, heavy)), "the names are right"
    text = (
        "import sys\n"
        "from miniwdl_aws_submit_cli.manage.commands import commands\n"
        "from miniwdl_aws_submit_cli.manage.command import build_parser\n"
        "build_parser(commands()).format_help()\n"
        f"print(*set({heavy!r}) & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
