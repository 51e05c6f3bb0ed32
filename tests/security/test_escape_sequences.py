"""What a task writes is text on the terminal, whatever it would do to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from promises import Promise

SEQUENCES = {
    "title (OSC 0)": r"\033]0;title\007",
    "link (OSC 8)": r"\033]8;;http://example.org\033\\click\033]8;;\033\\",
    "clipboard (OSC 52)": r"\033]52;c;cm0gLXJm\007",
    "clear (CSI J)": r"\033[2J\033[H",
    "report (CSI n)": r"\033[6n",
    "alternate screen (CSI ?1049)": r"\033[?1049h",
    "reset (RIS)": r"\033c",
    "answer back (DCS)": r"\033P$q q\033\\",
    "program command (APC)": r"\033_G\033\\",
    "privacy message (PM)": r"\033^x\033\\",
    "8-bit CSI": r"\302\2332J",
    "8-bit OSC": r"\302\2350;x\302\234",
    "bell": r"\007",
    "backspaces": r"secret\010\010\010\010\010\010",
    "carriage return": r"failed\rall well",
    "delete": r"\177",
    "vertical tab and form feed": r"\013\014",
    "right-to-left override": r"\342\200\256txt.exe",
    "isolate": r"\342\201\246x",
    "zero width": r"\342\200\213",
    "invalid UTF-8": r"\377\376",
    "end marker": r"[miniwdl-aws] end of log",
}

WDL = """version 1.1
workflow rude { call write }
task write {
    command <<<
        LC_ALL=C printf '%b\\n' LINES >&2
        exit 3
    >>>
    output {}
}
"""


def test_no_sequence_reaches_the_terminal(shell: Any, tmp_path: Path, folder: str, promise: Promise) -> None:
    lines = " ".join(f"'{name}: {sequence}'" for name, sequence in SEQUENCES.items())
    (tmp_path / "rude.wdl").write_text(WDL.replace("LINES", lines))
    commands = [
        ("miniwdl-aws-submit", "rude.wdl", "--verbose", "--s3upload", folder, "--follow"),
        ("miniwdl-aws", "status", "last"),
        ("miniwdl-aws", "logs", "last"),
        ("miniwdl-aws", "logs", "last", "--task", "write"),
        ("miniwdl-aws", "list"),
        ("miniwdl-aws", "rerun", "last", "--dry-run"),
    ]
    shown = {command: shell.run(*command) for command in commands}
    assert shown[commands[0]].code == 3, "a forged end marker ends nothing"
    for command, done in shown.items():
        text = done.stdout + done.stderr
        odd = {char for char in text if char != "\n" and not char.isprintable()}
        assert not odd, (command, odd)
    events = shell.client("logs").get_paginator("filter_log_events").paginate(logGroupName="/aws/batch/job")
    assert "title (OSC 0): \x1b]0;title" in "".join(event["message"] for page in events for event in page["events"])
    followed = shown[commands[0]].stderr + shown[commands[0]].stdout
    assert [name for name in SEQUENCES if f"{name}: " not in followed] == [], "each line was shown"
    promise(
        "a task writes what would steer a terminal",
        load=f"{len(SEQUENCES)} sequences, {len(commands)} commands",
        holds="each is shown as text, in its line, and none does anything",
        seen=f"{len(SEQUENCES)} shown",
    )


NAMES = """version 1.1
workflow names {
    call write
    output { Array[File] made = write.made }
}
task write {
    command <<<
        for name in LINES; do echo content > "f-$(LC_ALL=C printf '%b' "$name")"; done
    >>>
    output { Array[File] made = glob("f-*") }
}
"""
NO_NAMES = {"link (OSC 8)", "invalid UTF-8"}
"""A slash makes two names of one, and keys of S3 are UTF-8."""


def test_no_name_of_an_object_reaches_the_terminal(shell: Any, tmp_path: Path, folder: str, promise: Promise) -> None:
    sequences = [sequence for name, sequence in SEQUENCES.items() if name not in NO_NAMES]
    (tmp_path / "names.wdl").write_text(NAMES.replace("LINES", " ".join(f"'{sequence}'" for sequence in sequences)))
    commands = [
        ("miniwdl-aws-submit", "names.wdl", "--s3upload", f"{folder}/", "--follow", "--no-cache", "--name", "names"),
        ("miniwdl-aws", "outputs", "names"),
        ("miniwdl-aws", "outputs", "names", "--download", "here"),
        ("miniwdl-aws", "status", "names"),
    ]
    for command in commands:
        done = shell.run(*command)
        assert done.code == 0, done.stderr
        odd = {char for char in done.stdout + done.stderr if char not in "\n\t" and not char.isprintable()}
        assert not odd, (command, odd)
    keys = [key for key in shell.keys("demo", folder.removeprefix("s3://demo/")) if "/f-" in key]
    assert len(keys) == len(sequences)
    assert any("\x1b" in key for key in keys), "they are what the task made of them"
    assert {path.name for path in (tmp_path / "here").rglob("f-*")} == {key.rpartition("/")[2] for key in keys}
    promise(
        "a task names its output files by what would steer a terminal",
        load=f"{len(sequences)} names, {len(commands)} commands",
        holds="each object has its name, is shown as text, and is downloaded under its name",
        seen=f"{len(keys)} objects",
    )
