"""Every hook with every fault that a plugin's function may have, as a caller of the hook meets it."""

import inspect
import logging
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace

import pytest

from miniwdl_aws_hooks import (
    Check,
    CheckState,
    Command,
    ConfigurationError,
    ExitCode,
    FailureClass,
    FailurePolicy,
    FailureVerdict,
    FetchReport,
    InputFinding,
    JobChanges,
    LogEvent,
    MiniwdlAwsError,
    Mount,
    PluginError,
    PublishReport,
    RunReport,
    StageResult,
    SubmitOption,
    create_manager,
    hookimpl,
)
from miniwdl_aws_hooks.guarding.guard import failed_check, go_on, lose_contact, policy_of, stop, telling
from miniwdl_aws_hooks.specs import Specs

HOOKS = sorted(name for name in vars(Specs) if name.startswith("miniwdl_aws_"))

GOES_ON = {
    "miniwdl_aws_commands",
    "miniwdl_aws_classify_failure",
    "miniwdl_aws_job_changed",
    "miniwdl_aws_report_run",
    "miniwdl_aws_run_ended",
}
POLICIES = {
    "miniwdl_aws_preflight": failed_check,
    "miniwdl_aws_follow_logs": lose_contact,
    **dict.fromkeys(GOES_ON, go_on),
}

RIGHT = {
    "miniwdl_aws_submit_options": [SubmitOption("--site", "where", lambda _args: None)],
    "miniwdl_aws_commands": [Command("look", "look", lambda _parser: None, lambda _args: 0)],
    "miniwdl_aws_preflight": (Check("moon", CheckState.OK, "is up") for _ in range(1)),
    "miniwdl_aws_check_inputs": (InputFinding("s3://b/a", size=1),),
    "miniwdl_aws_stage": StageResult({"/a": "s3://b/a"}, 1, 1),
    "miniwdl_aws_mounts": [Mount("efs", "/mnt/efs", {"host": {"sourcePath": "/mnt/efs"}})],
    "miniwdl_aws_prepare_job": JobChanges(tags={"a": "1"}, container_properties={"ulimits": [{"softLimit": 1}]}),
    "miniwdl_aws_prepare_file_system": True,
    "miniwdl_aws_check_destination": True,
    "miniwdl_aws_select_queue": "gpu",
    "miniwdl_aws_localize": "/mnt/fsx/a",
    "miniwdl_aws_classify_failure": FailureVerdict(FailureClass.TOOL_ERROR, FailurePolicy.RETRY, "no seats"),
    "miniwdl_aws_job_changed": None,
    "miniwdl_aws_publish": PublishReport(1, 0, 10, 2, checks={"a": "md5"}),
    "miniwdl_aws_report_run": RunReport({"report.html": "<p>"}, totals={"calls": 1}),
    "miniwdl_aws_run_ended": None,
    "miniwdl_aws_fetch": FetchReport(1, 0, 10, ["a"]),
    "miniwdl_aws_follow_logs": [LogEvent(1, "line", "stream")],
}
"""An answer that each hook takes; a number of seconds may well be a whole one."""

HALF = {
    "miniwdl_aws_submit_options": ([SubmitOption("--site", "where", None)], "item 1: enter is None, not a function"),
    "miniwdl_aws_commands": ([Command("a", "b", print, "run")], "item 1: run is of type str, not a function"),
    "miniwdl_aws_preflight": ([Check("a", "ok", "b")], "item 1: state is of type str, not CheckState"),
    "miniwdl_aws_check_inputs": ([InputFinding("u", size="1")], "item 1: size is of type str, not a whole number"),
    "miniwdl_aws_stage": (StageResult({"/a": None}, 1, 1), "uris: the value of '/a' is None, not text"),
    "miniwdl_aws_mounts": ([Mount("a", "/a", "efs")], "item 1: volume is of type str, not a mapping"),
    "miniwdl_aws_prepare_job": (JobChanges(tags={"a": 1}), "tags: the value of 'a' is of type int, not text"),
    "miniwdl_aws_prepare_file_system": ("yes", "it is of type str, not True or False"),
    "miniwdl_aws_check_destination": (1, "it is of type int, not True or False"),
    "miniwdl_aws_select_queue": (["gpu"], "it is of type list, not text"),
    "miniwdl_aws_localize": (Path("/a"), "it is of type PosixPath, not text"),
    "miniwdl_aws_classify_failure": (FailureVerdict(FailureClass.TIMEOUT, "fail", "x"), "policy is of type str, not"),
    "miniwdl_aws_job_changed": ("heard", "it is of type str, not None"),
    "miniwdl_aws_publish": (PublishReport(True, 0, 0, 0.0), "uploaded is of type bool, not a whole number"),
    "miniwdl_aws_report_run": (RunReport({}, totals={"calls": "1"}), "totals: the value of 'calls' is of type str"),
    "miniwdl_aws_run_ended": ("heard", "it is of type str, not None"),
    "miniwdl_aws_fetch": (FetchReport(1, 0, 10, "a"), "differing is of type str, not a sequence"),
    "miniwdl_aws_follow_logs": ([LogEvent("now", "a", "b")], "timestamp is of type str, not a whole number"),
}
"""An answer of the right kind that has something wrong in it, and what is said of that."""


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


