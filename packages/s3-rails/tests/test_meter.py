import threading

import pytest

from miniwdl_aws_s3_rails.meter import Meter, human_size


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB"), (5 << 40, "5.0 TiB")]
)
def test_human_size(size: int, text: str) -> None:
    assert human_size(size) == text


def test_line() -> None:
    times = iter([10.0, 14.0])
    meter = Meter("uploading", 3, 4096, lambda _line: None, clock=lambda: next(times))
    meter.add(3000)
    meter.add(-1000)
    meter.add(2096)
    meter.finish_one()
    assert meter.line() == "uploading: 1 of 3 objects, 4.0 KiB of 4.0 KiB, 1.0 KiB/s"


def test_reports_while_the_block_runs() -> None:
    said = threading.Event()
    with Meter("staging", 1, 1, lambda _line: said.set()).reporting(period=0.001):
        assert said.wait(10)
