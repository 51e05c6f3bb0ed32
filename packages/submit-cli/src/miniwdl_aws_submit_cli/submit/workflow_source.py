"""
What is to run: a WDL checked here with miniwdl, or one that only the workflow job can see.

Whatever lies on this machine is found and named, so that it can be staged. Whatever only the job can see, URIs and
paths under the mount, is passed on as it stands, and the user is told.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from WDL import Env, Error, Value, load, values_to_json
from WDL.Tree import Workflow

from miniwdl_aws_hooks.protocol import PAYLOAD_PLACEHOLDER
from miniwdl_aws_hooks.types import RemoteInput, StageItem
from miniwdl_aws_submit_cli.errors import WorkflowError
from miniwdl_aws_submit_cli.options.resolve import within
from miniwdl_aws_submit_cli.submit.miniwdl_cli import check_value, find_target, read_inputs, source_reader
from miniwdl_aws_submit_cli.submit.passthrough import INPUT_OPTIONS, WORKFLOW_OPTIONS, RunArguments
from miniwdl_aws_submit_cli.submit.payload import Payload, archive_document
from miniwdl_aws_submit_cli.submit.source_archive import is_archive, open_archive
from miniwdl_aws_submit_cli.submit.workflow_errors import input_errors, wdl_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import ExitStack

    from WDL.Env import Bindings
    from WDL.Tree import Document, Task

    from miniwdl_aws_submit_cli.submit.source_archive import SourceArchive

__all__ = ["Checked", "RunSource", "read_source", "self_test_source"]

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True)
class RunSource:
    """Everything about a run that has nothing to do with AWS."""

    name: str
    """What the run is called when nobody names it."""
    arguments: tuple[str, ...]
    """For ``miniwdl run`` inside the workflow job; the placeholder stands for the payload."""
    build: Callable[[Mapping[str, str]], Payload | None]
    """Makes the payload, once it is known under which URI each local file is staged; needs the stack to be open."""
    local_files: tuple[StageItem, ...] = ()
    """Inputs that lie on this machine."""
    remote_inputs: tuple[RemoteInput, ...] = ()
    """Inputs that are named by URI, as far as they are known here."""
    notices: tuple[str, ...] = ()
    """What the user should know was not checked."""
    uploads: bool = True
    """Whether the run has products to upload."""
    checked: Checked | None = None
    """The workflow itself; ``None`` where only the workflow job can see it."""


@dataclass(frozen=True)
class Checked:
    """A workflow or task that was read here, and the inputs that are known here."""

    target: Workflow | Task
    inputs: Bindings[Value.Base]


def read_source(arguments: RunArguments, mount: str, stack: ExitStack, *, complete: bool = True) -> RunSource:
    """
    Read and check what is to run.

    :param complete: whether all required inputs must be there.
    :param stack: closed by the caller when the payload is built; the copy of a source archive lasts until then.
    :raises WorkflowError: when the WDL or an input is wrong, in one sentence.
    """
    # miniwdl's own entry does the same: its parser and type checker recurse as deep as the WDL nests.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 1_000_000))
    uri = arguments.uri
    if _URI.match(uri) and not uri.startswith(("http://", "https://")):
        raise WorkflowError(
            f"miniwdl reads WDL from files and http(s) URLs, not from {uri}",
            hint="copy it here first, with its imports",
        )
    if _URI.match(uri) or _only_there(uri, mount):
        return _unchecked(arguments, mount)
    return _checked(arguments, mount, stack, complete=complete)


def self_test_source() -> RunSource:
    """Miniwdl's own self test, which brings its workflow along."""
    return RunSource("miniwdl-self-test", ("--self-test",), lambda _uris: None, uploads=False)


def _unchecked(arguments: RunArguments, mount: str) -> RunSource:
    """Pass on a WDL that only the job can see, with inputs whose types are therefore unknown."""
    name = PurePosixPath(arguments.uri).name.removesuffix(".zip").removesuffix(".wdl")
    notices = [f"{arguments.uri} is read by the workflow job: neither it nor its inputs are checked here"]
    words = [arguments.uri, *arguments.inputs]
    if arguments.input_file is None or _read_there(arguments.input_file, mount):
        return RunSource(name, (*words, *arguments.options()), lambda _uris: None, notices=tuple(notices))
    with input_errors(arguments.uri, arguments.input_file):
        text = _input_text(arguments.input_file)
        if not isinstance(json.loads(text), dict):
            raise Error.InputError(f"-i {arguments.input_file}: expected a JSON object")
    notices.append("files that the inputs name must be URIs, or lie on the shared file system")
    payload = Payload(f"{name}.inputs.json", text.encode())
    return RunSource(
        name,
        (*words, "--input", PAYLOAD_PLACEHOLDER, *arguments.options({"input_file"})),
        lambda _uris: payload,
        notices=tuple(notices),
    )


