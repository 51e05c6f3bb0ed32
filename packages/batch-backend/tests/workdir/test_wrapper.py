"""The shell text is run for what it is: with every shell of this machine that an image may have as /bin/sh."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from miniwdl_aws_batch_backend.workdir.array_folder import PER_FILE, ArrayFolder, can_be_written
from miniwdl_aws_batch_backend.workdir.handover import Place, read_exit_code
from miniwdl_aws_batch_backend.workdir.paths import JobPaths
from miniwdl_aws_batch_backend.workdir.wrapper import (
    ALREADY_BEGUN,
    MOUNT_MISSING,
    array_command,
    command_file,
    job_command,
)
from miniwdl_aws_core.batch.limits import MAX_OVERRIDES, sent_size

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


def start(
    image_shell: list[str], paths: JobPaths, text: str, programs: dict[str, str] | None = None, **options: object
) -> subprocess.Popen[bytes]:
    Path(paths.command).write_text(text)
    job_id = options.pop("job_id", "job-1")
    command = job_command(paths, paths.command, **{"shell": "/bin/bash", "sentinel": None, **options})  # type: ignore[arg-type]
    environ = {
        "PATH": os.environ["PATH"],
        "AWS_BATCH_JOB_ID": str(job_id),
    }
    return subprocess.Popen(
        [*image_shell, *command[1:]],
        env=environ | (programs or {}),
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
        "work", "command", "stdout.txt", "stderr.txt", "exit_code", "claim", "usage.txt",
        "stderr.txt.pipe",
    }  # fmt: skip


def test_few_programs_are_needed(shell: list[str], paths: JobPaths, tmp_path: Path) -> None:
    """Each costs every task; sleep is for a process that is left behind."""
    (tmp_path / "bin").mkdir()
    for name in ("ln", "tee", "sleep"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    os.mkfifo(paths.pipe)
    found = [str(shutil.which(shell[0])), *shell[1:]]
    process = start(found, paths, "echo to err >&2; exit 3", {"PATH": str(tmp_path / "bin")})
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (3, b"to err\n")
    assert Path(paths.stderr).read_text() == "to err\n"
    assert read_exit_code(paths) == 3


def test_another_attempt_of_a_job_finds_the_pipe_of_the_first(shell: list[str], paths: JobPaths) -> None:
    for code in (3, 4):
        process = start(shell, paths, f"echo {code} >&2; exit {code}")
        assert process.communicate(timeout=20) == (b"", f"{code}\n".encode())
        assert Path(paths.stderr).read_text() == f"{code}\n"
        assert read_exit_code(paths) == code


def test_without_a_pipe_the_file_has_it_all(shell: list[str], paths: JobPaths) -> None:
    Path(paths.pipe).mkdir()
    process = start(shell, paths, "echo to err >&2; exit 3")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert b"to err" not in err
    assert Path(paths.stderr).read_text() == "to err\n"


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
    """The longest place of a job that is not far down in its file system: some 300 characters."""
    paths = JobPaths("/mnt/fsx/" + "d" * 300, 12)
    command = job_command(paths, paths.command, shell="/bin/bash", sentinel="/mnt/fsx/.mounted")
    assert sent_size(command) < MAX_OVERRIDES - 1500
    assert all(command)


@pytest.mark.parametrize("text", ["", "no number\n", "13"])
def test_an_unreadable_exit_code_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "exit_code").write_text(text)
    assert read_exit_code(JobPaths(str(tmp_path))) is None


class Array:
    """Children with a folder, of which some are run."""

    def __init__(self, run_dir: Path, size: int) -> None:
        self.homes = [JobPaths(str(run_dir / f"call-a '\\ {number}")) for number in range(size)]
        self.places = [Place(str(run_dir), f"place  {number} ", 1) for number in range(size)]
        self.folder = ArrayFolder(str(run_dir), "array", list(zip(self.places, self.homes, strict=True)))

    def run(self, image_shell: list[str], index: int, text: str = "", **variables: str) -> tuple[int, str]:
        home, place = self.homes[index], self.places[index]
        Path(home.task_dir).mkdir(exist_ok=True)
        Path(place.paths.work).mkdir(parents=True, exist_ok=True)
        Path(home.command).write_text(text)
        alone = job_command(place.paths, home.command, shell="/bin/bash", sentinel=None)
        command = array_command(alone, self.folder.path)
        done = subprocess.run(
            [*image_shell, *command[1:]],
            env={"PATH": os.environ["PATH"], "AWS_BATCH_JOB_ID": f"j:{index}", **variables},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.returncode, done.stderr


@pytest.fixture
def array(tmp_path: Path) -> Array:
    run_dir = tmp_path / "it's a $(run)"
    run_dir.mkdir()
    return Array(run_dir, 2 * PER_FILE + 3)


@pytest.mark.parametrize("index", [0, PER_FILE - 1, PER_FILE, 2 * PER_FILE + 2])
def test_a_child_finds_which_job_it_is(shell: list[str], array: Array, index: int) -> None:
    text = "pwd; env | grep -c ARRAY; exit 3"
    code, _ = array.run(shell, index, text, AWS_BATCH_JOB_ARRAY_INDEX=str(index), AWS_BATCH_JOB_ARRAY_SIZE="67")
    paths = array.places[index].paths
    assert (code, read_exit_code(paths)) == (3, 3)
    assert Path(paths.stdout).read_text() == f"{paths.work}\n0\n"
    assert str(Path(paths.claim).readlink()) == f"j:{index}"


def test_lines_of_children_are_short(array: Array) -> None:
    """For dash, which reads them letter by letter."""
    first, second, *_ = Path(array.folder.path, "0").read_text().splitlines()
    assert (first, second) == ("place  0 ", "call-a '\\ 0")


@pytest.mark.parametrize(
    ("task_dir", "yes"), [("call-a", True), ("call-a/b", True), ("a\nb", False), (".", False), ("../run2/a", False)]
)
def test_what_lines_can_tell(tmp_path: Path, task_dir: str, yes: bool) -> None:
    paths = JobPaths(os.path.normpath(tmp_path / "run" / task_dir))
    assert can_be_written(Place(str(tmp_path / "run"), "name", 1), paths) is yes


def test_without_an_index_nothing_is_done(shell: list[str], array: Array) -> None:
    code, _ = array.run(shell, 0, "touch done")
    assert code not in {0, MOUNT_MISSING}
    assert not os.path.lexists(array.places[0].paths.claim)


def test_a_child_without_a_line_lacks_the_file_system(shell: list[str], array: Array) -> None:
    index = len(array.homes) - 1
    for beyond in (index + 1, 32 * PER_FILE):
        code, told = array.run(shell, index, "touch done", AWS_BATCH_JOB_ARRAY_INDEX=str(beyond))
        assert code == MOUNT_MISSING
        assert f"this host lacks the shared file system: no {array.folder.path}" in told


def test_the_folder_goes_with_the_last_child(tmp_path: Path) -> None:
    array = Array(tmp_path, 3)
    for _ in range(2):
        array.folder.child_ended()
    assert (tmp_path / "arrays" / "array" / "0").exists()
    array.folder.child_ended()
    assert not (tmp_path / "arrays").exists()