RAISED = {
    "an error": (ValueError("boom"), "ValueError: boom"),
    "an error of several lines that moves the cursor": (OSError("a\n\n\x1b[2Jb"), "OSError: a [2Jb"),
    "a long one": (KeyError("x" * 10_000), "KeyError: 'xxx"),
    "one without words": (TimeoutError(), "TimeoutError"),
    "one that can't be shown": (MuteError(), "MuteError"),
    "an exit": (SystemExit(3), "SystemExit: 3"),
    "the end of an iterator": (StopIteration(), "StopIteration"),
}


def manager_with(hook, behave, name="odd"):
    manager = create_manager([], {})
    arguments = ", ".join(set(inspect.signature(getattr(Specs, hook)).parameters) - {"self"})
    scope = {"behave": behave}
    exec(f"def {hook}({arguments}):\n    return behave()", scope)
    manager.register(SimpleNamespace(**{hook: hookimpl(scope[hook])}), name=name)
    return manager


def call(manager, hook):
    """Call a hook as its callers do, and read all of the answer."""
    function = getattr(manager.hook, hook)
    answer = function(**dict.fromkeys(set(inspect.signature(getattr(Specs, hook)).parameters) - {"self"}))
    return list(answer) if hook == "miniwdl_aws_follow_logs" and answer else answer


def met(hook, behave):
    """What a caller meets: the one sentence, its hint, and the exit code where it is one that ends a command."""
    heard = []
    manager = manager_with(hook, behave)
    if policy_of(getattr(Specs, hook)) in (stop, lose_contact):
        with pytest.raises(PluginError) as caught:
            call(manager, hook)
        error = caught.value
        assert error.exit_code == (75 if hook == "miniwdl_aws_follow_logs" else 64)
        return error.message, error.hint
    with telling(heard.append):
        answer = call(manager, hook)
    if hook == "miniwdl_aws_preflight":
        (((check,),),) = (answer,)
        assert (check.subject, check.state) == ("odd", CheckState.FAILED)
        return check.message, check.hint
    assert not answer
    (error,) = heard
    return error.message, error.hint


@pytest.mark.parametrize("hook", HOOKS)
def test_what_follows_an_error_is_as_specified(hook):
    assert policy_of(getattr(Specs, hook)) is POLICIES.get(hook, stop)


@pytest.mark.parametrize("hook", HOOKS)
def test_right_answers_pass(hook):
    answer = call(manager_with(hook, lambda: RIGHT[hook]), hook)
    assert answer if RIGHT[hook] is not None else not answer


@pytest.mark.parametrize("fault", RAISED)
@pytest.mark.parametrize("hook", HOOKS)
def test_what_a_plugin_raises_is_one_sentence(hook, fault):
    error, said = RAISED[fault]

    def behave():
        raise error

    message, hint = met(hook, behave)
    assert message.startswith(f"plugin odd failed in {hook}: {said}")
    assert message.isprintable()
    assert len(message) < 700
    assert "MINIWDL_AWS_DISABLE_PLUGINS=odd" in hint


