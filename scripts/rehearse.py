"""
Rehearse a release, all but publishing: ``nox -s release -- 1.2.3 --rehearse``.

Everything happens in a copy of the repository. Wheels are tried as users get them: ours from the rehearsal's own
folder, everything else from the package index. The last lines say what a person must still do.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import release
from distributions import PYTHONS, build, commands_of, environment, incomplete, pythons, unknown_classifiers
from workspace import EXTRAS, META, ROOT, parts
from workspace import version as version_now

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = ("examples/genome_stats/genome_stats.wdl", "-i", "examples/genome_stats/inputs.json")
BY_HAND = """\
What a person must still do:
  1. nox -s release -- {version}, and push the commit and its tag
  2. publish the files of {dist}: hooks first, then core, then the parts, the meta-package last
  3. push the workflow image: images/workflow/build.sh REGISTRY/miniwdl-aws-workflow:{version}
  4. put the folder site/ where the documentation is served (nox -s docs)
  5. docs/tutorial/on-aws.md on a real account: nothing here has seen AWS"""


@dataclass
class Rehearsal:
    """A release in a copy of the tree, and how its steps went."""

    version: str
    folder: Path
    steps: list[tuple[str, float, str]] = field(default_factory=list)

    @property
    def tree(self) -> Path:
        """The copy."""
        return self.folder / "tree"

    @property
    def dist(self) -> Path:
        """Where the files lie that would be published."""
        return self.folder / "dist"

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; what is put into the list is its result."""
        print(f"== {name}", flush=True)
        begun, said = time.monotonic(), []
        yield said
        self.steps.append((name, time.monotonic() - begun, "; ".join(said)))


def alone(rehearsal: Rehearsal, python: str) -> str:
    """Install each part alone, import it, and let its commands say what they are."""
    for name in parts():
        folder = rehearsal.folder / "alone" / python / name
        folder.parent.mkdir(parents=True, exist_ok=True)
        bin_folder = environment(folder, python, rehearsal.dist, f"{name}=={rehearsal.version}")
        run = release.Runner(rehearsal.folder)
        run(bin_folder / "python", "-W", "error", "-c", f"import {name.replace('-', '_')}")
        for command in commands_of(rehearsal.tree, name):
            run(bin_folder / command, "--help")
        shutil.rmtree(folder)
    return f"{len(parts())} parts"


def main_job(bin_folder: Path, tree: Path, state: Path, upload: str) -> str:
    """Run the README's first workflow by an environment's own commands; the results must be whole."""
    environ = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "MINIWDL_AWS_LOCAL_DIR": str(state)}
    environ.pop("PYTHONPATH", None)
    run = release.Runner(tree)
    submit = (bin_folder / "miniwdl-aws-submit", "--local", *EXAMPLE, "--s3upload", f"s3://demo/{upload}/", "--wait")
    try:
        run(*submit, environ=environ)
    finally:
        run(bin_folder / "miniwdl-aws", "local", "down", environ=environ)
    outputs = json.loads((state / "s3/demo" / upload / "outputs.json").read_text())
    return f"{len(outputs)} outputs"


def bill_of_materials(rehearsal: Rehearsal, bin_folder: Path) -> str:
    """Write what the full installation consists of, in CycloneDX's format."""
    file = rehearsal.folder / "sbom.json"
    command = (sys.executable, "-m", "cyclonedx_py", "environment", bin_folder / "python", "--output-file", file)
    release.Runner(rehearsal.folder)(*command)
    return f"{len(json.loads(file.read_text())['components'])} components in {file}"


def image(rehearsal: Rehearsal) -> str:
    """Build the workflow image; without a container engine say so."""
    engine = shutil.which("podman") or shutil.which("docker")
    if engine is None:
        return "not built: no podman or docker here"
    tag = f"localhost/miniwdl-aws-workflow:{rehearsal.version}"
    # As tests do: a machine that reaches no registry names a base image of its own.
    base = os.environ.get("MINIWDL_AWS_TEST_BASE")
    options = [["--vendor"], ["--build-arg", f"BASE={base}"]] if base else [[], []]
    run = release.Runner(rehearsal.tree)
    run("images/workflow/build.sh", *options[0], tag, *options[1], environ={**os.environ, "ENGINE": engine})
    found: list[dict[str, Any]] = json.loads(run(engine, "image", "inspect", tag))
    return f"{tag}, id {found[0]['Id']}"


def rehearse(version: str) -> Rehearsal:
    """Take all steps, in order; the first that fails ends it."""
    it = Rehearsal(version, Path(mkdtemp(prefix="rehearsal-")))
    with it.step("copy the repository") as said:
        release.Runner(it.folder)("git", "clone", "--quiet", ROOT, it.tree)
        said.append(str(it.folder))
    previous = it.folder / "previous"
    with it.step(f"wheels of the version before, {version_now()}"):
        build(it.tree, previous, "--wheel")
    with it.step("version, changelogs, commit, tag"):
        release.make(version, it.tree)
    with it.step("sdists and wheels") as said:
        build(it.tree, it.dist)
        files = sorted(it.dist.iterdir())
        said.append(f"{len(files)} files, {sum(file.stat().st_size for file in files) // 1024} KiB")
    with it.step("metadata") as said:
        release.Runner(it.folder)(sys.executable, "-m", "twine", "check", "--strict", *files)
        wrong = [*unknown_classifiers(it.tree), *(item for file in files for item in incomplete(file))]
        if wrong:
            raise SystemExit("incomplete: " + ", ".join(wrong))
        said.append("twine, classifiers, licences, py.typed")
    here = pythons()
    for python in here:
        with it.step(f"each part alone, Python {python}") as said:
            said.append(alone(it, python))
    missing = sorted(set(PYTHONS) - set(here))
    if missing:
        it.steps.append((f"Python {', '.join(missing)}", 0.0, "not tried: not on this machine, and uv can't get it"))
    with it.step(f"{META}, without extras") as said:
        bare = environment(it.folder / "bare", here[0], it.dist, f"{META}=={version}")
        release.Runner(it.folder)(bare / "miniwdl-aws", "--help")
        said.append(bill_of_materials(it, bare))
    full = f"{META}[{','.join(sorted(EXTRAS))}]"
    with it.step(f"upgrade of {full}") as said:
        bin_folder = environment(it.folder / "full", here[0], previous, f"{full}=={version_now()}")
        said.append("before: " + main_job(bin_folder, it.tree, it.folder / "state", "before"))
        environment(it.folder / "full", here[0], it.dist, f"{full}=={version}")
        said.append("after: " + main_job(bin_folder, it.tree, it.folder / "state", "after"))
    with it.step("workflow image") as said:
        said.append(image(it))
    return it


def main(version: str) -> None:
    """Rehearse, and say how it went."""
    if not release.is_clean():
        raise SystemExit("commit your changes first: what is rehearsed is what is committed")
    it = rehearse(version)
    for name, seconds, said in it.steps:
        print(f"{seconds:7.1f} s  {name}{': ' if said else ''}{said}")
    print(BY_HAND.format(version=version, dist=it.dist))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("name the version: python scripts/rehearse.py 1.2.3")
    main(sys.argv[1])
