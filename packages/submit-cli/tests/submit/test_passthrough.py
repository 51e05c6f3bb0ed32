from argparse import Namespace
from pathlib import Path

import pytest
from WDL.CLI import create_arg_parser

from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_submit_cli.submit.passthrough import INPUT_OPTIONS, RunArguments, read_arguments


def read(*rest: str, after: tuple[str, ...] = (), environ: dict[str, str] | None = None) -> RunArguments:
    return read_arguments(rest, after, "/mnt/fsx", environ or {})


def miniwdl(*words: str) -> Namespace:
    return create_arg_parser().parse_args(["run", *words])  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "line",
    [
        "wf.wdl",
        "wf.wdl x=1 y=2 y=3",
        "wf.wdl x= 1 r= a.fq b=true",
        "wf.wdl x=1 -i in.json --verbose --no-cache",
        "-i in.json wf.wdl x=1",
        "-iin.json wf.wdl",
        '-i {"a":1} wf.wdl',
        "wf.wdl -i -",
        "wf.wdl --task t --empty a --empty b --none c",
        "wf.wdl --env A --env=_C",
        "-p lib -plib2 --no-outside-imports --no-quant-check wf.wdl",
        "wf.wdl -@ 4 --runtime-cpu-max 8 --runtime-memory-max 4G",
        "wf.wdl --copy-input-files --copy-input-files-for t --as-me --error-json --log-json --no-color --debug",
        "wf.wdl --cfg /mnt/fsx/miniwdl.cfg -o /mnt/fsx/out.json",
        "wf.wdl x=-1 y= -1",
        "wf.wdl --verb",
    ],
)
def test_written_back_it_means_the_same_to_miniwdl(line: str) -> None:
    words = line.split()
    found = read(*words)
    assert vars(miniwdl(found.uri, *found.inputs, *found.options())) == vars(miniwdl(*words))


def test_inputs_may_stand_on_both_sides_of_options() -> None:
    found = read("x=1", "--verbose", "y=2", after=())
    assert (found.uri, found.inputs) == ("x=1", ("y=2",))


def test_words_after_two_dashes_are_positional() -> None:
    assert read(after=("wf.wdl", "x=1")).uri == "wf.wdl"
    assert read("wf.wdl", "--verbose", after=("x=1", "-y")).inputs == ("x=1", "-y")


def test_settled_options_are_left_out() -> None:
    found = read("wf.wdl", "-i", "in.json", "--none", "x", "--empty", "y", "--verbose")
    assert found.options(INPUT_OPTIONS) == ["--verbose"]


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        (["wf.wdl", "--nope"], "knows --nope"),
        (["wf.wdl", "-i"], "-i/--input: expected one argument"),
        (["wf.wdl", "--runtime-cpu-max", "many"], "invalid int value"),
        (["--verbose"], "no WDL is named"),
        (["wf.wdl", "-j"], "-j only prints"),
        (["wf.wdl", "-o", "out.json"], "must lie under /mnt/fsx"),
        (["wf.wdl", "--cfg", "/mnt/fsx/../my.cfg"], "must lie under /mnt/fsx"),
        (["wf.wdl", "--runtime-defaults", "{"], "--runtime-defaults is not valid JSON"),
        (["wf.wdl", "--runtime-defaults", "missing.json"], "--runtime-defaults missing.json can't be read"),
    ],
)
def test_mistakes_are_one_sentence(rest: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(*rest)
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_local_runtime_defaults_travel_as_json(tmp_path: Path) -> None:
    path = tmp_path / "defaults.json"
    path.write_text('{\n  "maxRetries": 2\n}')
    assert read("wf.wdl", "--runtime-defaults", str(path)).options() == ["--runtime-defaults", '{"maxRetries":2}']
    assert read("wf.wdl", "--runtime-defaults", "/mnt/fsx/d.json").options()[1] == "/mnt/fsx/d.json"


def test_env_without_a_value_gets_the_value_it_has_here() -> None:
    assert read("wf.wdl", "--env", "TOKEN", environ={"TOKEN": "secret"}).task_env == {"TOKEN": "secret"}
    assert read("wf.wdl", "--env", "TOKEN").options() == ["--env", "TOKEN"]


def test_values_of_env_are_not_written_back() -> None:
    found = read("wf.wdl", "--verbose", "--env", "A=1", "--env=B=-2=", "--env", "C", "--env=A=", "--debug")
    assert found.options() == ["--verbose", "@task-env", "--debug"]
    assert found.task_env == {"A": "", "B": "-2=", "C": None}


@pytest.mark.parametrize(("word", "near"), [("--flolow", "--follow"), ("--no-cahce=x", "--no-cache")])
def test_an_option_that_nobody_knows(word: str, near: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_arguments([word, "wf.wdl"], (), "/mnt/fsx", {})
    assert caught.value.hint == f"did you mean {near}?"
