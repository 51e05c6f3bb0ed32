from miniwdl_aws_hooks.testing import PluginConformance


class TestSubmitCli(PluginConformance):
    plugin_name = "submit-cli"

    def test_commands_are_unique_and_described(self, hooks: object) -> None:
        (commands,) = hooks.miniwdl_aws_commands()  # type: ignore[attr-defined]
        assert len({command.name for command in commands}) == len(commands)
        assert all(command.help and command.help[0].islower() for command in commands)
