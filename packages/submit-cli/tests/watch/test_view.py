import pytest

from miniwdl_aws_submit_cli.watch.progress import Progress
from miniwdl_aws_submit_cli.watch.view import choose_view


@pytest.mark.parametrize(
    ("terminal", "term", "plain", "live"),
    [
        (True, "xterm", False, True),
        (True, "xterm", True, False),
        (False, "xterm", False, False),
        (True, "dumb", False, False),
    ],
)
def test_the_panel_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, term: str, plain: bool, live: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.setenv("TERM", term)
    view = choose_view("n", Progress(), lambda: 1, lambda _text: None, plain=plain)
    assert (type(view).__name__ == "LiveView") is live
