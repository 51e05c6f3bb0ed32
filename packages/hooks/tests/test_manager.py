import logging

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
