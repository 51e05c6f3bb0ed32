"""
What is to run: a WDL checked here with miniwdl, or one that only the workflow job can see.

Whatever lies on this machine is found and named, so that it can be staged. A WDL or a file of inputs that is named by
URI is fetched, and travels as it came. Whatever only the job can see, files that inputs name by URI and paths under the
mount, is passed on as it stands, and the user is told.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from WDL import Error, Value, load, values_to_json
from WDL.Tree import Workflow

from miniwdl_aws_core.options.json_text import read_json
from miniwdl_aws_hooks.protocol import PAYLOAD_PLACEHOLDER
from miniwdl_aws_submit_cli.json_texts import readable_json
from miniwdl_aws_submit_cli.submit.fetching.addresses import is_elsewhere
from miniwdl_aws_submit_cli.submit.fetching.sources import Sources
from miniwdl_aws_submit_cli.submit.inputs.defaults import named_by_wdl
from miniwdl_aws_submit_cli.submit.inputs.read import Inputs, on_mount, only_there, read_there
from miniwdl_aws_submit_cli.submit.miniwdl_cli import find_target, source_reader
from miniwdl_aws_submit_cli.submit.passthrough import INPUT_OPTIONS, WORKFLOW_OPTIONS, RunArguments
from miniwdl_aws_submit_cli.submit.payload import Payload, archive_document
from miniwdl_aws_submit_cli.submit.source.source_archive import is_archive, open_archive
from miniwdl_aws_submit_cli.submit.source.source_files import find_source_files
from miniwdl_aws_submit_cli.submit.workflow_errors import input_errors, wdl_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import ExitStack

    from WDL.Env import Bindings
    from WDL.Tree import Document, Task

    from miniwdl_aws_hooks.types import RemoteInput, StageItem
    from miniwdl_aws_submit_cli.submit.source.source_archive import SourceArchive

__all__ = ["Checked", "Loaded", "RunSource", "load_workflow", "read_source", "self_test_source", "with_inputs"]

RECURSION_LIMIT = 30_000
"""Levels: a sum of 8,000 terms takes as many; with 100,000, a stack of 8 MiB is full."""


@dataclass(frozen=True)
class RunSource:
    """Everything about a run that has nothing to do with AWS."""

    name: str
    """What the run is called when nobody names it."""
    arguments: tuple[str, ...]
    """For ``miniwdl run`` inside the workflow job; placeholders stand for the payload and for ``task_env``."""
    build: Callable[[Mapping[str, str]], Payload | None]
    """Makes the payload, once it is known under which URI each local file is staged; needs the stack to be open."""
    task_env: Mapping[str, str | None] = field(default_factory=dict)
    """What ``--env`` gives to tasks; nobody is to read it in the job's description."""
    local_files: tuple[StageItem, ...] = ()
    """Inputs that lie on this machine."""
    remote_inputs: tuple[RemoteInput, ...] = ()
    """Files that inputs, and the WDL itself, name by URI, as far as they are known here."""
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


@dataclass(frozen=True)
class Loaded:
    """A WDL that was read and type-checked here: enough for any number of runs with other inputs."""

    document: Document
    target: Workflow | Task
    archive: SourceArchive | None
    main_wdl: str
    """Path of the WDL, or what stands for it inside an archive."""
    beside: tuple[str, ...]
    """Paths of files that the WDL names by itself."""


def read_source(arguments: RunArguments, mount: str, stack: ExitStack, *, complete: bool = True) -> RunSource:
    """
    Read and check what is to run.

    :param complete: whether all required inputs must be there.
    :param stack: closed by the caller when the payload is built; the copy of a source archive lasts until then.
    :raises WorkflowError: when the WDL or an input is wrong, in one sentence.
    """
    sources = Sources()
    loaded = load_workflow(arguments, mount, stack, sources)
    return with_inputs(loaded, arguments, mount, sources, complete=complete)


def load_workflow(arguments: RunArguments, mount: str, stack: ExitStack, sources: Sources) -> Loaded | None:
    """
    Read and check a WDL, without inputs.

    :param stack: as of :func:`read_source`.
    :param sources: reads what lies elsewhere.
    :return: ``None`` when only the workflow job can see it.
    :raises WorkflowError: when it is wrong.
    """
    # miniwdl's parser and type checker recurse as deep as the WDL nests, and its own entry allows for a million levels.
    # Long before, the stack is full, and the process ends without a word.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION_LIMIT))
    return None if only_there(arguments.uri, mount) else _load(arguments, mount, stack, sources)


def self_test_source(options: Sequence[str] = ()) -> RunSource:
    """
    Miniwdl's own self test, which brings its workflow along.

    :param options: of ``miniwdl run_self_test``.
    """
    return RunSource("miniwdl-self-test", ("--self-test", *options), lambda _uris: None, uploads=False)


