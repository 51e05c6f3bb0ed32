import json

import pytest

from miniwdl_aws_core.options.known import installed_sections
from miniwdl_aws_hooks import ConfigurationError
from miniwdl_aws_submit_cli.options.resolve import Settings, resolve
from miniwdl_aws_submit_cli.submit.environment import hidden_variables, job_environment, passed_through

ENVIRON = {
    "MINIWDL__CALL_CACHE__GET": "false",
    "MINIWDL__AWS__TASK_QUEUE": "consumed",
    "MINIWDL__FILE_IO__ROOT": "/consumed",
    "MINIWDL__AWS__ISOLATION": "none",
    "MINIWDL_AWS_TRACE_HOOKS": "1",
    "PATH": "/bin",
}


def settings(**given: object) -> Settings:
    return resolve({"workflow_queue": "wq", "task_queue": "tq", **given}, {}, {})


def test_configuration_passes_through_and_options_do_not() -> None:
    assert passed_through(ENVIRON) == {"MINIWDL__CALL_CACHE__GET": "false", "MINIWDL__AWS__ISOLATION": "none"}


def test_job_environment() -> None:
    found = job_environment(settings(fsid="fs-1"), "eu-west-1", "/mnt/fsx/.mark", ENVIRON, no_env=False)
    assert found == {
        "MINIWDL__CALL_CACHE__GET": "false",
        "MINIWDL__AWS__ISOLATION": "none",
        "MINIWDL__AWS__TASK_QUEUE": "tq",
        "MINIWDL__AWS__FS": "fs-1",
        "MINIWDL__FILE_IO__ROOT": "/mnt/fsx",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REGION": "eu-west-1",
        "WDL_MOUNT_SENTINEL": "/mnt/fsx/.mark",
    }


def test_no_env_passes_nothing_through() -> None:
    found = job_environment(settings(task_queue_fallback="spare"), "eu-west-1", None, ENVIRON, no_env=True)
    assert sorted(found) == [
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "MINIWDL__AWS__TASK_QUEUE",
        "MINIWDL__AWS__TASK_QUEUE_FALLBACK",
        "MINIWDL__FILE_IO__ROOT",
    ]


def test_tags_reach_the_task_jobs() -> None:
    environ = {"MINIWDL__AWS__JOB_TAGS": '{"Group": "x", "Run": "old"}'}
    found = job_environment(settings(tag=["Run=7"]), "eu-west-1", None, environ, no_env=False)
    assert json.loads(found["MINIWDL__AWS__JOB_TAGS"]) == {"Group": "x", "Run": "7"}


def test_tags_of_our_own_are_refused_before_anything_is_submitted() -> None:
    with pytest.raises(ConfigurationError, match="--tag: the tag miniwdl-task says"):
        job_environment(settings(tag=["miniwdl-task=x"]), "eu-west-1", None, {}, no_env=False)
    environ = {"MINIWDL__AWS__JOB_TAGS": '{"miniwdl-call": "x"}'}
    with pytest.raises(ConfigurationError, match="MINIWDL__AWS__JOB_TAGS: the tag miniwdl-call says"):
        job_environment(settings(), "eu-west-1", None, environ, no_env=False)


@pytest.mark.parametrize("value", ["{", "[]"])
def test_configured_tags_must_be_an_object(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\[aws\] job_tags must be a JSON object"):
        job_environment(settings(tag=["a=b"]), "r", None, {"MINIWDL__AWS__JOB_TAGS": value}, no_env=False)


@pytest.mark.parametrize(
    ("name", "is_hidden"),
    [
        ("MINIWDL__TASK_RUNTIME__ENV", True),
        ("MINIWDL__TASK_RUNTIME__COMMAND_PREAMBLE", True),
        ("MINIWDL__TASK_RUNTIME__DEFAULTS", False),
        ("MINIWDL__LAB__API_TOKEN", True),
        ("MINIWDL__LAB__PASSWORD", True),
        ("MINIWDL__LAB__db_passwords", True),
        ("MINIWDL__LAB__ACCESSKEY", True),
        ("MINIWDL__LAB__TOKENIZER", False),
        ("MINIWDL__LAB__KEY", False),
        ("LAB_TOKEN", False),
    ],
)
def test_what_may_be_a_secret(name: str, is_hidden: bool) -> None:
    assert hidden_variables({name: "x"}) == ({name: "x"} if is_hidden else {})
    assert hidden_variables({name: ""}) == {}, "which is as good as none"


def test_no_option_of_ours_is_taken_for_a_secret() -> None:
    options = [option for section in installed_sections() for option in section.options()]
    assert options
    assert hidden_variables({option.variable: "x" for option in options}) == {}
