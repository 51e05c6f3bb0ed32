"""Whatever a job started ends with it, however it hides."""

from __future__ import annotations

import json
import os
import select
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from miniwdl_aws_local_cloud import Fault, FaultKind
from miniwdl_aws_local_cloud.batch.process import processes, supervisor
from miniwdl_aws_local_cloud.batch.process.supervisors import Supervisors
from miniwdl_aws_local_cloud.up import detached

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

LINGERS = "sh -c 'echo $$ > {pid}; exec sleep 600'"
HIDINGS = {
    "child": f"{LINGERS} &",
    "nohup": f"nohup {LINGERS} &",
    "session": f"setsid {LINGERS} &",
    "orphan": f"(setsid {LINGERS} &)",
    "no environment": f"(setsid env -i {LINGERS} &)",
    "daemon": f'setsid sh -c "setsid env -i {LINGERS} & exit"',
}
"""Ways of leaving something running, which writes its process id to a file."""
MARKED = ("child", "nohup", "session", "orphan")
"""Those that keep their process group or their environment."""
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="orphans can be found on Linux only")


def hiding(how: str, pid: Path) -> str:
    """Give a script that leaves something running, and goes on when that has begun."""
    return f"{HIDINGS[how].format(pid=pid)}\nuntil [ -s {pid} ]; do sleep 0.01; done\n"


@pytest.mark.parametrize("how", [pytest.param(how, marks=() if how in MARKED else on_linux) for how in HIDINGS])
@pytest.mark.parametrize("code", [0, 3])
def test_when_the_first_process_ends(user, tmp_path, how, code) -> None:
    pid = tmp_path / "pid"
    job = user.run(f"{hiding(how, pid)} exit {code}")
    assert not psutil.pid_exists(int(pid.read_text())), "it is gone before the job has ended"
    assert job["container"]["exitCode"] == code


def test_when_it_takes_a_while_to_die(user, tmp_path) -> None:
    pid = tmp_path / "pid"
    large = "import os, time; x = b'x' * (256 << 20); print(os.getpid(), flush=True); time.sleep(600)"
    user.run(f'{sys.executable} -c "{large}" > {pid} & until [ -s {pid} ]; do sleep 0.01; done')
    assert not psutil.pid_exists(int(pid.read_text())), "the kernel needs time to take its memory back"


@on_linux
@pytest.mark.parametrize("ending", ["deaf to SIGTERM", *(FaultKind.HOST_LOST, FaultKind.OUT_OF_MEMORY, FaultKind.KILL)])
def test_when_the_job_is_killed(open_cloud, tmp_path, ending) -> None:
    pid = tmp_path / "pid"
    script = f"trap '' TERM; {hiding('no environment', pid)} echo up; while :; do sleep 0.05; done"
    with open_cloud(tmp_path / "state", stop_timeout=0.1) as user:
        for seconds in (0.5, 2, 8, 32):  # a machine that is busy otherwise may need long to get so far
            pid.unlink(missing_ok=True)
            if isinstance(ending, FaultKind):
                user.cloud.faults.add([Fault(ending, seconds=seconds)])
            job_id = user.submit(script)
            if not isinstance(ending, FaultKind):
                user.until(job_id, lambda job: job["status"] == "RUNNING" and user.log(job))
                user.batch.terminate_job(jobId=job_id, reason="enough")
            assert user.ended(job_id)["status"] == "FAILED"
            if pid.exists() and pid.read_text():
                break
        assert not psutil.pid_exists(int(pid.read_text()))


@pytest.fixture
def server(user, tmp_path):
    """A cloud in a process of its own, with somebody who uses it."""
    record = detached.ensure(tmp_path / "state")
    options = {**user.cloud.client_options, "endpoint_url": record.endpoint, "aws_access_key_id": record.access_key}
    yield replace(user, cloud=SimpleNamespace(client_options=options)), psutil.Process(record.pid)
    detached.stop(tmp_path / "state")


def kill(server: psutil.Process) -> None:
    server.kill()
    server.wait()


@on_linux
def test_when_the_cloud_is_killed(server, tmp_path) -> None:
    theirs, process = server
    pids = [tmp_path / str(number) for number in range(len(HIDINGS))]
    scripts = [hiding(how, pid) for how, pid in zip(HIDINGS, pids, strict=True)]
    first = tmp_path / "first"
    job_id = theirs.submit(f"echo $$ > {first}; {''.join(scripts)} echo up; sleep 600")
    theirs.until(job_id, lambda job: job["status"] == "RUNNING" and theirs.log(job))
    left = [psutil.Process(int(pid.read_text())) for pid in [first, *pids]]
    kill(process)
    assert psutil.wait_procs(left, timeout=60)[1] == []


@on_linux
def test_the_next_cloud_waits_for_no_supervisor_without_a_job(server, open_cloud, tmp_path) -> None:
    theirs, process = server
    theirs.ended(theirs.submit("true"))
    kill(process)
    with open_cloud(tmp_path / "state") as user:
        assert user.run("true")["status"] == "SUCCEEDED"


