"""The images that the tests run, built from this clone; tags name the content, so what is there isn't built again."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "examples/variant_calling/tools"
BUILD = ROOT / "images/workflow/build.sh"
BASE_VARIABLE = "MINIWDL_AWS_TEST_BASE"
"""
Environment variable that names a base image made on this machine (``images/ci-engine.sh``). Without it the images are
built on the public ones that their files name.
"""


def parts_of_the_image() -> list[str]:
    """Name the packages that the workflow image is built of, as its build does; a change of one makes another image."""
    (line,) = (line for line in BUILD.read_text().splitlines() if line.startswith("PARTS=("))
    return line.removeprefix("PARTS=(").removesuffix(")").split()


@dataclass(frozen=True)
class Images:
    """Builds images with the command of the engine that the tests use."""

    engine: str
    base: str | None

    @classmethod
    def of_this_machine(cls, *, is_podman: bool) -> Images:
        return cls("podman" if is_podman else "docker", os.environ.get(BASE_VARIABLE))

    def workflow(self) -> str:
        packages = [ROOT / "packages" / part for part in parts_of_the_image()]
        sources = [BUILD.parent, *packages, *ROOT.glob("uv.lock")]
        tag = f"localhost/miniwdl-aws-workflow:{self._digest(sources)}"
        return self._once(tag, lambda: self.build_workflow(tag))

    def build_workflow(self, tag: str, *options: str) -> None:
        # A base of this machine's own is there because no registry is, so its build shall need no index either.
        vendor = ["--vendor"] if self.base else []
        based = ["--build-arg", f"BASE={self.base}"] if self.base else []
        # To keep each step for later builds takes a third of a build's processor time, and no later build has the same
        # content. What is in the image is the same. Docker has no such option.
        steps = ["--layers=false"] if self.engine == "podman" else []
        engine = shutil.which(self.engine) or self.engine
        self._run([str(BUILD), *vendor, tag, *based, *steps, *options], env={**os.environ, "ENGINE": engine})

    def variant_calling(self) -> str:
        return self._built(TOOLS, "variant-calling-tools")

    def downloads(self) -> str:
        return self._built(ROOT / "images/tools", "miniwdl-aws-tools")

    def host(self) -> str:
        """A host of AWS Batch, to be booted."""
        return self._built(ROOT / "tests/containers/boots/host", "miniwdl-aws-host")

    def derived(self, name: str, image: str, *lines: str) -> str:
        """Build an image on another one."""
        tag = f"localhost/{name}:{hashlib.sha256(repr((image, lines)).encode()).hexdigest()[:12]}"
        text = "\n".join([f"FROM {image}", *lines])
        return self._once(tag, lambda: self._run([self.engine, "build", "--tag", tag, "-"], stdin=text))

    def present(self, tag: str) -> bool:
        return subprocess.run([self.engine, "image", "inspect", tag], capture_output=True, check=False).returncode == 0

    def _built(self, folder: Path, name: str) -> str:
        tag = f"localhost/{name}:{self._digest([folder])}"
        based = ["--build-arg", f"BASE={self.base}"] if self.base else []
        return self._once(tag, lambda: self._run([self.engine, "build", "--tag", tag, *based, str(folder)]))

    def _once(self, tag: str, build: Callable[[], None]) -> str:
        """Build what isn't there; whoever else needs it, in another process of the tests, waits meanwhile."""
        with FileLock(Path(tempfile.gettempdir()) / f"{tag.replace('/', '-')}.lock"):
            if not self.present(tag):
                build()
        return tag

    def _digest(self, sources: list[Path]) -> str:
        found = hashlib.sha256(f"{self.engine} {self.base}".encode())
        for source in sources:
            files = sorted(source.rglob("*")) if source.is_dir() else [source]
            for path in files:
                ignored = {"__pycache__", "tests", "changelog.d"} & set(path.relative_to(source).parts)
                if path.is_file() and not ignored and path.suffix != ".md":
                    found.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
        return found.hexdigest()[:12]

    @staticmethod
    def _run(command: list[str], env: dict[str, str] | None = None, stdin: str | None = None) -> None:
        done = subprocess.run(
            command, env=env, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}")