def _unchecked(arguments: RunArguments, mount: str, sources: Sources) -> RunSource:
    """Pass on a WDL that only the job can see, with inputs whose types are therefore unknown."""
    name = PurePosixPath(arguments.uri).name.removesuffix(".zip").removesuffix(".wdl")
    notices = [f"{arguments.uri} is read by the workflow job: neither it nor its inputs are checked here"]
    words = [arguments.uri, *arguments.inputs]
    if arguments.input_file is None or read_there(arguments.input_file, mount):
        return RunSource(
            name, (*words, *arguments.options()), lambda _uris: None, arguments.task_env, notices=tuple(notices)
        )
    with input_errors(arguments.uri, arguments.input_file):
        text = _input_text(arguments.input_file, sources)
        if not isinstance(values := read_json(text), dict):
            raise Error.InputError(f"-i {arguments.input_file}: expected a JSON object")
    notices.append("files that the inputs name must be URIs, or lie on the shared file system")
    payload = Payload(f"{name}.inputs.json", readable_json(values).encode())
    return RunSource(
        name,
        (*words, "--input", PAYLOAD_PLACEHOLDER, *arguments.options({"input_file"})),
        lambda _uris: payload,
        arguments.task_env,
        notices=tuple(notices),
    )


def _load(arguments: RunArguments, mount: str, stack: ExitStack, sources: Sources) -> Loaded:
    uri = arguments.uri
    with wdl_errors(uri):
        main_wdl = sources.main_wdl(uri)
        archive = _opened(uri, stack, sources) if main_wdl == uri and is_archive(uri) else None
        if archive:
            main_wdl = archive.named(archive.main_wdl)
        document = load(
            main_wdl,
            path=arguments.namespace.path or [],
            check_quant=arguments.namespace.check_quant,
            read_source=source_reader(
                arguments.namespace.no_outside_imports, archive, lambda path: on_mount(path, mount), sources
            ),
        )
        target = find_target(document, arguments.namespace.task)
        beside = [] if archive or is_elsewhere(uri) else find_source_files(document)
    return Loaded(document, target, archive, main_wdl, tuple(beside))


def _opened(uri: str, stack: ExitStack, sources: Sources) -> SourceArchive:
    path = uri
    if is_elsewhere(uri):
        path = sources.zip(uri, stack.enter_context(tempfile.TemporaryDirectory(prefix="miniwdl-aws-submit-")))
    return stack.enter_context(open_archive(uri, path))


def with_inputs(
    loaded: Loaded | None, arguments: RunArguments, mount: str, sources: Sources, *, complete: bool = True
) -> RunSource:
    """
    Read and check the inputs of a run.

    :param loaded: the WDL of the arguments; ``None`` when only the workflow job can see it.
    :param sources: reads what lies elsewhere.
    :param complete: whether all required inputs must be there.
    :raises WorkflowError: when one is wrong.
    """
    if loaded is None:
        return _unchecked(arguments, mount, sources)
    uri, document, target, archive = arguments.uri, loaded.document, loaded.target, loaded.archive
    inputs = Inputs(arguments, mount, target, archive, sources)
    env = inputs.read(document, complete=complete)
    zip_name = f"{PurePosixPath(loaded.main_wdl).name}.zip"

    def build(uris: Mapping[str, str]) -> Payload:
        values = (
            {}
            if inputs.read_there
            else _to_json(Value.rewrite_env_paths(env, lambda v: uris.get(v.value, v.value)), target)
        )
        if archive:
            return Payload(zip_name, archive.pack(values, zip_name))
        with wdl_errors(uri):
            return Payload(zip_name, archive_document(document, values, zip_name, loaded.beside))

    if inputs.read_there:
        words = [PAYLOAD_PLACEHOLDER, *arguments.inputs, *arguments.options(WORKFLOW_OPTIONS)]
    else:
        words = [PAYLOAD_PLACEHOLDER, *arguments.options(WORKFLOW_OPTIONS | INPUT_OPTIONS)]
    return RunSource(
        target.name,
        tuple(words),
        build,
        arguments.task_env,
        tuple(inputs.local.values()),
        tuple(_remote(inputs, target, env)),
        tuple(inputs.notices()),
        checked=Checked(target, env),
    )


def _remote(inputs: Inputs, target: Workflow | Task, env: Bindings[Value.Base]) -> Iterable[RemoteInput]:
    """List the files that inputs and the WDL name by URI, each once."""
    if inputs.read_there:
        return inputs.remote.values()
    of_wdl = {item.uri: item for item in named_by_wdl(target, {binding.name for binding in env})}
    return {**of_wdl, **inputs.remote}.values()


def _to_json(env: Bindings[Value.Base], target: Workflow | Task) -> dict[str, Any]:
    return dict(values_to_json(env, namespace=target.name if isinstance(target, Workflow) else ""))


def _input_text(input_file: str, sources: Sources) -> str:
    if is_elsewhere(input_file):
        return sources.inputs(input_file)
    if input_file.startswith("{"):
        return input_file
    return sys.stdin.read() if input_file == "-" else Path(input_file).read_text()