def _checked(arguments: RunArguments, mount: str, stack: ExitStack, *, complete: bool) -> RunSource:
    uri = arguments.uri
    with wdl_errors(uri):
        archive = stack.enter_context(open_archive(uri)) if is_archive(uri) else None
        main_wdl = str(Path(uri, archive.main_wdl)) if archive else uri
        document = load(
            main_wdl,
            path=arguments.namespace.path or [],
            check_quant=arguments.namespace.check_quant,
            read_source=source_reader(
                arguments.namespace.no_outside_imports, archive, lambda path: _on_mount(path, mount)
            ),
        )
        target = find_target(document, arguments.namespace.task)
    inputs = _Inputs(arguments, mount, target, archive)
    env = inputs.read(document, complete=complete)
    zip_name = f"{PurePosixPath(main_wdl).name}.zip"

    def build(uris: Mapping[str, str]) -> Payload:
        values = (
            {}
            if inputs.read_there
            else _to_json(Value.rewrite_env_paths(env, lambda v: uris.get(v.value, v.value)), target)
        )
        data = archive.pack(values, zip_name) if archive else archive_document(document, values, zip_name)
        return Payload(zip_name, data)

    if inputs.read_there:
        words = [PAYLOAD_PLACEHOLDER, *arguments.inputs, *arguments.options(WORKFLOW_OPTIONS)]
    else:
        words = [PAYLOAD_PLACEHOLDER, *arguments.options(WORKFLOW_OPTIONS | INPUT_OPTIONS)]
    return RunSource(
        target.name,
        tuple(words),
        build,
        tuple(inputs.local.values()),
        tuple(inputs.remote.values()),
        tuple(inputs.notices()),
        checked=Checked(target, env),
    )


class _Inputs:
    """Reads the inputs of a checked workflow, and sorts the files among them by who can see them."""

    def __init__(
        self, arguments: RunArguments, mount: str, target: Workflow | Task, archive: SourceArchive | None
    ) -> None:
        self.arguments = arguments
        self.mount = mount
        self.target = target
        self.archive = archive
        self.input_file = arguments.input_file
        self.read_there = self.input_file is not None and _read_there(self.input_file, mount)
        """Whether only the job can read the file of inputs."""
        self.local: dict[str, StageItem] = {}
        self.remote: dict[str, RemoteInput] = {}
        self.unseen: set[str] = set()
        """Paths that only the job can see."""

    def read(self, document: Document, *, complete: bool) -> Bindings[Value.Base]:
        """Check all inputs, and perhaps that none is missing; return them with absolute paths."""
        self._check_words()
        own = self.archive if self.archive and self.archive.inputs and self.input_file is None else None
        named, file = self.input_file, None if self.read_there else self.input_file
        if own:
            named, file = str(Path(own.uri, own.inputs[0])), own.input_file
        with input_errors(self.arguments.uri, named):
            env = read_inputs(
                document,
                self.arguments.inputs,
                file,
                self.arguments.empty,
                self.arguments.none,
                task=self.arguments.namespace.task,
                check_required=complete and not self.read_there,
                seen_by_job=self._seen_by_job,
            )
            if own and own.from_zip:
                self._check_zipped(env)
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

    def _check_words(self) -> None:
        """Name the input whose number is none: miniwdl's own message has only the value."""
        available = self.target.available_inputs
        for word in self.arguments.inputs:
            name, equals, text = word.partition("=")
            declaration = available.get(name)
            if equals and text and declaration:
                try:
                    check_value(text, declaration.type)
                except ValueError as exc:
                    raise WorkflowError(f"input {name} must be {declaration.type}, not {text!r}") from exc
                except Error.InputError:
                    continue  # reported in miniwdl's words when all inputs are read

    def _check_zipped(self, env: Bindings[Value.Base]) -> None:
        """Refuse files of this machine that a zip asks for: tasks could send them to whoever made it."""
        given = {word.partition("=")[0] for word in self.arguments.inputs}

        def check(value: Value.File | Value.Directory) -> str:
            path = str(value.value)
            if not self._seen_by_job(path):
                raise WorkflowError(
                    f"{self.arguments.uri} asks for {path!r}, which lies on this machine, by inputs of its own",
                    hint="if it is to have that, give the input yourself: NAME=PATH, or -i FILE",
                )
            return path

        Value.rewrite_env_paths(env.filter(lambda binding: binding.name not in given), check)

    def _seen_by_job(self, path: str) -> bool:
        return bool(_URI.match(path)) or _on_mount(path, self.mount)

    def _sort(self, value: Value.File | Value.Directory, name: str) -> str:
        given = str(value.value)
        directory = isinstance(value, Value.Directory)
        if _URI.match(given):
            self.remote.setdefault(given, RemoteInput(given, name, directory))
            return given
        # Not resolve(): a symbolic link keeps the name that the user gave it.
        path = os.path.abspath(given)  # noqa: PTH100 - pathlib's absolute() leaves ".." in
        if _on_mount(path, self.mount):
            if not Path(path).exists():
                self.unseen.add(path)
            return path
        if not (Path(path).is_dir() if directory else Path(path).is_file()):
            raise Error.InputError(f"{'Directory' if directory else 'File'} not found: {given}")
        if not os.access(path, os.R_OK | (os.X_OK if directory else 0)):
            raise Error.InputError(f"{'Directory' if directory else 'File'} can't be read: {given}")
        self.local[path] = StageItem(path, directory)
        return path


def _to_json(env: Bindings[Value.Base], target: Workflow | Task) -> dict[str, Any]:
    return dict(values_to_json(env, namespace=target.name if isinstance(target, Workflow) else ""))


def _on_mount(path: str, mount: str) -> bool:
    return path.startswith("/") and within(path, mount)


def _only_there(path: str, mount: str) -> bool:
    return _on_mount(path, mount) and not Path(path).exists()


def _read_there(input_file: str, mount: str) -> bool:
    """Whether the workflow job is to read a file of inputs."""
    if input_file.startswith("{") or input_file == "-":
        return False
    if _URI.match(input_file) and not input_file.startswith(("http://", "https://")):
        raise WorkflowError(
            f"miniwdl reads inputs from files and http(s) URLs, not from {input_file}", hint="copy the file here first"
        )
    return bool(_URI.match(input_file)) or _only_there(input_file, mount)


def _input_text(input_file: str) -> str:
    if input_file.startswith("{"):
        return input_file
    return sys.stdin.read() if input_file == "-" else Path(input_file).read_text()
