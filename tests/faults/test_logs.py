"""CloudWatch Logs throttles, lags, leaves gaps and loses answers: each line of a log is shown once, in its order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from .late_logs import KINDS, bad_logs

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from promises import Promise

    from miniwdl_aws_local_cloud import LocalCloud

BURSTS = 10
LAG = 4.0
"""Seconds until an event is told of to who follows; who only looks takes what is there for all."""
SAME = "like others"

WDL = """version 1.1
workflow talk { input { Int lines } call say { input: lines = lines } }
task say {
    input { Int lines }
    command <<<
        for burst in $(seq 0 9); do
            seq -f "line %.0f" $((burst * ~{lines})) $((burst * ~{lines} + ~{lines} - 1))
            echo "like others"; echo "like others"
            sleep 0.3
        done >&2
    >>>
    output {}
}
"""


def written(lines: int) -> list[str]:
    """What is in the log."""
    bursts = (range(burst * lines, (burst + 1) * lines) for burst in range(BURSTS))
    return [line for burst in bursts for line in [*(f"line {number}" for number in burst), SAME, SAME]]


def shown(stdout: str) -> list[str]:
    """What a command has shown of it."""
    texts = (line.partition(" | ")[2] for line in stdout.splitlines())
    return [text for text in texts if text.startswith("line ") or text == SAME]


@pytest.mark.parametrize("following", [True, False])
def test_each_line_once(
    following: bool, cloud: LocalCloud, shell: Any, tmp_path: Path, chance: random.Random, load: Any, promise: Promise
) -> None:
    lines = load(200, 2000)
    (tmp_path / "talk.wdl").write_text(WDL)
    submitted = shell.submit("talk.wdl", f"lines={lines}", *([] if following else ["--wait"]), "--no-cache")
    assert submitted.code == 0, submitted.stderr
    began = time.monotonic()
    with bad_logs(cloud.environ["AWS_ENDPOINT_URL"], chance, share=0.4, lag=LAG if following else 0.0) as bad:
        look = ("--follow",) if following else ()
        done = shell.run(
            "miniwdl-aws", "logs", submitted.job_id, "--task", "say", *look, env={"AWS_ENDPOINT_URL": bad.url}
        )
    assert done.code == 0, done.stderr
    assert shown(done.stdout) == written(lines)
    assert bad.met.total() > 0
    assert bad.met["late"] or not following
    met = ", ".join(f"{bad.met[kind]} {kind}" for kind in (*KINDS, "late") if bad.met[kind])
    promise(
        f"CloudWatch Logs throttles, lags, leaves gaps and loses answers; `logs{' --follow' if following else ''}`",
        load=f"{len(written(lines))} lines, some of them equal",
        holds="each line is shown once, in its order",
        seen=f"{met}, of {bad.requests} requests; {time.monotonic() - began:.0f} s",
    )
