"""
The pytest plugin: a request that AWS would refuse makes its test fail, with the rule's sentence.

A test that sends one on purpose says so, and which rule it breaks::

    @pytest.mark.sends_what_aws_refuses("batch-timeout", reason="waits for a second, not for a minute")
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from .recorder import Fault

MARKER = "sends_what_aws_refuses"
_RECORDER = pytest.StashKey[Any]()
_PERMISSIONS = pytest.StashKey[Any]()
_EXCUSED = pytest.StashKey[set[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARKER}(*rules, reason): sends requests that break rules of AWS, on purpose")
    # The session of miniwdl-aws-hooks has neither, and sends nothing.
    if find_spec("botocore") and find_spec("miniwdl_aws_core"):
        from .client import watch_clients
        from .recorder import Recorder
        from .roles import Permissions

        config.stash[_RECORDER] = recorder = Recorder()
        config.stash[_PERMISSIONS] = Permissions(recorder)
        watch_clients(recorder)


@pytest.fixture(scope="session")
def aws_requests(pytestconfig: pytest.Config) -> Any:
    """The recorder, for fakes that take the place of a client."""
    return pytestconfig.stash[_RECORDER]


def _watch_servers(config: pytest.Config) -> None:
    if _RECORDER in config.stash:
        from .server import watch_servers

        watch_servers(config.stash[_RECORDER], config.stash[_PERMISSIONS].check)


def pytest_collection_finish(session: pytest.Session) -> None:
    _watch_servers(session.config)


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_EXCUSED] = set()
    _watch_servers(item.config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    recorder = item.config.stash.get(_RECORDER, None)
    if recorder is None:
        return report
    wanted = {rule for mark in item.iter_markers(MARKER) for rule in mark.args}
    found = recorder.take()
    excused = item.stash.setdefault(_EXCUSED, set())
    excused |= wanted & {fault.rule for fault in found}
    text = _words([fault for fault in found if fault.rule not in wanted])
    if report.when == "call" and (stale := wanted - excused) and report.passed:
        text += f"\nmarked {MARKER}, and yet breaks no rule {', '.join(sorted(stale))}"
    if text:
        report.sections.append(("requests that AWS would refuse", text))
        if report.passed:
            report.outcome, report.longrepr = "failed", text.strip()
    return report


def _words(found: list[Fault]) -> str:
    return "\n".join(dict.fromkeys(fault.text for fault in found))


def pytest_sessionfinish(session: pytest.Session) -> None:
    recorder = session.config.stash.get(_RECORDER, None)
    output = getattr(session.config, "workeroutput", None)
    if recorder is not None and output is not None:
        output["aws_requests"] = recorder.summary.plain()
    elif recorder is not None and _complaints(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _complaints(config: pytest.Config) -> list[str]:
    """What is wrong with the table of permissions: to be known after a run of all of ``tests``, and then only."""
    whole = config.args == ["tests"] and not config.option.keyword and not config.option.collectonly
    used = set(config.stash[_RECORDER].summary.actions)
    return config.stash[_PERMISSIONS].complaints(used) if whole else []


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    sent = getattr(node, "workeroutput", {}).get("aws_requests")
    if sent:
        node.config.stash[_RECORDER].summary.add(sent)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    recorder = config.stash.get(_RECORDER, None)
    if recorder is not None and recorder.summary.requests:
        for line in recorder.summary.lines():
            terminalreporter.write_line(line)
        for line in _complaints(config):
            terminalreporter.write_line(line, red=True)
