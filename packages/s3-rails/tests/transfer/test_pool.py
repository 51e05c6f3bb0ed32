import subprocess
import sys
import threading
from concurrent.futures import wait

import pytest

from miniwdl_aws_s3_rails.transfer.pool import DaemonPool


def test_results_and_errors() -> None:
    pool = DaemonPool(2, "test")
    assert [pool.submit(pow, number, 2).result(10) for number in range(20)] == [number**2 for number in range(20)]
    with pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 1, 0).result(10)
    assert pool.submit(str, 5).result(10) == "5", "an error ends no thread"
    pool.shutdown()


def test_as_many_threads_as_are_needed_at_once() -> None:
    pool, barrier = DaemonPool(3, "test"), threading.Barrier(3)
    wait([pool.submit(barrier.wait, 10) for _ in range(3)], timeout=10)
    assert not barrier.broken
    names = {pool.submit(lambda: threading.current_thread().name).result(10) for _ in range(20)}
    assert names <= {"test-0", "test-1", "test-2"}
    pool.shutdown()


def test_what_has_not_begun_can_be_cancelled() -> None:
    pool, gate = DaemonPool(1, "test"), threading.Event()
    first = pool.submit(gate.wait, 10)
    second = pool.submit(str, 1)
    assert second.cancel()
    gate.set()
    assert first.result(10)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(str, 1)


def test_the_process_may_end_before_its_transfers() -> None:
    code = (
        "import threading; from miniwdl_aws_s3_rails.transfer.pool import DaemonPool\n"
        "DaemonPool(1, 'x').submit(threading.Event().wait); print('done')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "done\n"
