"""Every option that the code reads is documented, and every option of the preset file is read."""

import re

import pytest

from miniwdl_aws_submit_cli.options.table import consumed_variables

READ = re.compile(r'\.get\(\s*"(\w+)", "(\w+)"\)')
VARIABLE = re.compile(r"MINIWDL__([A-Z0-9]+(?:_[A-Z0-9]+)*)__([A-Z0-9_]+)")
OURS = {"aws", "fsx", "s3_rails", "cwlogs"}
"""Sections that are not miniwdl's own."""


def pairs(text):
    return {(section.lower(), key.lower()) for section, key in VARIABLE.findall(text)}


@pytest.fixture(scope="module")
def sources(root):
    return "\n".join(path.read_text() for path in root.glob("packages/*/src/**/*.py"))


@pytest.fixture(scope="module")
def preset(facts):
    return {
        (section, option.name)
        for section, options in facts.configuration().items()
        for option in options
        if option.name
    }


def test_what_is_read_is_documented(sources, preset, root):
    page = (root / "docs/reference/configuration.md").read_text()
    documented = preset | pairs(page) | pairs(" ".join(consumed_variables()))
    read = {pair for pair in READ.findall(sources) if pair[0] in OURS}
    assert read, "the test doesn't find the options any more"
    assert read - documented == set()


def test_what_is_preset_is_read(sources, preset):
    unread = {key for section, key in preset if section in OURS and not re.search(rf"\b{key}\b", sources)}
    assert unread == set()
