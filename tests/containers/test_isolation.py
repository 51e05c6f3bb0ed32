"""What a task can't do in a real container, and as whom it runs."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import pytest

from miniwdl_aws_hooks import ExitCode
from miniwdl_aws_hooks.protocol import ENV_WHERE, SENTINEL_NAME
from miniwdl_aws_local_cloud import Fault, FaultKind

pytestmark = pytest.mark.containers

HERE = Path(__file__).parent
USER = 1234
AWS_GIVES = {
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_BATCH_JOB_ID",
    "AWS_BATCH_JOB_ATTEMPT",
    "AWS_BATCH_CE_NAME",
    "AWS_BATCH_JQ_NAME",
}
"""Of the cloud; the key is the local cloud's own, in the place of the instance's role."""
SHELL_SETS = {"HOME", "HOSTNAME", "OLDPWD", "PATH", "PWD", "SHLVL", "TERM", "container", "_"}


@pytest.fixture
def victim(cloud):
    """A file of another run, and its path in jobs."""
    runs = cloud.state / "fsx/miniwdl_run"
    runs.mkdir(exist_ok=True)
    runs.chmod(0o777)
    folder = Path(tempfile.mkdtemp(prefix="other-", dir=runs))
    folder.chmod(0o777)
    file = folder / "precious.txt"
    file.write_text("precious\n")
    return file


def in_jobs(cloud, path: Path) -> str:
    return f"/mnt/fsx/{path.relative_to(cloud.state / 'fsx')}"


def run_probe(shell, cloud, victim, task_image, name: str, **env: str):
    given = shell.cwd / f"{name}.txt"
    given.write_text("given\n")
    done = shell.submit(
        str(HERE / "probe.wdl"), f"given={given}", f"image={task_image}", f"victim={in_jobs(cloud, victim)}",
        "--s3upload", f"s3://demo/{name}/", "--wait", env=env,
    )  # fmt: skip
    assert done.code == 0, done.stderr
    outputs = shell.read_json(f"s3://demo/{name}/outputs.json")
    return {key.partition(".")[2]: value for key, value in outputs.items()}


def given_to_jobs(cloud) -> set[str]:
    """What is in the input, wherever it lies on the file system."""
    return {path.read_text() for path in (cloud.state / "fsx").rglob("*probe.txt") if not path.is_symlink()}


def made_on_the_file_system(cloud) -> Path:
    return max((cloud.state / "fsx/miniwdl_run").glob("*_probes/call-probe/work/made.txt"))


def test_a_task_is_on_its_own(shell, cloud, victim, workflow_image, task_image, images) -> None:
    found = run_probe(shell, cloud, victim, task_image, "probe")
    attempts = found["attempts"]
    assert len(attempts) == 4
    assert all(attempt.startswith("could not: ") for attempt in attempts), attempts
    assert victim.read_text() == "precious\n"
    assert [path.name for path in victim.parent.iterdir()] == ["precious.txt"]
    assert given_to_jobs(cloud) == {"given\n"}
    of_the_image = {line.partition("=")[0] for line in image_environment(images, task_image)}
    # The local cloud alone says where its jobs are.
    assert set(found["environment"]) <= AWS_GIVES | {ENV_WHERE} | SHELL_SETS | of_the_image
    assert not any(".aws" in path or path.startswith(str(cloud.state)) for path in found["seen"])


def image_environment(images, image: str) -> list[str]:
    inspected = subprocess.run([images.engine, "image", "inspect", image], capture_output=True, check=True)
    return json.loads(inspected.stdout)[0]["Config"].get("Env") or []


def test_who_means_harm_reaches_no_further(shell, cloud, workflow_image, task_image) -> None:
    done = shell.submit(
        str(HERE / "hostile.wdl"), f"image={task_image}", "--s3upload", "s3://demo/hostile/", "--follow"
    )
    assert done.code == 0, done.stderr
    outputs = shell.read_json("s3://demo/hostile/outputs.json")
    assert len(outputs["hostile.attempts"]) == 12
    assert all(attempt.startswith("could not: ") for attempt in outputs["hostile.attempts"]), outputs
    assert shell.read(outputs["hostile.made"]) == b"made\n"
    assert outputs["hostile.came_later"] == "12"
    secret = f"AWS_SECRET_ACCESS_KEY={cloud.environ['AWS_SECRET_ACCESS_KEY']}"
    (run,) = (cloud.state / "fsx/miniwdl_run").glob("*_hostile")
    told = [path.read_text() for path in run.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not any(secret in text for text in [*told, done.stdout, done.stderr])
    for name in ("stdout.txt", "stderr.txt", "exit_code"):
        assert not (run / "call-attack" / name).is_symlink()


def test_a_mistake_does_no_harm(shell, cloud, victim, task_image) -> None:
    done = shell.submit(
        str(HERE / "escape.wdl"), f"image={task_image}", f"victim={in_jobs(cloud, victim.parent)}",
        "--wait",
    )  # fmt: skip
    assert done.code != 0
    assert victim.read_text() == "precious\n"
    said = [path.read_text() for path in (cloud.state / "fsx/miniwdl_run").glob("*_escape/stderr*.txt")]
    assert any("Read-only file system" in text for text in said)


def test_without_isolation_the_same_mistake_does(shell, cloud, victim, task_image) -> None:
    done = shell.submit(
        str(HERE / "escape.wdl"), f"image={task_image}", f"victim={in_jobs(cloud, victim.parent)}", "--wait",
        env={"MINIWDL__AWS__ISOLATION": "none"},
    )  # fmt: skip
    assert done.code == 0, done.stderr
    assert not victim.parent.exists()


@pytest.mark.parametrize(("as_user", "runs_as"), [("true", USER), ("false", 0)])
def test_outputs_belong_to_who_runs_the_workflow(
    shell, cloud, victim, workflow_image, task_image, images, as_user, runs_as
) -> None:
    image = images.derived("workflow-as-user", workflow_image, f"USER {USER}:{USER}")
    (cloud.state / "fsx/miniwdl_run").chmod(0o777)
    for cache in ("miniwdl_call_cache", "miniwdl_download_cache"):
        (cloud.state / "fsx" / cache).mkdir(exist_ok=True)
        (cloud.state / "fsx" / cache).chmod(0o777)
    found = run_probe(
        shell, cloud, victim, task_image, f"as-user-{as_user}",
        MINIWDL__AWS__WORKFLOW_IMAGE=image, MINIWDL__TASK_RUNTIME__AS_USER=as_user,
        MINIWDL__CALL_CACHE__GET="false", MINIWDL__CALL_CACHE__PUT="false",
        MINIWDL__DOWNLOAD_CACHE__GET="false", MINIWDL__DOWNLOAD_CACHE__PUT="false",
    )  # fmt: skip
    assert shell.read(found["made"]).split() == [str(runs_as).encode()] * 2
    made = made_on_the_file_system(cloud)
    assert (made.stat().st_uid, made.stat().st_gid) == (USER, USER)


def test_a_task_whose_host_lacks_the_file_system(shell, cloud, victim, task_image) -> None:
    cloud.faults.add([Fault(FaultKind.MOUNT_MISSING, queue="task")])
    try:
        done = shell.submit(
            str(HERE / "escape.wdl"), f"image={task_image}", "victim=/nothing", "--s3upload", "s3://demo/lost/",
            "--wait", env={"MINIWDL__AWS__INFRASTRUCTURE_RETRIES": "0"},
        )  # fmt: skip
    finally:
        cloud.faults.clear()
    assert done.code != 0
    assert "mount-missing" in json.dumps(shell.read_json("s3://demo/lost/error.json"))


def test_a_workflow_job_whose_host_lacks_the_file_system(shell, cloud, task_image) -> None:
    marker = cloud.state / "fsx" / SENTINEL_NAME
    marker.unlink()
    try:
        done = shell.submit(str(HERE / "escape.wdl"), f"image={task_image}", "victim=/nothing", "--wait")
    finally:
        marker.touch()
    assert done.code == ExitCode.MOUNT_MISSING
