"""Run a WDL in a process of its own, against a fake AWS Batch in another: what can be killed."""

from __future__ import annotations

import json
import logging
import sys
from multiprocessing.managers import BaseManager
from pathlib import Path

import WDL
from conftest import MountPlugin  # type: ignore[import-not-found] # beside this file
from WDL.runtime import config

from miniwdl_aws_batch_backend import plugin
from miniwdl_aws_batch_backend.process import batch_api, engine
from miniwdl_aws_hooks import create_manager


class Cloud(BaseManager):
    """The connection."""


Cloud.register("batch")


def main() -> None:
    """Arguments: one JSON object."""
    options = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.INFO)
    cloud = Cloud(tuple(options["address"]), authkey=b"test")
    cloud.connect()
    fake = cloud.batch()  # type: ignore[attr-defined]
    root = options["cfg"]["file_io"]["root"]
    manager = create_manager([], {})
    manager.register(MountPlugin(root))
    manager.register(plugin)
    engine.get_manager = lambda: manager  # type: ignore[assignment]
    batch_api.connect = lambda _region: fake
    cfg = config.Loader(logging.getLogger("test"), filenames=[], overrides=options["cfg"])
    workflow = WDL.load(options["wdl"]).workflow
    inputs = WDL.values_from_json(options["inputs"], workflow.available_inputs, workflow.required_inputs)
    folder, outputs = WDL.runtime.run(cfg, workflow, inputs, run_dir=str(Path(root, "runs")))
    sys.stdout.write(json.dumps({"dir": folder, "outputs": WDL.values_to_json(outputs)}))


if __name__ == "__main__":
    main()
