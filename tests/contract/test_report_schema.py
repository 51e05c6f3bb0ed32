"""The schema of report.json is published with the documentation, and used by the tests of what writes it."""

from miniwdl_aws_run_report.writing.document import SCHEMA


def test_the_published_schema_is_the_one(root):
    published = root / "docs/reference/report.schema.json"
    assert published.read_text() == SCHEMA.read_text(), f"cp {SCHEMA} {published}"
