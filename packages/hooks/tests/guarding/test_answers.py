"""Functions in the answers of plugins, with every fault that one may have, as whoever calls them meets it."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from miniwdl_aws_hooks import (
    Command,
    ConfigurationError,
    ExitCode,
    PluginError,
    SubmitEnvironment,
    SubmitOption,
    create_manager,
    hookimpl,
)
from miniwdl_aws_hooks.guarding.guard import telling


def answered(hook, *items):
    """The only item of what a plugin answers."""
    manager = create_manager([], {})
    manager.register(SimpleNamespace(**{hook: hookimpl(lambda: items)}), name="odd")
    ((item,),) = getattr(manager.hook, hook)()
    return item


def command(run=lambda _args: 0, configure=lambda _parser: None):
    return answered("miniwdl_aws_commands", Command("look", "help", configure, run, finds_runs=True))


def option(enter):
    return answered("miniwdl_aws_submit_options", SubmitOption("--site", "where", enter))


def raising(error):
    def function(*_args):
        raise error

    return function


@pytest.mark.parametrize("error", [ValueError("boom"), SystemExit(3), OSError(28, "No space left on device")])
def test_what_a_command_raises_is_one_sentence(error):
    said = rf"plugin odd failed in (run|configure) of miniwdl_aws_commands: {type(error).__name__}: "
    with pytest.raises(PluginError, match=said) as caught:
        command(raising(error)).run(None)
    assert "MINIWDL_AWS_DISABLE_PLUGINS=odd" in caught.value.hint
    assert caught.value.__cause__ is error
    with pytest.raises(PluginError, match=said):
        command(configure=raising(error)).configure(None)


@pytest.mark.parametrize("error", [ConfigurationError("no licence"), KeyboardInterrupt(), BrokenPipeError()])
def test_what_is_no_fault_of_a_command_passes(error):
    with pytest.raises(type(error)) as caught:
        command(raising(error)).run(None)
    assert caught.value is error


def test_a_command_gives_an_exit_code():
    assert command(lambda _args: ExitCode.FAILED).run(None) is ExitCode.FAILED
    for answer, wrong in ((None, "it is None"), ("0", "it is of type str"), (True, "it is of type bool")):
        with pytest.raises(PluginError, match=f"wrong answer to run of miniwdl_aws_commands: {wrong}, not a whole"):
            command(lambda _args, answer=answer: answer).run(None)


def test_all_else_of_an_answer_is_as_it_was():
    found = command(configure=lambda parser: parser.append(1))
    assert (found.name, found.help, found.finds_runs) == ("look", "help", True)
    words = []
    found.configure(words)
    assert words == [1]


def context(environment=None, leave=None):
    @contextmanager
    def enter(_args):
        yield environment or SubmitEnvironment({"A": "1"})
        if leave:
            raise leave

    return enter


def test_an_option_is_entered_and_left():
    with option(context()).enter(None) as found:
        assert found.environ == {"A": "1"}
        assert list(found.closing_lines()) == []


def test_what_the_caller_raises_within_passes_through_the_plugins_context():
    seen = []

    @contextmanager
    def enter(_args):
        try:
            yield SubmitEnvironment()
        except ZeroDivisionError as exc:
            seen.append(exc)
            raise

    heard = []
    with telling(heard.append), pytest.raises(ZeroDivisionError) as caught, option(enter).enter(None):
        raise ZeroDivisionError
    assert seen == [caught.value]
    assert heard == []


def test_a_context_may_raise_again_what_it_is_left_by():
    class Again:
        def __enter__(self):
            return SubmitEnvironment()

        def __exit__(self, _kind, error, _trace):
            raise error

    heard = []
    with telling(heard.append), pytest.raises(ZeroDivisionError), option(lambda _args: Again()).enter(None):
        raise ZeroDivisionError
    assert heard == []


@pytest.mark.parametrize(
    ("enter", "wrong"),
    [
        (raising(ValueError("boom")), "failed in enter of miniwdl_aws_submit_options: ValueError: boom"),
        (contextmanager(raising(ValueError("boom"))), "failed in enter of miniwdl_aws_submit_options: "),
        (lambda _args: None, "wrong answer to enter of miniwdl_aws_submit_options: it is None, not "),
        (context(SimpleNamespace(environ={})), "wrong answer to enter of miniwdl_aws_submit_options: it is of type S"),
        (context(SubmitEnvironment({"A": 1})), "enter of miniwdl_aws_submit_options: environ: the value of 'A' is"),
    ],
)
def test_an_option_that_cant_be_entered_is_one_sentence(enter, wrong):
    with pytest.raises(PluginError, match=wrong), option(enter).enter(None):
        pytest.fail("nothing goes on without it")


def test_what_goes_wrong_when_all_is_done_is_told():
    heard = []
    lines = SubmitEnvironment(closing_lines=raising(ValueError("boom")))
    with telling(heard.append), option(context(lines, leave=OSError("no way back"))).enter(None) as found:
        assert found.closing_lines() == ()
    assert [error.message for error in heard] == [
        "plugin odd failed in closing_lines of miniwdl_aws_submit_options: ValueError: boom",
        "plugin odd failed in enter of miniwdl_aws_submit_options: OSError: no way back",
    ]


def test_what_hides_an_error_of_the_caller_is_told_and_the_error_stays():
    @contextmanager
    def enter(_args):
        try:
            yield SubmitEnvironment()
        finally:
            raise OSError("no way back")

    heard = []
    with telling(heard.append), pytest.raises(ConfigurationError), option(enter).enter(None):
        raise ConfigurationError("not so")
    assert len(heard) == 1
