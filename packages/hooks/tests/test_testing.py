"""The conformance suite, on a plugin that conforms and on some that don't."""

import inspect

import pytest

from miniwdl_aws_hooks.testing import PluginConformance

GOOD = '''
from miniwdl_aws_hooks import hookimpl

@hookimpl
def miniwdl_aws_prepare_job(context):
    """Add nothing."""
    return None
'''


def suite_for(point):
    class Suite(PluginConformance):
        __test__ = False
        plugin_name = point.name

        def entry_point(self):
            return point

    return Suite()


CHECKS = [name for name in vars(PluginConformance) if name.startswith("test_")]


@pytest.mark.parametrize("check", CHECKS)
def test_a_good_plugin_passes(make_plugin, check, tmp_path):
    method = getattr(suite_for(make_plugin("good", GOOD)), check)
    (tmp_path / "shared").mkdir()
    method(*([tmp_path / "shared"] if "tmp_path" in inspect.signature(method).parameters else []))


def test_a_publisher_that_checks_nothing_is_found_out(make_plugin):
    source = GOOD.replace("prepare_job(context)", "publish(request)")
    with pytest.raises(AssertionError, match="miniwdl_aws_check_destination, too"):
        suite_for(make_plugin("hasty", source)).test_whoever_publishes_checks_first()
    both = source + source.replace("publish(request)", "check_destination(context)")
    suite_for(make_plugin("careful", both)).test_whoever_publishes_checks_first()


def test_a_mount_that_writes_is_found_out(make_plugin, tmp_path):
    source = GOOD.replace("prepare_job(context)", "mounts(context)")
    writing = source.replace("return None", 'open(context.mount_point + "/marker", "w").close()')
    shared = tmp_path / "shared"
    shared.mkdir()
    suite_for(make_plugin("reading", source)).test_mounts_write_nothing(shared)
    with pytest.raises(AssertionError, match="miniwdl_aws_mounts wrote"):
        suite_for(make_plugin("writing", writing)).test_mounts_write_nothing(shared)


def test_a_plugin_without_hooks_is_found_out(make_plugin):
    with pytest.raises(AssertionError, match="does nothing"):
        suite_for(make_plugin("empty", "")).test_every_hook_is_specified()


def test_a_hook_without_docstring_is_found_out(make_plugin):
    with pytest.raises(AssertionError, match="miniwdl_aws_prepare_job"):
        suite_for(make_plugin("mute", GOOD.replace('"""Add nothing."""', ""))).test_every_hook_says_what_it_does()


def test_an_argument_of_its_own_is_found_out(make_plugin):
    with pytest.raises(AssertionError, match="colour"):
        suite_for(make_plugin("odd", GOOD.replace("(context)", "(colour)"))).test_arguments_are_a_subset()


def test_a_plugin_that_is_not_installed_is_found_out():
    class Missing(PluginConformance):
        __test__ = False
        plugin_name = "nobody-has-this"

    with pytest.raises(AssertionError, match="found 0"):
        Missing().test_discovery()
