from __future__ import annotations

import subprocess
import sys

from miniwdl_aws_hooks.testing import PluginConformance


class TestLocalCloudPlugin(PluginConformance):
    plugin_name = "local-cloud"

    def test_adds_options_and_a_command(self, hooks) -> None:
        (options,) = hooks.miniwdl_aws_submit_options()
        ((command,),) = hooks.miniwdl_aws_commands()
        assert [(option.name, option.metavar) for option in options] == [("--local", None), ("--runner", "RUNNER")]
        assert command.name == "local"


def test_nothing_heavy_is_imported_for_the_sake_of_help() -> None:
    script = (
        "import argparse, sys;"
        "from miniwdl_aws_local_cloud import plugin; from miniwdl_aws_local_cloud.up import command;"
        "command.configure(argparse.ArgumentParser());"
        "plugin.miniwdl_aws_submit_options(); plugin.miniwdl_aws_commands();"
        "print(sorted({'moto', 'boto3', 'WDL', 'psutil', 'filelock', 'asyncio'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
