"""What is secret on the submitting machine stays there: it is looked for wherever a run leaves anything."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from promises import Promise

    from .conftest import Traces

WDL = """version 1.1
workflow greetings {
    input { Array[String] names }
    scatter (name in names) { call greet { input: name = name } }
    output { Array[File] files = greet.file }
}
task greet {
    input { String name }
    command <<<
        env >&2
        echo "~{name}" > "greeting.txt"
        [ "~{name}" != fail ]
    >>>
    output { File file = "greeting.txt" }
}
"""

SECRETS = {
    "AWS_SESSION_TOKEN": "canary-session-token",
    "GITHUB_TOKEN": "canary-of-another-program",
    "AWS_PROFILE_PASSWORD": "canary-that-looks-like-ours",
    "DOCKER_AUTH_CONFIG": '{"auths": {"example.org": {"auth": "canary-registry"}}}',
}
FILES = {
    ".aws/credentials": "[other]\naws_access_key_id = canary-key-id\naws_secret_access_key = canary-secret-key\n",
    ".netrc": "machine example.org login me password canary-netrc\n",
    ".docker/config.json": '{"auths": {"example.org": {"auth": "canary-docker"}}}',
}
SEEN = "greeting-that-is-to-be-found"
"""No secret: by this the search shows that it would have found one."""


def canaries() -> list[str]:
    texts = " ".join([*SECRETS.values(), *FILES.values()])
    return sorted({word.strip('"{}') for word in texts.split() if "canary-" in word})


def test_no_secret_of_the_submitter_leaves_its_machine(
    shell: Any, tmp_path: Path, folder: str, traces: Traces, promise: Promise
) -> None:
    (tmp_path / "greetings.wdl").write_text(WDL)
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    (tmp_path / "names.json").write_text(f'{{"names": ["{SEEN}", "fail"]}}')
    terminal = []

    def run(command: str, *arguments: str) -> None:
        done = shell.run(command, *arguments, env=SECRETS)
        terminal.append(done.stdout + done.stderr)

    submission = ["greetings.wdl", "-i", "names.json", "--name", "canaries", "--tag", "for=canaries"]
    for more in (["--dry-run"], ["--debug", "--follow"]):
        run("miniwdl-aws-submit", *submission, "--s3upload", folder, *more)
    for look in (["status", "--json"], ["logs"]):
        run("miniwdl-aws", look[0], "last", *look[1:])
    run("miniwdl-aws", "list")
    run("miniwdl-aws", "doctor")

    places = {place.partition(" ")[0] for place in traces.find(SEEN)}
    assert places >= {"log", "s3", "file"}, "this is how a secret would have been found"
    assert SEEN in "".join(terminal)
    found = {canary: traces.find(canary) for canary in canaries()}
    assert not {canary: places for canary, places in found.items() if places}
    assert not [canary for canary in canaries() if canary in "".join(terminal)]
    promise(
        "secrets are in the environment and the files of the submitting machine",
        load=f"{len(found)} canaries, a failing run, six commands",
        holds="none is in a log, a definition, a job, a tag, an object, a run directory or on the terminal",
        seen=f"{len(found)} looked for in all that the local cloud keeps, none found",
    )


WITH_TOKEN = """version 1.1
workflow login {
    call show
    output { Array[String] digests = show.digests }
}
task show {
    command <<<
        for value in "$TOKEN" "$CONFIGURED"; do printf %s "$value" | sha256sum | cut -c 1-64; done
    >>>
    output { Array[String] digests = read_lines(stdout()) }
}
"""
TOKEN, CONFIGURED, OF_PLUGIN = "canary-given-by-env", "canary-configured", "canary-of-a-plugin"
HIDDEN = {
    "MINIWDL__TASK_RUNTIME__ENV": f'{{"CONFIGURED": "{CONFIGURED}"}}',
    "MINIWDL__LAB__API_TOKEN": OF_PLUGIN,
}


def test_what_may_be_a_secret_is_read_by_nobody_who_may_only_describe_jobs(
    shell: Any, tmp_path: Path, folder: str, traces: Traces, promise: Promise
) -> None:
    (tmp_path / "login.wdl").write_text(WITH_TOKEN)
    terminal = []

    def run(command: str, *arguments: str) -> None:
        done = shell.run(command, *arguments, env={"TOKEN": TOKEN, **HIDDEN})
        terminal.append(done.stdout + done.stderr)

    submission = ["login.wdl", "--env", "TOKEN", "--env=OTHER=other-" + TOKEN, "--s3upload", folder]
    run("miniwdl-aws-submit", *submission, "--dry-run")
    run("miniwdl-aws-submit", *submission, "--name", "login", "--follow")
    run("miniwdl-aws", "status", "last", "--json")

    for secret in (TOKEN, CONFIGURED):
        assert hashlib.sha256(secret.encode()).hexdigest() in terminal[1], "the task had it"
    assert not [secret for secret in (TOKEN, CONFIGURED, OF_PLUGIN) if secret in "".join(terminal)]
    # Where it must be: the object that the workflow job reads, and the file by which miniwdl runs a task's command.
    for secret, is_tasks in {TOKEN: True, CONFIGURED: True, OF_PLUGIN: False}.items():
        kinds = {re.sub(r"^(\w+) .*?([^/]*)$", r"\1 \2", place) for place in traces.find(secret)}
        assert kinds == {"s3 task-env.json", *(["file command"] if is_tasks else [])}, secret
    promise(
        "values of `--env`, and `MINIWDL__` variables, are secrets",
        load="four values, three commands",
        holds="none is in a log, a definition, a job, a tag, a product or on the terminal",
        seen="found only in the staged object and in the files with the task's command",
    )
