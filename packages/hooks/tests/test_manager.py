import logging
from importlib.metadata import EntryPoint

import pytest

from miniwdl_aws_hooks import JobChange, JobChanges, PluginError, create_manager, get_manager

TAGGING = """
from miniwdl_aws_hooks import JobChanges, hookimpl

@hookimpl
def miniwdl_aws_prepare_job():
    return JobChanges(tags={"made-by": "NAME"})
"""
MISSPELLED = """
from miniwdl_aws_hooks import hookimpl

@hookimpl
def miniwdl_aws_prepare_jobs(context):
    return None
"""
TOO_MANY_ARGUMENTS = """
from miniwdl_aws_hooks import hookimpl

@hookimpl
def miniwdl_aws_prepare_job(context, colour):
    return None
"""


def test_plugins_are_called_in_order_of_their_names(make_plugin):
    points = [make_plugin(name, TAGGING.replace("NAME", name)) for name in ("b", "a", "c")]
    manager = create_manager(points, {})
    assert [changes.tags["made-by"] for changes in manager.hook.miniwdl_aws_prepare_job(context=None)] == [
        "a",
        "b",
        "c",
    ]


def test_a_plugin_that_fails_at_import_is_named_and_left_out(make_plugin, caplog):
    points = [make_plugin("broken", "import no_such_module_at_all"), make_plugin("good", TAGGING)]
    with caplog.at_level(logging.WARNING):
        manager = create_manager(points, {})
    assert manager.get_plugin("broken") is None
    assert manager.hook.miniwdl_aws_prepare_job(context=None) == [JobChanges(tags={"made-by": "NAME"})]
    assert "left out plugin broken" in caplog.text
    assert "no_such_module_at_all" in caplog.text


@pytest.mark.parametrize(
    ("source", "words"), [(MISSPELLED, "miniwdl_aws_prepare_jobs"), (TOO_MANY_ARGUMENTS, "colour")]
)
def test_a_plugin_that_does_not_fit_the_hooks_is_an_error(make_plugin, source, words):
    with pytest.raises(PluginError, match=words) as caught:
        create_manager([make_plugin("odd", source)], {})
    assert "MINIWDL_AWS_DISABLE_PLUGINS" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import no_such_module_at_all", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        ("raise SystemExit(4)", "SystemExit: 4"),
        ("import sys; sys.exit('no\\n\\x1b[2J licence')", "SystemExit: no [2J licence"),
        ("def broken(:", "SyntaxError"),
        ("1 // 0", "ZeroDivisionError"),
    ],
)
def test_whatever_happens_at_import_is_one_sentence(make_plugin, caplog, source, words):
    points = [make_plugin("broken", source), make_plugin("good", TAGGING)]
    with caplog.at_level(logging.WARNING):
        manager = create_manager(points, {})
    (record,) = caplog.records
    assert record.getMessage().startswith("left out plugin broken (plugin_under_test_broken), which failed to load: ")
    assert words in record.getMessage()
    assert record.getMessage().isprintable()
    assert len(manager.hook.miniwdl_aws_prepare_job(context=None)) == 1


def test_ctrl_c_at_import_passes(make_plugin):
    with pytest.raises(KeyboardInterrupt):
        create_manager([make_plugin("slow", "raise KeyboardInterrupt")], {})


def test_a_misspelled_hook_is_named_with_the_plugin_and_the_nearest_one(make_plugin):
    with pytest.raises(PluginError) as caught:
        create_manager([make_plugin("odd", MISSPELLED)], {})
    assert caught.value.message == (
        "plugin odd implements miniwdl_aws_prepare_jobs, a hook that does not exist; did you mean "
        "miniwdl_aws_prepare_job?"
    )


def test_a_wrong_argument_is_named_with_plugin_and_hook_in_one_line(make_plugin):
    with pytest.raises(PluginError, match=r"plugin odd does not fit the hooks: .*miniwdl_aws_prepare_job") as caught:
        create_manager([make_plugin("odd", TOO_MANY_ARGUMENTS)], {})
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("option", ["wrapper=True", "hookwrapper=True"])
def test_hooks_are_not_wrapped(make_plugin, option):
    source = f"""
from miniwdl_aws_hooks import hookimpl

@hookimpl({option})
def miniwdl_aws_prepare_job(context):
    return (yield)
"""
    with pytest.raises(PluginError, match="plugin odd wraps miniwdl_aws_prepare_job"):
        create_manager([make_plugin("odd", source)], {})


def test_a_plugin_without_hooks_is_named(make_plugin, caplog):
    create_manager([make_plugin("unmarked", "def miniwdl_aws_mounts(context):\n    return []")], {})
    assert "plugin unmarked (plugin_under_test_unmarked) does nothing" in caplog.text


def test_one_plugin_under_two_names_counts_once(make_plugin, caplog):
    point = make_plugin("good", TAGGING)
    other = EntryPoint(name="other", value=point.value, group=point.group)
    assert len(create_manager([point, other], {}).hook.miniwdl_aws_prepare_job(context=None)) == 1
    assert "left out plugin good" in caplog.text


def test_a_disabled_plugin_is_not_even_imported(make_plugin):
    points = [make_plugin("fatal", "raise SystemExit('imported')"), make_plugin("good", TAGGING)]
    manager = create_manager(points, {"MINIWDL_AWS_DISABLE_PLUGINS": "fatal, other"})
    assert [name for name, plugin in manager.list_name_plugin() if plugin] == ["good"]


def test_the_same_plugin_twice_counts_once(make_plugin):
    point = make_plugin("good", TAGGING)
    assert len(create_manager([point, point], {}).hook.miniwdl_aws_prepare_job(context=None)) == 1


def test_tracing_shows_the_call_and_its_result(make_plugin, capsys):
    manager = create_manager([make_plugin("good", TAGGING)], {"MINIWDL_AWS_TRACE_HOOKS": "1"})
    manager.hook.miniwdl_aws_prepare_job(context=None)
    shown = capsys.readouterr().err
    assert "miniwdl_aws_prepare_job(context) -> good" in shown
    assert "JobChanges(tags={'made-by': 'NAME'}" in shown


def test_tracing_shows_that_nobody_answers(capsys):
    manager = create_manager([], {"MINIWDL_AWS_TRACE_HOOKS": "1"})
    change = JobChange("id", "name", "call-a", "a", 1, "task", "RUNNING", "STARTING", None, None, "/run", 0.0)
    assert manager.hook.miniwdl_aws_job_changed(change=change) == []
    assert "no plugin" in capsys.readouterr().err


def test_without_tracing_nothing_is_shown(make_plugin, capsys):
    create_manager([make_plugin("good", TAGGING)], {}).hook.miniwdl_aws_prepare_job(context=None)
    assert capsys.readouterr().err == ""


def test_the_process_has_one_manager():
    assert get_manager() is get_manager()
