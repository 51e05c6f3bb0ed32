"""Inputs of a workflow that is checked here: read by miniwdl, and the files among them sorted by who can see them."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from WDL import Env, Error, Value

from miniwdl_aws_core.options.json_text import DEEPEST, is_too_deep
from miniwdl_aws_core.terminal import quoted
from miniwdl_aws_hooks.nearest import did_you_mean
from miniwdl_aws_hooks.types import RemoteInput, StageItem
from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.json_texts import mend
from miniwdl_aws_submit_cli.options.resolve import within
from miniwdl_aws_submit_cli.submit.fetching.addresses import URI, is_elsewhere
from miniwdl_aws_submit_cli.submit.inputs.paths import FILE_MEANT, check_path, refuse_folder_for_file
from miniwdl_aws_submit_cli.submit.miniwdl_cli import check_value, read_inputs
from miniwdl_aws_submit_cli.submit.workflow_errors import input_errors

if TYPE_CHECKING:
    from WDL.Env import Bindings
    from WDL.Tree import Document, Task, Workflow

    from miniwdl_aws_submit_cli.submit.fetching.sources import Sources
    from miniwdl_aws_submit_cli.submit.passthrough import RunArguments
    from miniwdl_aws_submit_cli.submit.source.source_archive import SourceArchive

__all__ = ["Inputs", "on_mount", "only_there", "read_there"]

_NO_SUCH_INPUT = re.compile(r"(?:No such input to \S+|unknown input/output): (\S+)$")
_FOLDER_FOR_FILE = re.compile(r"WDL\.Value\.File invalid path: (.*/) \(in (.+)\)$")


class Inputs:
    """Reads the inputs of a workflow."""

    def __init__(
        self,
        arguments: RunArguments,
        mount: str,
        target: Workflow | Task,
        archive: SourceArchive | None,
        sources: Sources,
    ) -> None:
        self.arguments = arguments
        self.mount = mount
        self.target = target
        self.archive = archive
        self._sources = sources
        self.input_file = arguments.input_file
        self.read_there = self.input_file is not None and read_there(self.input_file, mount)
        """Whether only the job can read the file of inputs."""
        self.local: dict[str, StageItem] = {}
        self.remote: dict[str, RemoteInput] = {}
        self.unseen: set[str] = set()
        """Paths that only the job can see."""

    def read(self, document: Document, *, complete: bool) -> Bindings[Value.Base]:
        """Check all inputs, and perhaps that none is missing; return them with absolute paths."""
        self._check_depth()
        self._check_words()
        own = self.archive if self.archive and self.archive.inputs and self.input_file is None else None
        named, file = self.input_file, None if self.read_there else self.input_file
        if own:
            named, file = own.named(own.inputs[0]), own.input_file
        with input_errors(self.arguments.uri, named), ExitStack() as stack:
            fetched = file is not None and is_elsewhere(file)
            if file and fetched:
                file = self._fetched(file, stack)
            try:
                env = read_inputs(
                    document,
                    self.arguments.inputs,
                    file,
                    self.arguments.empty,
                    self.arguments.none,
                    task=self.arguments.namespace.task,
                    check_required=complete and not self.read_there,
                )
            except Error.InputError as exc:
                self._explain(str(exc))
                raise
            for binding in env:
                mend(binding.value)
            if own and own.from_zip:
                self._check_foreign(env, self.arguments.uri)
            elif fetched:
                self._check_foreign(env, f"-i {named}")
            env = env.map(
                lambda binding: Env.Binding(
                    binding.name, Value.rewrite_paths(binding.value, lambda value: self._sort(value, binding.name))
                )
            )
        if self.read_there and self.local:
            raise WorkflowError(
                f"{next(iter(self.local))} lies on this machine, but -i {self.input_file} is read by the workflow job:"
                " inputs can't come from both",
                hint="put a copy of the inputs file on this machine, or of the input where the job can see it",
            )
        return env

    def _fetched(self, uri: str, stack: ExitStack) -> str:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="miniwdl-aws-submit-"))
        path = Path(folder, "inputs.json")
        path.write_text(self._sources.inputs(uri), encoding="utf-8")
        return str(path)

    def _explain(self, message: str) -> None:
        """
        Say more of a complaint of miniwdl's than it does.

        :raises WorkflowError: when there is more to say.
        """
        if found := _NO_SUCH_INPUT.search(message):
            names = [binding.name for binding in self.target.available_inputs]
            near = did_you_mean(found[1].removeprefix(f"{self.target.name}."), names)
            if near:
                raise WorkflowError(f"{self.target.name} has no input {found[1]}", hint=near)
        elif found := _FOLDER_FOR_FILE.search(message):
            raise WorkflowError(f"input {found[2]}: {found[1]} is a folder, and a File is meant", hint=FILE_MEANT)

    def notices(self) -> list[str]:
        """Say what was passed on unchecked."""
        found = []
        if self.read_there:
            found.append(f"-i {self.input_file} is read by the workflow job: it is not checked here")
        if self.unseen:
            names = sorted(self.unseen)
            others = f" and {len(names) - 1} more" if len(names) > 1 else ""
            found.append(f"input {names[0]}{others}: read by the job as named, not checked here")
        return found

    def _check_depth(self) -> None:
        """Refuse values that nest so deeply that reading them would take for ever, or end the process."""
        for word in self.arguments.inputs:
            if is_too_deep(word):
                raise WorkflowError(f"input {word.partition('=')[0]} is nested more than {DEEPEST} levels deep")
        file = self.input_file
        if file and not self.read_there and file != "-":
            inline = file.startswith("{")
            with input_errors(self.arguments.uri, file):
                elsewhere = is_elsewhere(file)
                text = file if inline else self._sources.inputs(file) if elsewhere else Path(file).read_text()
                too_deep = is_too_deep(text)
            if too_deep:
                named = quoted(file, 40) if inline else file
                raise WorkflowError(f"-i {named}: it is nested more than {DEEPEST} levels deep")

    def _check_words(self) -> None:
        """Name the input whose number is none, or whose file a folder: miniwdl's own message has only the value."""
        available = self.target.available_inputs
        for word in self.arguments.inputs:
            name, equals, text = word.partition("=")
            declaration = available.get(name)
            if equals and text and declaration:
                try:
                    check_value(text, declaration.type)
                except ValueError as exc:
                    raise WorkflowError(f"input {name} must be {declaration.type}, not {quoted(text)}") from exc
                except Error.InputError:
                    refuse_folder_for_file(name, text, declaration.type)
                    continue  # reported in miniwdl's words when all inputs are read

    def _check_foreign(self, env: Bindings[Value.Base], whose: str) -> None:
        """
        Refuse files of this machine that inputs from elsewhere ask for: tasks could send them to whoever made those.

        :param whose: what the inputs came with, as the user wrote it.
        """
        given = {word.partition("=")[0] for word in self.arguments.inputs}

        def check(value: Value.File | Value.Directory) -> str:
            given = str(value.value)
            path = given if URI.match(given) else os.path.abspath(given)  # noqa: PTH100 - as below
            if not self._seen_by_job(path):
                raise WorkflowError(
                    f"{whose} asks for {path!r}, which lies on this machine, by inputs of its own",
                    hint="if it is to have that, give the input yourself: NAME=PATH, or -i FILE",
                )
            return given

        Value.rewrite_env_paths(env.filter(lambda binding: binding.name not in given), check)

    def _seen_by_job(self, path: str) -> bool:
        return bool(URI.match(path)) or on_mount(path, self.mount)

    def _sort(self, value: Value.File | Value.Directory, name: str) -> str:
        given = str(value.value)
        directory = isinstance(value, Value.Directory)
        if URI.match(given):
            self.remote.setdefault(given, RemoteInput(given, name, directory))
            return given
        # Not resolve(): a symbolic link keeps the name that the user gave it.
        path = os.path.abspath(given)  # noqa: PTH100 - pathlib's absolute() leaves ".." in
        if on_mount(path, self.mount):
            if not Path(path).exists():
                self.unseen.add(path)
            return path
        check_path(name, given, path, directory=directory)
        self.local[path] = StageItem(path, directory)
        return path


def on_mount(path: str, mount: str) -> bool:
    """Whether a path lies on the shared file system."""
    return path.startswith("/") and within(path, mount)


def only_there(path: str, mount: str) -> bool:
    """Whether only the job can see a path."""
    return on_mount(path, mount) and not Path(path).exists()


def read_there(input_file: str, mount: str) -> bool:
    """Whether the workflow job is to read a file of inputs."""
    if input_file.startswith("{") or input_file == "-":
        return False
    return not is_elsewhere(input_file) and only_there(input_file, mount)
