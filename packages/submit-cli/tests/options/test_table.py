from miniwdl_aws_submit_cli.options.table import OPTIONS, consumed_variables, option


def test_every_option_with_a_variable_is_consumed() -> None:
    assert {item.env for item in OPTIONS if item.env} == consumed_variables()
    assert "MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD" in consumed_variables()


def test_flags_are_unique() -> None:
    flags = [flag for item in OPTIONS for flag in item.flags]
    assert len(flags) == len(set(flags))


def test_sources_name_every_way() -> None:
    ways = option("--fsid").sources
    assert ways == "give --fsid, set MINIWDL__AWS__FS or tag the workflow queue with DefaultFsId"
    assert option("--name").sources == "give --name"