@on_linux
def test_the_next_cloud_waits_for_it(server, open_cloud, tmp_path) -> None:
    pid = tmp_path / "pid"
    theirs, process = server
    theirs.ended(theirs.submit("true"))
    job_id = theirs.submit(f"{hiding('no environment', pid)} echo $PPID; sleep 600")
    (supervisor,) = theirs.log(theirs.until(job_id, lambda job: job["status"] == "RUNNING" and theirs.log(job)))
    busy = psutil.Process(int(supervisor))
    busy.suspend()
    kill(process)
    with open_cloud(tmp_path / "state") as user:
        later = user.submit(f"kill -0 {pid.read_text().strip()} && echo there || echo gone")
        user.reach(later, "STARTING")
        busy.resume()
        assert user.log(user.ended(later))[-1] == "gone"


def test_when_its_supervisor_is_killed(user, tmp_path) -> None:
    pid = tmp_path / "pid"
    job = user.run(f"{hiding('session', pid)} kill -9 $PPID; sleep 600")
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 137)
    assert not psutil.pid_exists(int(pid.read_text()))


@pytest.mark.parametrize("how", MARKED)
def test_without_a_parent_for_orphans(open_cloud, tmp_path, monkeypatch, how) -> None:
    program = tmp_path / "supervisor.py"
    source = Path(processes.supervisor.__file__).read_text()
    program.write_text(source.replace("return bool(ctypes", "return False and bool(ctypes"))
    assert program.read_text() != source
    monkeypatch.setattr(processes.supervisor, "__file__", str(program))
    pid = tmp_path / "pid"
    with open_cloud(tmp_path / "state") as user:
        job = user.run(hiding(how, pid))
        assert job["status"] == "SUCCEEDED"
        left = int(pid.read_text())
        assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE


def test_orphans_that_end_are_no_zombies(user, tmp_path) -> None:
    pid = tmp_path / "pid"
    job = user.run(f"(sleep 0.01 & echo $! > {pid}); while kill -0 $(cat {pid}); do sleep 0.01; done")
    assert job["status"] == "SUCCEEDED"


@on_linux
def test_one_supervisor_sees_to_one_job_after_another(open_cloud, tmp_path) -> None:
    script = 'echo "$PPID $PWD $OWN $(ls -A)"; touch made; exit $CODE'
    with open_cloud(tmp_path / "state") as user:
        told = []
        for own, code in (("a", 3), ("b", 0)):
            given = [{"name": "OWN", "value": own}, {"name": "CODE", "value": str(code)}]
            job = user.run(containerOverrides={"command": ["sh", "-c", script], "environment": given})
            assert job["container"]["exitCode"] == code
            told.append(user.log(job)[0].split(" "))
        (parent, folder, *first), (another, other_folder, *second) = told
        assert (first, second) == (["a", ""], ["b", ""])
        assert parent == another
        assert folder != other_folder


@on_linux
def test_two_jobs_at_once_have_a_supervisor_each(open_cloud, tmp_path) -> None:
    meet = f"mkdir {tmp_path}/$NAME; until [ -e {tmp_path}/a ] && [ -e {tmp_path}/b ]; do sleep 0.01; done; echo $PPID"
    with open_cloud(tmp_path / "state") as user:
        user.run("true")
        both = [user.submit(f"NAME={name}; {meet}") for name in ("a", "b")]
        assert len({user.log(user.ended(job_id))[0] for job_id in both}) == 2


@on_linux
def test_a_supervisor_that_is_killed_without_a_job_is_not_missed(open_cloud, tmp_path) -> None:
    with open_cloud(tmp_path / "state") as user:
        idle = psutil.Process(int(user.log(user.run("echo $PPID"))[0]))
        idle.kill()
        while idle.status() != psutil.STATUS_ZOMBIE:
            select.select([], [], [], 0.01)
        assert user.run("true")["status"] == "SUCCEEDED"


class Program:
    """The program, with whoever stands for the cloud at the other end of one supervisor's socket."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.supervisors = Supervisors(folder)
        self.folder = folder

    def start(self, script: str, control: socket.socket | None = None) -> socket.socket:
        request = {"command": ["sh", "-c", script], "env": dict(os.environ), "cwd": str(self.folder)}
        with Path(os.devnull).open("wb") as nothing:
            if control:
                self.supervisors.give_back(control)
            return self.supervisors.start(json.dumps(request).encode(), nothing.fileno())


@pytest.fixture
def program(tmp_path):
    program = Program(tmp_path / "folder")
    yield program
    program.supervisors.close()


def answers(control: socket.socket) -> Iterator[dict[str, Any]]:
    with control.makefile() as lines:
        yield from map(json.loads, lines)


def test_an_order_for_a_job_that_has_ended_is_not_for_the_next_one(program) -> None:
    control = program.start("exit 3")
    told = answers(control)
    assert [*next(told)] == ["started"]
    assert next(told)["ended"] == 3
    control.sendall(supervisor.TERMINATE + supervisor.KILL)
    program.start("sleep 0.2; exit 4", control)
    assert [*next(told)] == ["started"]
    assert next(told)["ended"] == 4
    control.close()


@on_linux
def test_a_cloud_that_is_killed_before_it_has_read_an_answer(program, tmp_path) -> None:
    control = program.start(f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 600")
    pid = tmp_path / "pid"
    while not pid.exists():
        select.select([], [], [], 0.01)
    job = psutil.Process(int(pid.read_text()))
    select.select([control], [], [])
    control.close()
    assert psutil.wait_procs([job], timeout=60)[1] == []
