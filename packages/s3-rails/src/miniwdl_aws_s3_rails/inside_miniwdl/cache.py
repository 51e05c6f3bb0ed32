"""
miniwdl's caches for inputs in S3: ``[call_cache] backend = s3_rails``, which ``miniwdl-run-s3upload`` sets.

With ``[s3_rails] revalidate``, an input is its URI and its ETag. Each is asked for once in a run. The download cache
keeps versions of an object beside each other, since another run may be reading the old one, and the call cache does not
take a call for done that saw another version. What can't be asked for is never taken from a cache. URIs that are
written in a workflow count for the calls that get them, not for the workflow: miniwdl shows its cache inputs alone.

What lies in one folder of S3, files and folders, lies in one folder of a run, whichever of it the download cache has.

Without that option, this is miniwdl's own cache, but for keys that would share a place in it, or are too long for a
folder's name.
"""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from WDL import Error, Value
from WDL.runtime.cache import CallCache
from WDL.runtime.cache import new as new_call_cache

from miniwdl_aws_core.options.loader import LoaderSettings
from miniwdl_aws_core.s3uri import SCHEME, S3Uri, UriError
from miniwdl_aws_core.wdl_log import message
from miniwdl_aws_hooks import MiniwdlAwsError
from miniwdl_aws_s3_rails.configuration import RailsOptions
from miniwdl_aws_s3_rails.errors import AccessError
from miniwdl_aws_s3_rails.inside_miniwdl.neighbours import run_dir_of, show_with_neighbours
from miniwdl_aws_s3_rails.inside_miniwdl.places import MAX_NAME, folder_name, shares_place, shortened, why_no_path
from miniwdl_aws_s3_rails.inside_miniwdl.termination import stopped_on_termination
from miniwdl_aws_s3_rails.transfer.engine import engine_for

if TYPE_CHECKING:
    import logging
    from collections.abc import Collection
    from concurrent.futures import Future

    from WDL import Env, Type
    from WDL.runtime.cache import CallCacheAddPaths
    from WDL.runtime.config import Loader

    from miniwdl_aws_s3_rails.transfer.engine import Engine, Found

    Item = tuple[str, bool]
    """URI, and whether it is of a Directory."""

__all__ = ["S3Cache", "Sight", "refuse_shared_place", "sight_of"]

LOCK_SUFFIX = "._miniwdl_flock"
"""What miniwdl appends to a folder's name for the file beside it that it locks."""


class Sight:
    """What a run sees of S3: of each object the version that it met first."""

    def __init__(self, engine: Engine) -> None:
        """Start without having seen anything."""
        self._engine = engine
        self._lock = threading.Lock()
        self._seen: dict[Item, Future[list[Found]]] = {}

    def objects(self, uri: str, *, directory: bool) -> list[Found]:
        """
        Give an object, or all that lie under a URI.

        :raises AccessError: when there is nothing, or it can't be seen.
        """
        (found,) = self._look([(uri, directory)])
        return found

    def digest(self, items: Collection[Item]) -> str:
        """
        Make one text of many versions.

        :raises MiniwdlAwsError: when one of them can't be told.
        """
        versions = [(found.key, found.size, found.etag) for all_found in self._look(items) for found in all_found]
        return hashlib.sha256(json.dumps(versions).encode()).hexdigest()[:32]

    def _look(self, items: Collection[Item]) -> list[list[Found]]:
        with self._lock:
            for item in items:
                if item not in self._seen:
                    self._seen[item] = self._engine.pool.submit(self._find, *item)
            futures = [self._seen[item] for item in items]
        self._engine.gather(futures)
        return [future.result() for future in futures]

    def _find(self, text: str, directory: bool) -> list[Found]:
        uri = S3Uri.parse(text, what="the input")
        if directory:
            found = self._engine.find_all(uri.as_folder())
            if not found:
                raise AccessError(f"there is nothing under {uri.as_folder()}")
            return found
        one = self._engine.find(uri)
        if one is None:
            versions = ": versions can't be named, all of it is the key" if "?versionId=" in uri.key else ""
            raise AccessError(f"{uri} does not exist{versions}")
        return [one]


_sights: WeakKeyDictionary[Loader, Sight] = WeakKeyDictionary()
"""By configuration, which each run has one of."""
_lock = threading.Lock()


def sight_of(cfg: Loader) -> Sight:
    """Give what a run sees: for all its time if it revalidates, else what there is at this moment."""
    settings = LoaderSettings(cfg)
    if not RailsOptions(settings).revalidate:
        return Sight(engine_for(settings))
    with _lock:
        return _sights.setdefault(cfg, Sight(engine_for(settings)))


