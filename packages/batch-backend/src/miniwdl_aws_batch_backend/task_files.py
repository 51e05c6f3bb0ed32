"""Where miniwdl finds the files of a task: each job has a work directory of its own, on the shared file system."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import WDL
from WDL.runtime.error import OutputError
from WDL.runtime.task_container import TaskContainer

from miniwdl_aws_batch_backend.names import task_name
from miniwdl_aws_batch_backend.process.adoption.recovery import take_over
from miniwdl_aws_batch_backend.workdir.handover import take_back
from miniwdl_aws_batch_backend.workdir.paths import JobPaths, leads_to_input, lies_within, rebase
from miniwdl_aws_batch_backend.workdir.taskdir import first_free
from miniwdl_aws_core.wdl_log import message

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator

    from miniwdl_aws_batch_backend.process.adoption.journal import Entry
    from miniwdl_aws_batch_backend.workdir.handover import Place

__all__ = ["TaskFiles"]


def _above(path: str) -> str:
    return path.rstrip("/").rpartition("/")[0]


class TaskFiles(TaskContainer):
    """The files of one task call, as miniwdl asks its container backend for them."""

    def __init__(self, cfg: WDL.runtime.config.Loader, run_id: str, host_dir: str) -> None:
        """Make the first work directory."""
        self._paths = first_free(host_dir)
        self._place: Place | None = None
        """Of the current job, from its submission on."""
        self._adopted: Entry | None = None
        """The current job, when a run submitted it that was killed since."""
        super().__init__(cfg, run_id, host_dir)
        # Jobs have the file system where this process has it.
        self.container_dir = host_dir
        self._task = task_name(host_dir, run_id)
        self._copies_inputs = False
        self._beside_files: dict[str, str] = {}
        """Input Directories by the places of links to them."""

    def host_work_dir(self) -> str:
        """Work directory of the current job."""
        return self._paths.work

    def host_stdout_txt(self) -> str:
        """Standard output of the current job."""
        return self._paths.stdout

    def host_stderr_txt(self) -> str:
        """Standard error of the current job."""
        return self._paths.stderr

    def host_path(self, container_path: str, inputs_only: bool = False) -> str | None:
        """Accept absolute paths in the current work directory, and links there to inputs; the base class does not."""
        # To the base class each job's work directory is the first one's.
        rebased = (rebase(container_path, work, self._first_work) for work in self._works())
        path = next(filter(None, rebased), container_path)
        try:
            return super().host_path(path, inputs_only)
        except OutputError:
            place = f"{self._paths.work}/{path.removeprefix(f'{self._first_work}/')}"
            if inputs_only or not leads_to_input(place, self.input_path_map):
                raise
            return place

    def _works(self) -> Iterator[str]:
        """Paths by which the current job knows its work directory."""
        yield self._paths.work
        if self._place:
            yield self._place.paths.work
        if self._adopted:
            yield JobPaths(self._adopted.task_dir, self._adopted.number).work

    @property
    def _first_work(self) -> str:
        return f"{self.container_dir}/work"

    def add_paths(self, host_paths: Iterable[str]) -> None:
        """
        Let the task see its input Directories where they are: ``find`` and ``tar`` don't follow a link to one.

        Where the base class has one beside Files of the same folder, a link to it is left there.
        """
        super().add_paths(host_paths)
        if self._will_copy_inputs():
            return
        files = {
            (_above(host_path), _above(container_path))
            for host_path, container_path in self.input_path_map.items()
            if not host_path.endswith("/")
        }
        for host_path, container_path in list(self.input_path_map.items()):
            if host_path.endswith("/") and container_path.startswith(f"{self.container_dir}/"):
                place = os.path.realpath(host_path) + "/"
                if (_above(host_path), _above(container_path)) in files:
                    self._beside_files[container_path.rstrip("/")] = place
                del self.input_path_map_rev[container_path]
                self.input_path_map[host_path] = place
                self.input_path_map_rev[place] = host_path

    def _input_host_path(self, container_path: str) -> tuple[bool, str | None]:
        """Find what lies in an input Directory, however near the root of the file system that is."""
        found: tuple[bool, str | None] = super()._input_host_path(container_path)
        if found[0]:
            return found
        for place, host_path in self.input_path_map_rev.items():
            if place.endswith("/") and container_path.startswith(place):
                if not lies_within(container_path, place):
                    raise WDL.Error.InputError(
                        f"task inputs attempted to use a path outside its inputs: {container_path}"
                    )
                return True, host_path + container_path[len(place) :]
        return found

    def _will_copy_inputs(self) -> bool:
        return self.cfg.get_bool("file_io", "copy_input_files") or self._task in self.cfg.get_list(
            "file_io", "copy_input_files_for"
        )

    def copy_input_files(self, logger: logging.Logger) -> None:
        """Give this try, and all later ones, copies of the inputs in place of links."""
        self._copies_inputs = True
        super().copy_input_files(logger)

    def _next_directory(self) -> None:
        self._paths = first_free(self.host_dir, self._paths.number + 1)
        self._place = self._adopted = None
        Path(self._paths.work).mkdir(parents=True)

    def _bring_home(self, logger: logging.Logger) -> None:
        """Have what the job made where all else of its task is; also when it has not ended, and nobody waits for it."""
        if not Path(self._paths.work).is_symlink() or self._place is None:
            return
        try:
            if self._adopted:
                take_over(self._adopted, self._paths)
            else:
                take_back(self._place, self._paths)
        except OSError as exc:
            logger.warning(
                message("results stay where the job has left them", dir=self._place.paths.task_dir, error=str(exc))
            )
