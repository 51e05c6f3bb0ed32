import pytest

from miniwdl_aws_core.options.kinds import MIB
from miniwdl_aws_hooks import ConfigurationError, EnvironSettings
from miniwdl_aws_s3_rails.transfer.options import Options


def test_what_is_not_set_keeps_its_default() -> None:
    assert Options.read(EnvironSettings({})) == Options()


def test_reading() -> None:
    environ = {"MINIWDL__S3_RAILS__CONCURRENCY": "7", "MINIWDL__S3_RAILS__MAX_MEMORY": "1G"}
    options = Options.read(EnvironSettings(environ))
    assert (options.concurrency, options.max_memory) == (7, 1024 * MIB)


def test_memory_is_enough_for_some_parts() -> None:
    options = Options.read(EnvironSettings({"MINIWDL__S3_RAILS__MAX_MEMORY": "1M"}))
    assert options.max_memory == 4 * options.part_size


@pytest.mark.parametrize("text", ["0", "-3", "many", "1.5"])
def test_concurrency_is_a_count(text: str) -> None:
    with pytest.raises(ConfigurationError, match="concurrency must be a whole number"):
        Options.read(EnvironSettings({"MINIWDL__S3_RAILS__CONCURRENCY": text}))
