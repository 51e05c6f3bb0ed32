"""Run in a pseudo-terminal by test_panel.py: shows the live view, one step further for each line typed."""

import sys
from contextlib import suppress
from dataclasses import replace

from miniwdl_aws_core.batch.job import Attempt, Job
from miniwdl_aws_core.log_lines import read_line
from miniwdl_aws_submit_cli.runs.calls import Call, Try
from miniwdl_aws_submit_cli.watch.panel import LiveView
from miniwdl_aws_submit_cli.watch.progress import Progress


def log(view: LiveView, progress: Progress, text: str) -> None:
    read = read_line(text)
    if read:
        progress.read(read)
    else:
        progress.read_other(text)
    view.line(text)


def task(call: str, rest: str) -> str:
    return f"2026-11-25 16:42:22 wdl.w:top.t:{call} {rest}"


def main() -> None:
    progress = Progress()
    clock = [0.0]
    running = Job("j", "RUNNING", created_at=5_000, started_at=70_000)
    runnable = Try("j2", 1, "RUNNABLE", "task", 1, None, None, None, "CAPACITY:INSUFFICIENT - no hosts", None)
    with suppress(KeyboardInterrupt), LiveView("genome_stats", progress, lambda: 1, clock=lambda: clock[0]) as view:
        steps = [
            lambda: view.state(Job("j", "RUNNABLE", created_at=5_000)),
            lambda: view.state(running),
            lambda: [log(view, progress, task(f"call-t-{n}", "NOTICE task setup")) for n in range(4)],
            lambda: progress.see([Call("call-t-1", "t", (runnable,))], ["x", "j2"]),
            lambda: log(view, progress, task("call-t-0", 'NOTICE AWS Batch job change :: status: "RUNNING"')),
            lambda: log(view, progress, task("call-t-2", "ERROR interrupted task will be retried")),
            lambda: log(view, progress, task("call-t-0", "NOTICE done")),
            lambda: log(view, progress, task("call-t-3", "NOTICE done (cached)")),
            lambda: log(view, progress, task("call-t-2", "ERROR task t (x.wdl Ln 1 Col 1) failed :: exit_status: 2")),
            lambda: log(view, progress, "evil \x1b[2J\x1b[1;1H\x1b[35mline"),
            lambda: log(view, progress, "INFO [s3-rails] uploading /mnt/fsx/r to s3://demo/out/"),
            lambda: log(
                view, progress, "INFO [s3-rails] uploaded 5 objects to s3://demo/out/, 80.8 KiB in 0.1 s (808.0 KiB/s)"
            ),
            lambda: view.state(replace(running, attempts=(Attempt("", "", None, None, None),), max_attempts=3)),
        ]
        for step in steps:
            sys.stdin.readline()
            clock[0] += 65
            step()
        sys.stdin.readline()
    sys.stderr.write("the end\n")


main()
