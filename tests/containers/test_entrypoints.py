"""Images with an ENTRYPOINT, which AWS Batch can't override: the task's command becomes its arguments."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
import WDL
from WDL.runtime import config

from miniwdl_aws_batch_backend import plugin
from miniwdl_aws_batch_backend.backend import BatchBackend
from miniwdl_aws_hooks import Mount, create_manager, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

pytestmark = pytest.mark.containers

TASK = """version 1.1
task says {
    input { String image }
    command <<< echo done >>>
    output { String said = read_string(stdout()) }
    runtime { docker: image  memory: "64 MiB"  maxRetries: 2 }
}
"""


class FileSystem:
    """The cloud's file system, in jobs where this process has it: miniwdl itself needs no container then."""

    def __init__(self, root: str) -> None:
        self.root = root

    @hookimpl
    def miniwdl_aws_mounts(self) -> list[Mount]:
        return [Mount("fsx", self.root, {"host": {"sourcePath": "/mnt/fsx"}})]


@pytest.fixture
def run(cloud, monkeypatch) -> Iterator[Callable[[str], Mapping[str, str]]]:
    for name, value in cloud.environ.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    root = str(cloud.state / "fsx")
    manager = create_manager([], {})
    manager.register(FileSystem(root))
    manager.register(plugin)
    monkeypatch.setattr("miniwdl_aws_batch_backend.process.engine.get_manager", lambda: manager)
    source = cloud.state / "fsx/says.wdl"
    source.write_text(TASK)

    def run_in(image: str) -> Mapping[str, str]:
        aws = {"task_queue": "task", "describe_period_min": 0.1, "describe_period_max": 0.2}
        overrides = {"scheduler": {"container_backend": "aws_batch"}, "file_io": {"root": root}, "aws": aws}
        cfg = config.Loader(logging.getLogger("test"), filenames=[], overrides=overrides)
        task = WDL.load(str(source)).tasks[0]
        inputs = WDL.values_from_json({"image": image}, task.available_inputs, task.required_inputs)
        try:
            _, outputs = WDL.runtime.run(cfg, task, inputs, run_dir=f"{root}/runs")
        finally:
            BatchBackend._global_init = False  # the next run starts as a new process would
        return WDL.values_to_json(outputs)

    yield run_in
    source.unlink()


@pytest.mark.parametrize(("entrypoint", "code"), [(["echo"], 0), (["python3"], 1)], ids=["echo", "python3"])
def test_a_tool_as_entrypoint_is_named(run, images, task_image, entrypoint, code) -> None:
    image = images.derived(f"entrypoint-{entrypoint[0]}", task_image, f"ENTRYPOINT {json.dumps(entrypoint)}")
    with pytest.raises(WDL.runtime.RunFailed) as caught:
        run(image)
    cause = WDL.runtime.error_json(caught.value)["cause"]
    assert (cause["class"], cause["exitCode"]) == ("image-entrypoint", code), cause
    assert f"the image {image} has an ENTRYPOINT" in cause["message"]


def test_an_entrypoint_that_runs_its_arguments_is_no_hindrance(run, images, task_image) -> None:
    script = r"""RUN printf '#!/bin/sh\nexec "$@"\n' > /entrypoint.sh && chmod +x /entrypoint.sh"""
    image = images.derived("entrypoint-exec", task_image, script, 'ENTRYPOINT ["/entrypoint.sh"]')
    assert run(image) == {"said": "done"}
