"""
Uploads the outputs of finished calls while the rest of the workflow runs: ``miniwdl-run-s3upload --upload-as-you-go``.

Plugged into miniwdl's tasks and workflows, in the process of ``miniwdl run``. Nothing depends on it: the upload at the
end looks at everything and skips what is there and equal. What can't be sent early is a warning, and waits for it.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from WDL import Tree

from miniwdl_aws_core.aws.surprises import in_words
from miniwdl_aws_core.options.loader import LoaderSettings
from miniwdl_aws_core.options.shared import EXPORT
from miniwdl_aws_core.publish_options import ENV_PUBLISH, decode, run_folder
from miniwdl_aws_core.wdl_log import message
from miniwdl_aws_hooks import PublishRequest
from miniwdl_aws_s3_rails.inside_miniwdl.layout import read_layout
from miniwdl_aws_s3_rails.inside_miniwdl.routes import find_routes, indices_of, split_call_id
from miniwdl_aws_s3_rails.inside_miniwdl.termination import stopped_on_termination
from miniwdl_aws_s3_rails.products.boundary import collect_outputs
from miniwdl_aws_s3_rails.products.publisher_plugins import publish_by_plugin
from miniwdl_aws_s3_rails.transfer.engine import STOP_GRACE, engine_for

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Generator, Iterable, Mapping

    from WDL.runtime.config import Loader

    from miniwdl_aws_hooks import PublishOptions, PublishReport
    from miniwdl_aws_s3_rails.inside_miniwdl.routes import Route
    from miniwdl_aws_s3_rails.products.finished_run import Layout

__all__ = ["EarlyUploads", "upload_as_you_go"]

SENDERS = 2
"""Groups of files under way at once, so that one large file does not hold up all that come after it."""

_runs: dict[str, EarlyUploads] = {}
"""By directory of the top-level run: its calls meet it here."""


def upload_as_you_go(
    cfg: Loader,
    logger: logging.Logger,
    run_id_stack: list[str],
    run_dir: str,
    target: Tree.Task | Tree.Workflow,
    **recv: Any,
) -> Generator[dict[str, Any], dict[str, Any], None]:
    """Plug into miniwdl's tasks and workflows: nothing that passes changes."""
    top = len(run_id_stack) == 1
    run_path = os.path.normpath(run_dir)
    if top and isinstance(target, Tree.Workflow) and (options := os.environ.get(ENV_PUBLISH)):
        yield from _top_level(cfg, logger, Path(run_path), decode(options), target, recv)
        return
    uploads = _runs.get(os.path.dirname(run_path)) if len(run_id_stack) == 2 else None  # noqa: PTH120
    while True:
        recv = yield recv
        if uploads and "outputs" in recv:
            uploads.call_finished(run_id_stack[-1], Path(run_path))


def _top_level(
    cfg: Loader,
    logger: logging.Logger,
    run_dir: Path,
    options: PublishOptions,
    workflow: Tree.Workflow,
    recv: dict[str, Any],
) -> Generator[dict[str, Any], dict[str, Any], None]:
    settings = LoaderSettings(cfg)
    layout = read_layout(settings)
    destination = run_folder(options.destination or "", run_dir.name)
    obstacle = _obstacle(options, layout)
    if obstacle:
        logger.warning(message("nothing is uploaded early", reason=obstacle))
        while True:
            recv = yield recv

    def publish(files: Mapping[str, str]) -> PublishReport:
        return publish_by_plugin(PublishRequest(str(run_dir), destination, files, settings, options))

    def products(call_dir: Path) -> Mapping[str, Path]:
        return collect_outputs(call_dir, layout.root, hardlinks=layout.output_hardlinks).files

    uploads = EarlyUploads(find_routes(workflow), products, publish, logger)
    stop = engine_for(settings).stop
    _runs[str(run_dir)] = uploads
    try:
        while "outputs" not in recv:
            recv = yield recv
        with stopped_on_termination(logger, stop):
            uploads.finish()
        while True:
            recv = yield recv
    except Exception:
        # The run has failed or was stopped: nobody waits for this process any longer than it must last.
        stop()
        raise
    finally:
        del _runs[str(run_dir)]
        uploads.finish(timeout=STOP_GRACE)


def _obstacle(options: PublishOptions, layout: Layout) -> str | None:
    if layout.use_relative_output_paths:
        return "use_relative_output_paths decides on names at the end only"
    if options.publisher == EXPORT:
        return "FSx exports results when all are there"
    if not options.overwrite:
        # Where ETags tell nothing (SSE-KMS), the upload at the end could not tell our own objects from others'.
        return "--no-overwrite protects what is there when the run ends"
    return None


@dataclass
class EarlyUploads:
    """What a run's finished calls have to be uploaded, and the threads that do it."""

    routes: Mapping[str, Iterable[Route]]
    """By name of the call."""
    products: Callable[[Path], Mapping[str, Path]]
    """Finds the output files of a call in its run directory, by their name in its ``out/``."""
    publish: Callable[[Mapping[str, str]], PublishReport]
    logger: logging.Logger
    _queue: deque[tuple[str, Path]] = field(default_factory=deque)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _threads: list[threading.Thread] = field(default_factory=list)
    _idle: int = 0
    _finished: bool = False

    def call_finished(self, run_id: str, run_dir: Path) -> None:
        """Note that a call has ended well. Returns at once."""
        name, _ = split_call_id(run_id)
        if name not in self.routes:
            return
        with self._changed:
            self._queue.append((run_id, run_dir))
            if not self._idle and len(self._threads) < SENDERS:
                thread = threading.Thread(target=self._work, name="s3-rails-early", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def finish(self, timeout: float | None = None) -> None:
        """Let what is under way come to its end; what has not begun is left to the upload of the whole run."""
        with self._changed:
            self._finished = True
            self._queue.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout)

    def _work(self) -> None:
        while calls := self._next():
            files: dict[str, str] = {}
            for run_id, run_dir in calls:
                files.update(self._destined(run_id, run_dir))
            if files:
                self._send(files)

    def _next(self) -> list[tuple[str, Path]]:
        """Wait for calls, and take all that are there; none when it is over."""
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._queue or self._finished)
            self._idle -= 1
            calls = list(self._queue)
            self._queue.clear()
            return calls

    def _destined(self, run_id: str, run_dir: Path) -> dict[str, str]:
        """Find a call's files that the workflow makes outputs of its own, by their name under the upload folder."""
        name, suffixes = split_call_id(run_id)
        files = {}
        try:
            products = self.products(run_dir)
        except Exception as exc:  # noqa: BLE001 - as in _send: the thread must not end for one call
            self.logger.warning(message("outputs of a call are not uploaded early", call=run_id, error=in_words(exc)))
            return {}
        for route in self.routes[name]:
            indices = indices_of(suffixes, route.depth)
            if indices is None:
                continue
            for product, path in products.items():
                output, slash, rest = product.partition("/")
                if output == route.call_output and slash:
                    files["/".join((route.workflow_output, *indices, rest))] = str(path)
        return files

    def _send(self, files: Mapping[str, str]) -> None:
        try:
            report = self.publish(files)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the run must not suffer: the upload at the end tells
            self.logger.warning(message("outputs are not uploaded early", files=len(files), error=in_words(exc)))
            return
        for name, reason in report.failed.items():
            self.logger.warning(message("output is not uploaded early", output=name, error=reason))
        self.logger.info(message("uploaded outputs early", files=report.uploaded, bytes=report.size))
