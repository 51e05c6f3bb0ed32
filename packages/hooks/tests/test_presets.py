import configparser

from miniwdl_aws_hooks import workflow_cfg


def test_the_configuration_is_one_that_miniwdl_can_read():
    parser = configparser.ConfigParser()
    parser.read_string(workflow_cfg().read_text())
    assert parser["scheduler"]["container_backend"] == "aws_batch"
    assert parser["file_io"]["root"] == "/mnt/fsx"


def test_every_option_is_explained():
    """Each option, also one that is commented out, has a comment above it or above the options just before it."""
    explained = False
    for line in workflow_cfg().read_text().splitlines():
        if line.startswith("# "):
            explained = True
        elif not line or line.startswith("["):
            explained = False
        elif line[0] != " " and "=" in line:
            assert explained, line
