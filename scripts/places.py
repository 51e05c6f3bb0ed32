"""
Where wheels are tried: each Python in the place where it can be had.

A Python of the machine is the simplest place. For one that the machine lacks there is a container of the Debian suite
whose Python it is, where podman is; ``images/ci-engine.sh`` makes its image from Debian's packages, without a registry.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from release import Runner
from workspace import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITES = {"3.11": "bookworm", "3.13": "trixie", "3.14": "forky"}
"""Debian's suites by the version of their Python; none has had 3.12."""
SETTINGS = (
    "UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INSECURE_HOST", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS",
    "UV_HTTP", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
)  # fmt: skip
"""How names of variables begin by which a machine says where its package index is, and how it is reached."""


class NoPlaceError(Exception):
    """A Python can't be had here; the message says why."""


class Place(Protocol):
    """A Python, and how commands run beside it; files have the same paths in all places."""

    @property
    def name(self) -> str:
        """What it is called in the summary."""

    @property
    def python(self) -> str:
        """Its interpreter, as uv is told."""

    @property
    def path(self) -> str:
        """``PATH`` there."""

    def run(self, folder: Path, *command: str | Path, **environ: str) -> str:
        """
        Run a command in a folder, with some more environment variables.

        :return: its standard output.
        :raises subprocess.CalledProcessError: when it ends with another code than 0; what it said has been printed.
        """


@dataclass(frozen=True)
class Machine:
    """A Python of this machine."""

    name: str
    python: str

    @property
    def path(self) -> str:
        """``PATH`` there."""
        return os.environ["PATH"]

    def run(self, folder: Path, *command: str | Path, **environ: str) -> str:
        """Run a command: see `Place`."""
        inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        return Runner(folder)(*command, environ={**inherited, **environ})


@dataclass(frozen=True)
class Container:
    """A running container."""

    name: str
    id: str
    python: str = "/usr/bin/python3"
    path: str = "/usr/local/bin:/usr/bin:/bin"

    def run(self, folder: Path, *command: str | Path, **environ: str) -> str:
        """Run a command: see `Place`."""
        more = [f"--env={key}={value}" for key, value in environ.items()]
        return Runner(folder)("podman", "exec", "--workdir", folder, *more, self.id, *command)


@contextmanager
def place(version: str, folder: Path) -> Iterator[Place]:
    """
    Open the place of a Python.

    :param version: such as ``3.13``.
    :param folder: what the place shares with this machine.
    :raises NoPlaceError: when there is none.
    """
    found = interpreter(version)
    if found:
        yield Machine(f"Python {version} of this machine", found)
        return
    image = image_of(version)
    options = ["--network=host", f"--volume={folder}:{folder}", *settings_of_uv()]
    # bash ends what nobody waits for any more, as the local cloud's server; `sleep` as the first process would not.
    command = ("bash", "-c", "trap exit TERM; sleep infinity & wait")
    container = Runner(folder)("podman", "run", "--detach", "--rm", *options, image, *command).strip()
    try:
        yield Container(f"Python {version} of Debian {SUITES[version]}, in a container", container)
    finally:
        Runner(folder)("podman", "stop", container)


def interpreter(version: str) -> str | None:
    """Find a Python that this machine has, or that uv can get it."""
    if found := asked("uv", "python", "find", version):
        return found
    # Its shims don't answer for versions that aren't chosen, so uv doesn't see these.
    if shutil.which("pyenv") and (found := asked("pyenv", "prefix", version)):
        return f"{found}/bin/python"
    asked("uv", "python", "install", "--quiet", version)
    return asked("uv", "python", "find", version)


def asked(*command: str) -> str | None:
    """Give what a command answers, or None when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def image_of(version: str) -> str:
    """
    Name the image that has a Python; make it where it isn't there.

    :raises NoPlaceError: when this machine can't.
    """
    here = "not on this machine, and uv can't get it"
    if version not in SUITES:
        raise NoPlaceError(f"{here}; no suite of Debian has it")
    if not shutil.which("podman"):
        raise NoPlaceError(f"{here}; Debian {SUITES[version]} has it, but there is no podman here")
    image = f"localhost/debian-python:{SUITES[version]}"
    if asked("podman", "image", "exists", image) is None:
        if os.geteuid() != 0:
            raise NoPlaceError(f"{here}; as root, images/ci-engine.sh {image} would make an image that has it")
        Runner(ROOT)("images/ci-engine.sh", image)
    # A suite that is still in the making goes on to the next Python.
    says = asked("podman", "run", "--rm", image, "python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    if says != version:
        raise NoPlaceError(f"{here}; the image {image} has Python {says}")
    return image


def settings_of_uv() -> list[str]:
    """Give the options by which a container has uv, its cache, and this machine's way to the package index."""
    uv, cache = shutil.which("uv"), asked("uv", "cache", "dir")
    options = [f"--volume={uv}:/usr/local/bin/uv:ro", f"--volume={cache}:{cache}", f"--env=UV_CACHE_DIR={cache}"]
    # Without a value it is taken from here: an index's password in it is seen in no list of processes.
    options += [f"--env={key}" for key in os.environ if key.upper().startswith(SETTINGS)]
    files = {"/etc/uv/uv.toml": Path.home() / ".config/uv/uv.toml"}
    if certificates := os.environ.get("SSL_CERT_FILE"):
        files[certificates] = Path(certificates)
    return [*options, *(f"--volume={file}:{there}:ro" for there, file in files.items() if file.exists())]
