import threading
from concurrent.futures import ThreadPoolExecutor

from miniwdl_aws_s3_rails.transfer.budget import Budget


def test_never_more_than_the_budget_is_in_use() -> None:
    budget, lock = Budget(100), threading.Lock()
    used, most = 0, 0

    def work(amount: int) -> None:
        nonlocal used, most
        with budget.draw(amount):
            with lock:
                used += amount
                most = max(most, used)
            with lock:
                used -= amount

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, [7, 30, 55, 100, 1] * 100))
    assert most <= 100
    assert used == 0


def test_more_than_everything_gets_everything() -> None:
    budget = Budget(10)
    with budget.draw(1_000_000):
        pass
    with budget.draw(10):
        pass


def test_a_large_request_is_not_starved_by_small_ones() -> None:
    budget, order = Budget(10), []
    ready = threading.Event()

    def large() -> None:
        ready.set()
        with budget.draw(10):
            order.append("large")

    def small() -> None:
        with budget.draw(1):
            order.append("small")

    with budget.draw(5):
        first = threading.Thread(target=large)
        first.start()
        ready.wait()
        while not budget._queue:
            pass
        second = threading.Thread(target=small)
        second.start()
    first.join()
    second.join()
    assert order == ["large", "small"]
