import pytest

from miniwdl_aws_hooks import ConfigurationError, MiniwdlAwsError, MissingPartError, PluginError
from miniwdl_aws_submit_cli.console import guarded
from miniwdl_aws_submit_cli.errors import LostContactError, RefusedError, WorkflowError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), 64),
        (WorkflowError("x"), 64),
        (MissingPartError("x"), 64),
        (PluginError("x"), 64),
        (RefusedError("x"), 69),
        (MiniwdlAwsError("x"), 69),
        (LostContactError("x"), 75),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(error: BaseException, code: int) -> None:
    def fail() -> int:
        raise error

    assert guarded("prog", fail) == code


def test_message_and_hint_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise ConfigurationError("it is wrong", hint="do this")

    guarded("prog", fail)
    assert capsys.readouterr() == ("", "prog: it is wrong\n  hint: do this\n")


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        guarded("prog", lambda: 1 // 0)
