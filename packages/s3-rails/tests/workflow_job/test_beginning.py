from pathlib import Path

import pytest

from miniwdl_aws_s3_rails.workflow_job.beginning import Beginning

HEAD = "2026-01-31 12:00:00.123 miniwdl-run NOTICE downloading input URIs :: count: 1\n"
START = (
    '2026-01-31 12:00:01.123 wdl.w:hello NOTICE workflow start :: name: "hello", source: "hello.wdl", line: 3, '
    'column: 1, dir: "/mnt/fsx/miniwdl_run/20260131_120001_hello"\n'
)
JSON = (
    '{"timestamp": 1.5, "source": "wdl.t:say", "level": "NOTICE", "message": "task setup", '
    '"dir": "/mnt/fsx/miniwdl_run/20260131_120001_hello"}\n'
)
TASK = START.replace("wdl.w:hello", "wdl.t:say").replace("workflow start", "task setup")
INNER = '2026-01-31 12:00:02.123 wdl.w:hello.t:call-say NOTICE task setup :: dir: "/elsewhere"\n'


@pytest.mark.parametrize("start", [START, JSON, TASK])
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_the_first_line_of_the_run_says_where_it_is(start: str, size: int) -> None:
    heard: list[Path] = []
    beginning = Beginning(heard.append)
    log = (HEAD + start + INNER).encode()
    for at in range(0, len(log), size):
        beginning.hear(log[at : at + size])
    assert heard == [Path("/mnt/fsx/miniwdl_run/20260131_120001_hello")]


@pytest.mark.parametrize(
    "line", [HEAD, START.replace('"/mnt', '"mnt'), START.replace(', dir: "', ', dirs: "'), "x" * 99]
)
def test_nothing_is_said_of_other_lines(line: str) -> None:
    heard: list[Path] = []
    Beginning(heard.append).hear(line.encode())
    assert heard == []
