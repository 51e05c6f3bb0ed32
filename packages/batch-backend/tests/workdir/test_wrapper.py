"""The shell text is run for what it is: with every shell of this machine that an image may have as /bin/sh."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from miniwdl_aws_batch_backend.workdir.handover import read_exit_code
from miniwdl_aws_batch_backend.workdir.paths import JobPaths
from miniwdl_aws_batch_backend.workdir.wrapper import ALREADY_BEGUN, MOUNT_MISSING, command_file, job_command

SHELLS = [shell for shell in ("sh", "bash", "dash", "busybox") if shutil.which(shell)]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return ["busybox", "sh"] if request.param == "busybox" else [request.param]


@pytest.fixture
def paths(tmp_path: Path) -> JobPaths:
    folder = tmp_path / "it's a $(folder)"
    paths = JobPaths(str(folder))
    Path(paths.work).mkdir(parents=True)
    return paths


def start(image_shell: list[str], paths: JobPaths, text: str, **options: object) -> subprocess.Popen[bytes]:
    Path(paths.command).write_text(text)
    job_id = options.pop("job_id", "job-1")
    command = job_command(paths, paths.command, **{"shell": "/bin/bash", "sentinel": None, **options})  # type: ignore[arg-type]
    environ = {
        "PATH": os.environ["PATH"],
        "AWS_BATCH_JOB_ID": str(job_id),
    }
    return subprocess.Popen(
        [*image_shell, *command[1:]],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def test_streams_and_exit_code(shell: list[str], paths: JobPaths) -> None:
    process = start(shell, paths, 'pwd; echo "to err" >&2; exit 7')
    out, err = process.communicate(timeout=20)
    assert process.returncode == 7
    assert read_exit_code(paths) == 7
    assert Path(paths.stdout).read_text() == paths.work + "\n"
    assert out == b""
    assert Path(paths.stderr).read_text() == "to err\n"
    assert err == b"to err\n"
    assert {path.name for path in Path(paths.task_dir).iterdir()} == {
        "work", "command", "stdout.txt", "stderr.txt", "exit_code", "claim",
    }  # fmt: skip


def test_the_command_shell_may_have_options(shell: list[str], paths: JobPaths) -> None:
    process = start(shell, paths, "false; echo not reached", shell="/bin/bash -e")
    process.communicate(timeout=20)
    assert process.returncode == 1
    assert Path(paths.stdout).read_text() == ""


@pytest.mark.parametrize("missing", ["sentinel", "work"])
def test_a_missing_mount_writes_nothing(shell: list[str], paths: JobPaths, missing: str) -> None:
    sentinel = None
    if missing == "sentinel":
        sentinel = f"{paths.task_dir}/.mounted"
    else:
        Path(paths.work).rmdir()
    process = start(shell, paths, "touch started", sentinel=sentinel)
    _, err = process.communicate(timeout=20)
    assert process.returncode == MOUNT_MISSING
    assert b"lacks the shared file system" in err
    assert read_exit_code(paths) is None
    assert not Path(paths.stdout).exists()


def test_a_sentinel_that_is_there(shell: list[str], paths: JobPaths) -> None:
    sentinel = Path(paths.task_dir, ".mounted")
    sentinel.touch()
    process = start(shell, paths, "true", sentinel=str(sentinel))
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_sigterm_reaches_the_command(shell: list[str], paths: JobPaths) -> None:
    process = start(shell, paths, "trap 'echo bye; exit 5' TERM; touch ready; while :; do sleep 0.05; done")
    deadline = time.monotonic() + 20
    while not Path(paths.work, "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 5
    assert read_exit_code(paths) == 5
    assert Path(paths.stdout).read_text() == "bye\n"


def test_an_early_sigterm_is_not_lost(shell: list[str], tmp_path: Path) -> None:
    processes = []
    for number in range(20):
        paths = JobPaths(str(tmp_path / str(number)))
        Path(paths.work).mkdir(parents=True)
        processes.append(start(shell, paths, "exec sleep 60"))
        time.sleep(0.0005 * number)
        processes[-1].terminate()
    for process in processes:
        process.communicate(timeout=20)
        assert process.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM)


def test_a_process_left_behind_does_not_keep_the_job_alive(shell: list[str], paths: JobPaths) -> None:
    process = start(shell, paths, "sleep 60 & echo done >&2")
    started = time.monotonic()
    process.wait(timeout=30)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == 0
    assert time.monotonic() - started < 20
    assert Path(paths.stderr).read_text() == "done\n"


def test_ownership(shell: list[str], paths: JobPaths) -> None:
    owner = f"{os.getuid()}:{os.getgid()}"
    process = start(shell, paths, "touch made", owner=owner)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")


def test_of_two_jobs_in_one_place_one_runs(shell: list[str], paths: JobPaths) -> None:
    text = 'echo "$AWS_BATCH_JOB_ID"; sleep 0.2; echo "$AWS_BATCH_JOB_ID"'
    both = {job: start(shell, paths, text, job_id=job) for job in ("a", "b")}
    codes = {job: (process.communicate(timeout=20), process.returncode)[1] for job, process in both.items()}
    assert sorted(codes.values()) == [0, ALREADY_BEGUN]
    first = str(Path(paths.claim).readlink())
    assert codes[first] == 0
    assert Path(paths.stdout).read_text() == f"{first}\n{first}\n"


def test_a_job_that_comes_later_says_who_was_first(shell: list[str], paths: JobPaths) -> None:
    start(shell, paths, "echo done", job_id="first").communicate(timeout=20)
    late = start(shell, paths, "echo again", job_id="late")
    _, err = late.communicate(timeout=20)
    assert late.returncode == ALREADY_BEGUN
    assert b"first" in err
    assert Path(paths.stdout).read_text() == "done\n"
    assert read_exit_code(paths) == 0


def test_the_environment_stands_in_the_file() -> None:
    text = command_file("echo $A", {"A": "it's\n$HOME"})
    assert subprocess.check_output(["bash", "-c", text]) == b"it's $HOME\n"


def test_overrides_stay_small() -> None:
    paths = JobPaths("/mnt/fsx/" + "d" * 200, 12)
    command = job_command(paths, paths.command, shell="/bin/bash", sentinel="/mnt/fsx/.mounted")
    assert sum(map(len, command)) < 4096
    assert all(command)


@pytest.mark.parametrize("text", ["", "no number\n"])
def test_an_unreadable_exit_code_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "exit_code").write_text(text)
    assert read_exit_code(JobPaths(str(tmp_path))) is None
