import subprocess
import sys
from contextlib import nullcontext

import pytest

from miniwdl_aws_hooks import ConfigurationError, PluginError, SubmitEnvironment, SubmitOption
from miniwdl_aws_submit_cli.options.parser import build_parser, parse

LOCAL = SubmitOption("--local-thing", "run it here", lambda _args: nullcontext(SubmitEnvironment()))
PLACE = SubmitOption("--place", "run it there", lambda _args: nullcontext(SubmitEnvironment()), metavar="WHERE")


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("wf.wdl x=1 --s3upload s3://b/x y=2", "wf.wdl x=1 y=2"),
        ("-i in.json --name n wf.wdl", "-i in.json wf.wdl"),
        ("-iin.json wf.wdl -wf", "-iin.json wf.wdl"),
        ("wf.wdl x= --wait file", "wf.wdl x= file"),
        ("wf.wdl x=-1 y= -1 --cpu=2", "wf.wdl x=-1 y= -1"),
        ("--env A=1 wf.wdl --env B=2 --follow", "--env A=1 wf.wdl --env B=2"),
        ("wf.wdl -i - --json", "wf.wdl -i -"),
        ("--no-cache --verbose wf.wdl --dir /mnt/fsx/x", "--no-cache --verbose wf.wdl"),
        ("-d/mnt/fsx/x wf.wdl", "wf.wdl"),
        ("--wai wf.wdl", "--wai wf.wdl"),
    ],
)
def test_what_is_not_ours_stays_in_order(line: str, rest: str) -> None:
    _args, found, after = parse(build_parser([]), line.split())
    assert (found, after) == (rest.split(), [])


def test_nothing_after_two_dashes_is_an_option() -> None:
    args, rest, after = parse(build_parser([]), ["--wait", "wf.wdl", "--", "x=1", "--follow"])
    assert (args.wait, args.follow) == (True, False)
    assert (rest, after) == (["wf.wdl"], ["x=1", "--follow"])


def test_plugins_add_options() -> None:
    args, rest, _ = parse(build_parser([LOCAL, PLACE]), ["wf.wdl", "--local-thing", "--place", "here"])
    assert (args.local_thing, args.place, rest) == (True, "here", ["wf.wdl"])


def test_an_option_that_exists_is_refused() -> None:
    with pytest.raises(PluginError, match="--wait"):
        build_parser([SubmitOption("--wait", "mine", LOCAL.enter)])


def test_a_missing_value_is_one_sentence() -> None:
    with pytest.raises(ConfigurationError, match="--name"):
        parse(build_parser([]), ["wf.wdl", "--name"])


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from miniwdl_aws_submit_cli.submit.command import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "slow = {'botocore', 'WDL', 'rich', 'lark', 'importlib.metadata', 'json', 'pathlib', 'logging'}\n"
        "print(sorted(slow & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "--workflow-queue" in done.stdout


def test_version_names_the_parts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser([]).parse_known_args(["--version"])
    assert "miniwdl-aws-submit-cli " in capsys.readouterr().out