class S3Cache(CallCache):
    """miniwdl's call and download cache, in which an object may be its URI and its ETag."""

    def __init__(self, cfg: Loader, logger: logging.Logger) -> None:
        """Take miniwdl's configuration."""
        super().__init__(cfg, logger)
        settings = LoaderSettings(cfg)
        self._sight = sight_of(cfg) if RailsOptions(settings).revalidate else None
        self._stop = engine_for(settings).stop
        self._keys: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        """Where this run sees files, by their paths."""

    def get(
        self, key: str, inputs: Env.Bindings[Value.Base], output_types: Env.Bindings[Type.Base]
    ) -> Env.Bindings[Value.Base] | None:
        """Look a call up, which must have seen the same versions of its inputs."""
        versioned = self._versioned(key, inputs)
        return None if versioned is None else super().get(versioned, inputs, output_types)

    def put(
        self,
        key: str,
        outputs: Env.Bindings[Value.Base],
        run_dir: str | None = None,
        *,
        inputs: Env.Bindings[Value.Base],
        add_paths: CallCacheAddPaths,
    ) -> None:
        """Keep a call, with the versions of its inputs."""
        versioned = self._versioned(key, inputs)
        if versioned is not None:
            super().put(versioned, outputs, run_dir, inputs=inputs, add_paths=add_paths)

    def get_add_paths(self, key: str) -> CallCacheAddPaths:
        """Give what a call of this run depends on beside its inputs."""
        return super().get_add_paths(self._keys.get(key, key))

    def download_path(self, uri: str, directory: bool = False) -> str | None:
        """Say where the cached copy of a URI is, if it may be cached."""
        if not uri.startswith(SCHEME):
            return super().download_path(uri, directory)
        place = _place(uri, directory=directory)
        path = super().download_path(uri, directory) if place else None
        if place is None or path is None:
            return None
        folder, name = place
        # A folder's name begins with an underscore or a hyphen, a version with neither: none of these meets another.
        if self._sight is not None:
            version = self._digest(self._sight, [(uri.rstrip("/") if directory else uri, directory)])
            if version is None:
                return None
            folder = version + folder
        parent = path.rsplit("/", 2)[0]
        return f"{parent}/{shortened(folder)}/{name}"

    def get_download(self, uri: str, directory: bool = False, logger: logging.Logger | None = None) -> str | None:
        """Give the copy of a URI that this run has, beside its neighbours, if it has one."""
        path = super().get_download(uri, directory, logger)
        return None if path is None else self._with_neighbours(uri, path)

    def put_download(
        self, uri: str, filename: str, directory: bool = False, logger: logging.Logger | None = None
    ) -> str:
        """Keep a download; give it beside its neighbours."""
        path = super().put_download(uri, filename, directory, logger)
        return self._with_neighbours(uri, path)

    def _with_neighbours(self, uri: str, path: str) -> str:
        """Show a file or folder where a run has its neighbours."""
        if not uri.startswith(SCHEME):
            return path
        if path not in self._shown:
            run_dir = run_dir_of(self._logger)
            beside = S3Uri.parse(uri.rstrip("/"))
            self._shown[path] = show_with_neighbours(run_dir, beside, path) if run_dir else path
        return self._shown[path]

    def _versioned(self, key: str, inputs: Env.Bindings[Value.Base]) -> str | None:
        """Add to a call's key the versions of its inputs; ``None`` when they can't be told."""
        if self._sight is None:
            return key
        items: list[Item] = []

        def note(value: Value.File | Value.Directory) -> str:
            uri: str = value.value
            if uri.startswith(SCHEME):
                items.append((uri, isinstance(value, Value.Directory)))
            return uri

        Value.rewrite_env_paths(inputs, note)
        if not items:
            return key
        version = self._digest(self._sight, items)
        if version is None:
            return None
        self._keys[key] = f"{key}-{version}"
        return self._keys[key]

    def _digest(self, sight: Sight, items: list[Item]) -> str | None:
        try:
            with stopped_on_termination(self._logger, self._stop):
                return sight.digest(items)
        except MiniwdlAwsError as exc:
            self._logger.warning(message("inputs in S3 can't be looked for in the cache", error=exc.message))
            return None


def _place(text: str, *, directory: bool) -> tuple[str, str] | None:
    """Name the folder and the file of a cached copy; ``None`` for what can't have one, downloading it says why."""
    try:
        uri = S3Uri.parse(text.rstrip("/") if directory else text)
    except UriError:
        return None
    if not uri.key or uri.is_folder or why_no_path([uri.basename]):
        return None
    if directory and (uri.basename.endswith(LOCK_SUFFIX) or len((uri.basename + LOCK_SUFFIX).encode()) > MAX_NAME):
        return None
    return folder_name(uri), uri.basename


def refuse_shared_place(cfg: Loader, logger: logging.Logger, uri: str, *, directory: bool) -> None:
    """
    Make sure that an input can't be taken for another object in miniwdl's own download cache.

    :raises RuntimeError: miniwdl's own, when it can: that cache is looked into before any download.
    """
    caches = any(cfg.get_bool("download_cache", key) for key in ("get", "put"))
    if not caches or cfg["call_cache"]["backend"] != "dir" or not shares_place(S3Uri.parse(uri, what="the input")):
        return
    # Whether it is kept there at all is for miniwdl's patterns to say.
    if new_call_cache(cfg, logger).download_path(uri, directory=directory):
        raise Error.RuntimeError(
            f"{uri} shares its place in miniwdl's own download cache with another key: "
            "[call_cache] backend = s3_rails keeps them apart"
        )
