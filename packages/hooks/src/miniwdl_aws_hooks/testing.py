"""
A conformance suite for plugins; needs the extra ``testing``.

Subclass it in your tests, name your entry point, and pytest collects the checks::

    class TestMyPlugin(PluginConformance):
        plugin_name = "my-plugin"
"""

from __future__ import annotations

import inspect
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

import pytest

from miniwdl_aws_hooks.errors import MiniwdlAwsError
from miniwdl_aws_hooks.manager import create_manager
from miniwdl_aws_hooks.markers import PROJECT_NAME
from miniwdl_aws_hooks.settings import EnvironSettings
from miniwdl_aws_hooks.specs import Specs
from miniwdl_aws_hooks.types import JobRole, MountContext

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PluginConformance"]


class PluginConformance:
    """What every plugin must do, whatever hooks it implements."""

    plugin_name: str
    """Name of the entry point under test."""

    def entry_point(self) -> EntryPoint:
        """Find the plugin among the installed distributions."""
        found = [point for point in entry_points(group=PROJECT_NAME) if point.name == self.plugin_name]
        assert len(found) == 1, f"expected one entry point {self.plugin_name!r} of {PROJECT_NAME}, found {len(found)}"  # noqa: S101
        return found[0]

    def implementations(self) -> dict[str, Any]:
        """Hook functions of the plugin by name."""
        plugin = self.entry_point().load()
        marker = PROJECT_NAME + "_impl"
        return {name: item for name, item in inspect.getmembers(plugin) if hasattr(item, marker)}

    def test_discovery(self) -> None:
        """The entry point exists once and loads."""
        assert self.entry_point().load() is not None  # noqa: S101

    def test_every_hook_is_specified(self) -> None:
        """It registers alone, and implements at least one hook that exists."""
        manager = create_manager([self.entry_point()], {})
        assert manager.get_plugin(self.plugin_name) is not None  # noqa: S101
        assert self.implementations(), "a plugin without hooks does nothing"  # noqa: S101

    def test_arguments_are_a_subset(self) -> None:
        """Each hook takes only arguments that its specification has."""
        for name, function in self.implementations().items():
            specified = set(inspect.signature(getattr(Specs, name)).parameters) - {"self"}
            extra = set(inspect.signature(function).parameters) - specified
            assert not extra, f"{name} takes {sorted(extra)}, which its specification lacks"  # noqa: S101

    def test_every_hook_says_what_it_does(self) -> None:
        """Each hook has a docstring."""
        missing = [name for name, function in self.implementations().items() if not inspect.getdoc(function)]
        assert not missing, f"no docstring: {missing}"  # noqa: S101

    def test_whoever_publishes_checks_first(self) -> None:
        """Where a run would be published in vain, that is said before it begins."""
        found = self.implementations()
        if "miniwdl_aws_publish" in found:
            assert "miniwdl_aws_check_destination" in found, "publishing needs miniwdl_aws_check_destination, too"  # noqa: S101

    def test_mounts_write_nothing(self, tmp_path: Path) -> None:
        """To make a file system ready is what ``miniwdl_aws_prepare_file_system`` is for."""
        mounts = self.implementations().get("miniwdl_aws_mounts")
        for role in JobRole if mounts else ():
            context = MountContext(role, str(tmp_path), EnvironSettings({}))
            with suppress(MiniwdlAwsError):
                create_manager([self.entry_point()], {}).hook.miniwdl_aws_mounts(context=context)
        assert list(tmp_path.iterdir()) == [], "miniwdl_aws_mounts wrote to the file system"  # noqa: S101

    def test_disabled_by_name(self) -> None:
        """The plugin can be left out."""
        manager = create_manager([self.entry_point()], {"MINIWDL_AWS_DISABLE_PLUGINS": self.plugin_name})
        assert manager.get_plugin(self.plugin_name) is None  # noqa: S101

    @pytest.fixture
    def hooks(self) -> Any:
        """Hook relay of a manager that knows this plugin alone."""
        return create_manager([self.entry_point()], {}).hook
