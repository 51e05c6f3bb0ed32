"""Plugins that do what they should not, as users of the commands meet them: one sentence, and no traceback."""

from __future__ import annotations

import inspect
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from miniwdl_aws_hooks import Mount, StageResult, get_manager, hookimpl
from miniwdl_aws_hooks.protocol import ENV_SENTINEL
from miniwdl_aws_hooks.specs import Specs
from miniwdl_aws_s3_rails.workflow_job.run_s3upload import main as run_s3upload
from miniwdl_aws_submit_cli.manage.command import main as manage
from miniwdl_aws_submit_cli.submit.command import main as submit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

WDL = "version 1.1\nworkflow w { input { File f } output { File g = f } }\n"
SIBLINGS = "batch-backend,cwlogs,fsx-mount,local-cloud,s3-rails,efs-mount,infra,run-report"
RUN = ("w.wdl", "--workflow-queue", "workflow", "--staging", "s3://lab/st")

DOORS: Mapping[str, tuple[Callable[..., int], tuple[str, ...], int]] = {
    "miniwdl_aws_submit_options": (submit, ("--dry-run", *RUN, "f=s3://b/f"), 64),
    "miniwdl_aws_commands": (manage, ("list", "--workflow-queue", "workflow"), 0),
    "miniwdl_aws_preflight": (manage, ("doctor", "--workflow-queue", "workflow"), 1),
    "miniwdl_aws_check_inputs": (submit, ("--dry-run", *RUN, "f=s3://b/f"), 64),
    "miniwdl_aws_stage": (submit, ("--dry-run", *RUN, "f=local.txt"), 64),
    "miniwdl_aws_mounts": (submit, ("--dry-run", *RUN, "f=s3://b/f"), 64),
    "miniwdl_aws_prepare_job": (submit, ("--dry-run", *RUN, "f=s3://b/f"), 64),
    "miniwdl_aws_follow_logs": (submit, (*RUN, "f=s3://b/f", "--follow", "--plain"), 0),
    "miniwdl_aws_prepare_file_system": (run_s3upload, ("w.wdl",), 64),
    "miniwdl_aws_check_destination": (run_s3upload, ("w.wdl", "--s3upload", "s3://b/out"), 64),
    "miniwdl_aws_publish": (run_s3upload, ("--upload-only", "run", "--s3upload", "s3://b/out"), 74),
}
"""The command by which a hook is met, and its exit code. The parts test those of the backend and of inputs."""

FAULTS: Mapping[str, tuple[Callable[[], Any], str]] = {
    "raises": (lambda: 1 // 0, "failed in {hook}: ZeroDivisionError: "),
    "exits": (lambda: sys.exit("no licence"), "failed in {hook}: SystemExit: no licence"),
    "nonsense": (lambda: 3.5, "gave a wrong answer to {hook}: it is of type float, not "),
}


class Site:
    """What the commands need of other parts to come as far as the hook."""

    @hookimpl(trylast=True)
    def miniwdl_aws_mounts(self, context: Any) -> list[Mount]:
        return [Mount("fsx", context.mount_point, {"host": {"sourcePath": context.mount_point}})]

    @hookimpl(trylast=True)
    def miniwdl_aws_stage(self, request: Any) -> StageResult:
        return StageResult({item.path: request.folder + "x" for item in request.items}, 0, 0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "w.wdl").write_text(WDL)
    (tmp_path / "local.txt").write_text("local")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/workflow.log").write_text("ran")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIWDL_AWS_DISABLE_PLUGINS", SIBLINGS)
    for name, value in {"ACCESS_KEY_ID": "t", "SECRET_ACCESS_KEY": "t", "DEFAULT_REGION": "us-west-2"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    return tmp_path


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, mock_aws(config={"batch": {"use_docker": False}}):
        patch.setenv("AWS_DEFAULT_REGION", "us-west-2")
        batch = boto3.client("batch")
        role = boto3.client("iam").create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        hosts = batch.create_compute_environment(computeEnvironmentName="hosts", type="UNMANAGED", serviceRole=role)
        order = [{"order": 1, "computeEnvironment": hosts["computeEnvironmentArn"]}]
        tags = {"DefaultTaskQueue": "workflow", "DefaultFsId": "fs-0123", "WorkflowImage": "registry/workflow:1"}
        batch.create_job_queue(
            jobQueueName="workflow", state="ENABLED", priority=1, computeEnvironmentOrder=order, tags=tags
        )
        yield


@pytest.fixture
def meet(here: Path, aws: None, capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[..., tuple[int, str]]]:
    """Run the command behind which a hook is, with a plugin that misbehaves; gives its exit code and what it said."""

    def run(hook: str, behave: Callable[[], Any]) -> tuple[int, str]:
        get_manager.cache_clear()
        manager = get_manager()
        manager.register(Site(), name="site")
        arguments = ", ".join(set(inspect.signature(getattr(Specs, hook)).parameters) - {"self"})
        scope: dict[str, Any] = {"behave": behave}
        exec(f"def {hook}({arguments}):\n    return behave()", scope)
        manager.register(SimpleNamespace(**{hook: hookimpl(tryfirst=True)(scope[hook])}), name="odd")
        command, words, _code = DOORS[hook]
        code = command(words)
        out, err = capfd.readouterr()
        return code, out + err

    yield run
    get_manager.cache_clear()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", DOORS)
def test_a_fault_is_one_sentence(
    meet: Callable[..., tuple[int, str]],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: Any,
    hook: str,
    fault: str,
) -> None:
    behave, said = FAULTS[fault]
    if DOORS[hook][0] is run_s3upload:
        monkeypatch.setenv("MINIWDL__FILE_IO__ROOT", str(here))
    if hook == "miniwdl_aws_prepare_file_system":
        monkeypatch.setenv(ENV_SENTINEL, str(here / "not-there"))
    code, shown = meet(hook, behave)
    shown += caplog.text
    assert code == DOORS[hook][2], shown
    assert f"plugin odd {said.format(hook=hook)}" in shown
    assert "MINIWDL_AWS_DISABLE_PLUGINS=odd" in shown or hook == "miniwdl_aws_publish"
    assert "Traceback" not in shown
