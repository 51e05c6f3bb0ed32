import pytest

from miniwdl_aws_hooks import EnvironSettings
from miniwdl_aws_s3_rails.errors import OptionError
from miniwdl_aws_s3_rails.transfer.options import MIB, Options, parse_size


@pytest.mark.parametrize(
    ("text", "size"), [("4096", 4096), ("256M", 256 * MIB), ("1.5 GiB", 1536 * MIB), ("2kb", 2048), (" 1T ", 1 << 40)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text, "x") == size


@pytest.mark.parametrize("text", ["", "much", "-1M", "1X", "1,5G"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(OptionError, match=r"\[s3_rails\] max_memory must be a size"):
        Options.read(EnvironSettings({"MINIWDL__S3_RAILS__MAX_MEMORY": text or "?"}))


def test_what_is_not_set_keeps_its_default() -> None:
    assert Options.read(EnvironSettings({})) == Options()


def test_reading() -> None:
    environ = {"MINIWDL__S3_RAILS__CONCURRENCY": "7", "MINIWDL__S3_RAILS__MAX_MEMORY": "1G"}
    options = Options.read(EnvironSettings(environ))
    assert (options.concurrency, options.max_memory) == (7, 1024 * MIB)


@pytest.mark.parametrize("text", ["0", "-3", "many", "1.5"])
def test_concurrency_is_a_count(text: str) -> None:
    with pytest.raises(OptionError, match="concurrency must be a whole number"):
        Options.read(EnvironSettings({"MINIWDL__S3_RAILS__CONCURRENCY": text}))
