"""Every option is declared once as data, and what is said of it elsewhere is made from that."""

import ast
import configparser
import json
import re

import pytest

from miniwdl_aws_core.options.known import GROUP, installed_sections, refuse_unknown, unknown_variables
from miniwdl_aws_core.options.loader import load_settings
from miniwdl_aws_core.options.presets import workflow_cfg
from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_hooks.discovery import find_points

from .conftest import docs_module

VARIABLE = re.compile(r"MINIWDL__(?:AWS|FSX|S3_RAILS|CWLOGS)__[A-Z0-9_]+")
DESIGN = {
    "MINIWDL__AWS__WORKFLOW_QUEUE", "MINIWDL__AWS__TASK_QUEUE", "MINIWDL__AWS__TASK_QUEUE_FALLBACK", "MINIWDL__AWS__FS",
    "MINIWDL__AWS__S3_UPLOAD_FOLDER", "MINIWDL__AWS__DELETE_AFTER_S3_UPLOAD", "MINIWDL__AWS__STAGING",
    "MINIWDL__AWS__WORKFLOW_ROLE", "MINIWDL__AWS__WORKFLOW_IMAGE",
}  # fmt: skip


@pytest.fixture(scope="module")
def options():
    return [option for section in installed_sections() for option in section.options()]


def test_what_the_tree_declares_is_installed():
    installed = [point.value for point in find_points(GROUP)]
    assert sorted(docs_module("configuration").declared_points()) == sorted(installed), "uv sync, or nox -r"


def test_the_sections_are_known_as_a_whole():
    assert {section.section for section in installed_sections() if section.owns_section} == {
        "aws", "fsx", "s3_rails", "cwlogs",
    }  # fmt: skip


def test_each_option_is_there_once_with_a_reason_and_a_default_that_can_be_written(options):
    labels = [option.label for option in options]
    assert len(labels) == len(set(labels))
    for option in options:
        assert option.help.endswith(".")
        assert option.default is None or option.parse(option.default_text) == option.default


def test_what_the_commands_take_from_the_environment_is_known(options):
    assert {option.variable for option in options} >= DESIGN
    assert unknown_variables(dict.fromkeys(DESIGN, "x"), installed_sections()) == []


def test_what_is_written_anywhere_is_known(root, options):
    """Pages, hints and help name no variable that isn't there."""
    pages = [root / "README.md", *root.glob("docs/**/*.md"), *root.glob("packages/*/README.md")]
    files = [*pages, *root.glob("packages/*/src/**/*.py"), *root.glob("examples/**/*.*"), *root.glob("docs/*.py")]
    names = {
        name for file in files if file.suffix in (".md", ".py", ".sh") for name in VARIABLE.findall(file.read_text())
    }
    assert names, "the test finds no variables any more"
    assert names - {option.variable for option in options} == set()


def test_every_option_is_read(root, options):
    read = {
        node.attr
        for source in root.glob("packages/*/src/**/*.py")
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Attribute)
    }
    assert {option.name for option in options} - read == set()


def test_the_file_of_workflow_jobs_is_one_that_miniwdl_reads():
    parser = configparser.ConfigParser()
    parser.read(workflow_cfg())
    assert parser["scheduler"]["container_backend"] == "aws_batch"
    assert parser["file_io"]["root"] == "/mnt/fsx"
    refuse_unknown(load_settings(str(workflow_cfg())), {})


def test_tasks_that_name_no_image_get_one_whose_pulls_are_not_limited_by_address():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(workflow_cfg())
    registry, slash, _ = json.loads(parser["task_runtime"]["defaults"])["docker"].partition("/")
    assert slash
    assert "." in registry, "without a host, it is Docker Hub's"
    assert registry != "docker.io"


def test_the_file_shows_every_option_that_a_job_reads(options, tmp_path):
    """With all comments taken away it is still a configuration, of which every option exists."""
    shown = re.sub(r"(?m)^#(?=[a-z_0-9]+ =)", "", workflow_cfg().read_text())
    (tmp_path / "shown.cfg").write_text(shown)
    settings = load_settings(str(tmp_path / "shown.cfg"))
    refuse_unknown(settings, {})
    for option in options:
        assert (option.name in settings.keys(option.section)) is not option.submit_only
        assert (settings.get(option.section, option.name) or "") == ("" if option.submit_only else option.default_text)


def test_a_page_says_what_each_option_is_for(root, options):
    page = (root / "docs/reference/configuration.md").read_text()
    said = page.replace("`", "")  # of options that a help names, the page makes code
    for option in options:
        assert f"| `{option.name}` |" in page
        assert option.help.replace("|", "\\|").replace("`", "") in said


def test_an_option_of_the_ancestor_is_refused_with_advice():
    with pytest.raises(ConfigurationError) as caught:
        refuse_unknown(load_settings(str(workflow_cfg())), {"MINIWDL__AWS__FSAP": "fsap-1"})
    assert "FSx for Lustre" in caught.value.hint
