from miniwdl_aws_submit_cli.formats import ago, table


def test_ago() -> None:
    assert ago(1_000_000, 1060) == "1m00s"
    assert ago(None, 1060) == ""


def test_a_table_is_as_wide_as_a_terminal_shows_it() -> None:
    rows = [("NAME", "STATE"), ("配列", "ok"), ("a\x1b[31mb", ""), ("e\u0301\u200b", "long")]
    assert table(rows) == ["NAME  STATE", "配列  ok", "ab    ", "e\u0301     long"]
    assert table([]) == []
