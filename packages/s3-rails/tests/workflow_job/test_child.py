import os
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from miniwdl_aws_s3_rails.workflow_job.child import LOG_KEPT, SignalRelay, Stopped, run_child

LINES = LOG_KEPT // 9 + 50_000

CATCH = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.{name}])
sys.stderr.write("ready\\n")
sys.stderr.flush()
print("got", signal.sigwait([signal.{name}]).name)
sys.exit(7)
"""


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_exit_code_and_output() -> None:
    ended = run_child(python("import os; print(os.environ['X']); exit(3)"), {"X": "y"}, SignalRelay())
    assert (ended.code, ended.stdout, ended.log) == (3, b"y\n", b"")


def test_the_log_goes_on_to_ours_and_its_end_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    lines = f"import sys; [sys.stderr.write(f'{{n:08}}\\n') for n in range({LINES})]"
    log = run_child(python(lines), os.environ, SignalRelay()).log
    assert len(capfd.readouterr().err) == 9 * LINES
    assert LOG_KEPT <= len(log) <= LOG_KEPT + (1 << 16)
    assert log.endswith(f"{LINES - 1:08}\n".encode())


def test_killed_by_a_signal() -> None:
    ended = run_child(python("import os; os.kill(os.getpid(), 9)"), os.environ, SignalRelay())
    assert ended.code == 137


@pytest.mark.parametrize("interrupting", [True, False])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signals_reach_the_child_and_it_is_waited_for(
    name: str, interrupting: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also one that another thread gets, or that comes just before the wait: it interrupts nothing."""
    relay = SignalRelay()

    def kill_us_when_it_is_ready() -> None:
        while "ready" not in capfd.readouterr().err:
            pass
        signal.pthread_kill((threading.main_thread() if interrupting else thread).ident or 0, signal.Signals[name])

    thread = threading.Thread(target=kill_us_when_it_is_ready)
    with relay.installed():
        thread.start()
        ended = run_child(python(CATCH.format(name=name)), os.environ, relay)
    thread.join()
    assert (ended.code, ended.stdout.decode().split()) == (7, ["got", name])


def test_a_signal_that_comes_while_the_child_starts_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen

    def slow_start(*args: Any, **kwargs: Any) -> Any:
        child = start(*args, **kwargs)
        signal.raise_signal(signal.SIGTERM)
        return child

    monkeypatch.setattr(subprocess, "Popen", slow_start)
    relay = SignalRelay()
    with relay.installed():
        ended = run_child(python("import time; time.sleep(60)"), os.environ, relay)
    assert ended.code == 128 + signal.SIGTERM


def test_without_a_child_we_stop() -> None:
    with SignalRelay().installed(), pytest.raises(Stopped, match="SIGTERM") as caught:
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.number == signal.SIGTERM


def test_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with SignalRelay().installed():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