@pytest.mark.parametrize("hook", HOOKS)
def test_an_answer_of_another_kind_is_one_sentence(hook):
    message, hint = met(hook, lambda: 3.5)
    assert message.startswith(f"plugin odd gave a wrong answer to {hook}: it is of type float, not ")
    assert "MINIWDL_AWS_DISABLE_PLUGINS=odd" in hint


@pytest.mark.parametrize("hook", HOOKS)
def test_half_of_an_answer_is_one_sentence(hook):
    answer, wrong = HALF[hook]
    message, _hint = met(hook, lambda: answer)
    assert message.startswith(f"plugin odd gave a wrong answer to {hook}: ")
    assert wrong in message


@pytest.mark.parametrize("hook", [hook for hook in HOOKS if isinstance(RIGHT[hook], list | tuple | Generator)])
def test_what_is_raised_while_an_answer_is_read_is_the_plugins(hook):
    def behave():
        yield 1 // 0

    assert met(hook, behave)[0].startswith(f"plugin odd failed in {hook}: ZeroDivisionError")


@pytest.mark.parametrize("hook", HOOKS)
def test_errors_that_a_user_can_act_on_pass_with_their_hint(hook):
    expected = ConfigurationError("no licence", hint="buy one")

    def behave():
        raise expected

    heard = []
    manager = manager_with(hook, behave)
    if policy_of(getattr(Specs, hook)) in (stop, lose_contact):
        with pytest.raises(MiniwdlAwsError) as caught:
            call(manager, hook)
        assert caught.value is expected
        assert caught.value.exit_code is ExitCode.USAGE
        return
    with telling(heard.append):
        answer = call(manager, hook)
    if hook == "miniwdl_aws_preflight":
        assert answer == [[Check("odd", CheckState.FAILED, "no licence", "buy one")]]
    else:
        assert [error.told for error in heard] == [f"plugin odd failed in {hook}: no licence (buy one)"]


@pytest.mark.parametrize("hook", HOOKS)
def test_ctrl_c_passes(hook):
    def behave():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(manager_with(hook, behave), hook)


def test_events_that_came_before_an_error_are_not_lost():
    def behave():
        yield LogEvent(1, "first", "s")
        raise ConnectionError("gone")

    events = manager_with("miniwdl_aws_follow_logs", behave).hook.miniwdl_aws_follow_logs(request=None)
    assert next(events).message == "first"
    with pytest.raises(PluginError, match="plugin odd failed in miniwdl_aws_follow_logs: ConnectionError: gone"):
        next(events)


def test_the_next_plugin_is_asked_after_one_that_only_is_told_of():
    manager = manager_with("miniwdl_aws_classify_failure", lambda: 7)
    right = RIGHT["miniwdl_aws_classify_failure"]
    manager.register(SimpleNamespace(miniwdl_aws_classify_failure=hookimpl(trylast=True)(lambda failure: right)))
    assert manager.hook.miniwdl_aws_classify_failure(failure=None) == right


def test_without_a_listener_it_is_logged(caplog):
    with caplog.at_level(logging.WARNING):
        call(manager_with("miniwdl_aws_commands", lambda: 1 // 0), "miniwdl_aws_commands")
    (record,) = caplog.records
    assert "plugin odd failed in miniwdl_aws_commands: ZeroDivisionError" in record.getMessage()
    assert record.exc_info is None


def test_a_trace_shows_where_it_was_raised(make_plugin, capsys):
    source = "from miniwdl_aws_hooks import hookimpl\n@hookimpl\ndef miniwdl_aws_mounts(context):\n    return 1 // 0\n"
    manager = create_manager([make_plugin("odd", source)], {"MINIWDL_AWS_TRACE_HOOKS": "1"})
    with pytest.raises(PluginError):
        manager.hook.miniwdl_aws_mounts(context=None)
    shown = capsys.readouterr().err
    assert "[hook]     return 1 // 0" in shown
    assert all(line.startswith("[hook] ") for line in shown.splitlines())


def test_the_guard_costs_a_help_text_nothing():
    code = "import sys, miniwdl_aws_hooks.manager; print(*(set(sys.modules) & {'dataclasses', 'logging', 'difflib'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "difflib" not in done.stdout
    assert "logging" not in done.stdout
