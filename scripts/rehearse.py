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
from distributions import build, commands_of, declared_pythons, environment, incomplete, unknown_classifiers
from places import Machine, NoPlaceError, place
from workspace import EXTRAS, META, ROOT, parts
from workspace import version as version_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from places import Place

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
        self.note(name, "; ".join(said), time.monotonic() - begun)

    def note(self, name: str, said: str, seconds: float = 0.0) -> None:
        """Keep for the summary how a step went, and say it at once: a later step may fail."""
        self.steps.append((name, seconds, said))
        print(f"   {said or 'done'}", flush=True)


def looks_whole(rehearsal: Rehearsal, place: Place, bin_folder: Path, *names: str) -> str:
    """Import parts that are installed, every warning an error, and let their commands say what they are."""
    commands = [command for name in names for command in commands_of(rehearsal.tree, name)]
    imports = "; ".join(f"import {name.replace('-', '_')}" for name in names)
    place.run(rehearsal.folder, bin_folder / "python", "-W", "error", "-c", imports)
    for command in commands:
        place.run(rehearsal.folder, bin_folder / command, "--help")
    return f"{len(names)} parts, {len(commands)} commands"


def main_job(place: Place, bin_folder: Path, tree: Path, state: Path, upload: str) -> str:
    """Run the README's first workflow by an environment's own commands; the results must be whole."""
    environ = {"PATH": f"{bin_folder}:{place.path}", "MINIWDL_AWS_LOCAL_DIR": str(state)}
    submit = (bin_folder / "miniwdl-aws-submit", "--local", *EXAMPLE, "--s3upload", f"s3://demo/{upload}/", "--wait")
    try:
        place.run(tree, *submit, **environ)
    finally:
        place.run(tree, bin_folder / "miniwdl-aws", "local", "down", **environ)
    outputs = json.loads((state / "s3/demo" / upload / "outputs.json").read_text())
    return f"{len(outputs)} outputs"


def try_wheels(it: Rehearsal, place: Place, previous: Path) -> None:
    """Install the wheels with one Python: each part alone, the meta-package, and over the version before."""
    folder = Path(mkdtemp(prefix="wheels-", dir=it.folder))
    with it.step(f"{place.name}: each part alone") as said:
        for name in parts():
            looks_whole(it, place, environment(place, folder / name, it.dist, f"{name}=={it.version}"), name)
            shutil.rmtree(folder / name)
        said.append(f"{len(parts())} parts")
    with it.step(f"{place.name}: {META}, without extras") as said:
        bare = environment(place, folder / "bare", it.dist, f"{META}=={it.version}")
        said.append(looks_whole(it, place, bare, *(name for name in parts() if name not in EXTRAS.values())))
    full = f"{META}[{','.join(sorted(EXTRAS))}]"
    with it.step(f"{place.name}: upgrade of {full}") as said:
        bin_folder = environment(place, folder / "full", previous, f"{full}=={version_now()}")
        said.append("before: " + main_job(place, bin_folder, it.tree, folder / "state", "before"))
        environment(place, folder / "full", it.dist, f"{full}=={it.version}")
        said.append(looks_whole(it, place, bin_folder, *parts()))
        said.append("after: " + main_job(place, bin_folder, it.tree, folder / "state", "after"))


def bill_of_materials(rehearsal: Rehearsal) -> str:
    """Write what the meta-package's installation consists of, in CycloneDX's format."""
    file = rehearsal.folder / "sbom.json"
    here = Machine("the Python that runs this", sys.executable)
    bin_folder = environment(here, rehearsal.folder / "bill", rehearsal.dist, f"{META}=={rehearsal.version}")
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
    for python in declared_pythons(it.tree):
        try:
            with place(python, it.folder) as where:
                try_wheels(it, where, previous)
        except NoPlaceError as why:
            print(f"== Python {python}", flush=True)
            it.note(f"Python {python}", f"not tried: {why}")
    with it.step("bill of materials") as said:
        said.append(bill_of_materials(it))
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
