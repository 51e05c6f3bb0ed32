#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2025.2.9"]
# ///
"""Everything that is checked, built and measured: `nox -l` lists the sessions, `nox` runs all checks and tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["all"]
# Where a machine sets it, each Python that a test starts compiles all that it imports anew: half of its time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).parent
DIST = ROOT / "dist"
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
META = "miniwdl-aws-fsxl"
PACKAGES = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
PARTS = [name for name in PACKAGES if name != META]
LIBRARIES = [f"miniwdl_aws_{name.replace('-', '_')}" for name in PARTS]
EXAMPLE_PLUGINS = sorted(str(path.parent.relative_to(ROOT)) for path in ROOT.glob("examples/plugins/*/pyproject.toml"))


WHOLE = (
    ("lint", "typecheck", "imports", "docs"),
    ("isolated",),
    ("tests",),
    ("containers", "second-opinion"),
    ("faults",),  # waits for most of its time: last, but beside others
)
"""What `all` runs: a group's sessions one after the other, and two groups at a time, in this order."""


def groups(*names: str, project: dict[str, object] = PYPROJECT) -> list[str]:
    """List the requirements of dependency groups."""
    return list(nox.project.dependency_groups(project, *names))


def install_workspace(session: nox.Session, *names: str) -> None:
    """Install every package editable, with the given dependency groups of the root and the packages' test groups."""
    editable = [part for name in PACKAGES for part in ("--editable", f"packages/{name}")]
    session.install(*editable, *groups(*names), *(package_test_requirements() if "test" in names else []))
    if "test" in names:
        keep_parsers(session)


def keep_parsers(session: nox.Session) -> None:
    """Have each Python of the session's environment find the parsers of WDL that others have made there."""
    for folder in Path(session.virtualenv.location).glob("lib/python*/site-packages"):
        (folder / "kept-parsers.pth").write_text(f"{ROOT / 'tests/support/parsers'}\nimport kept_parsers\n")


def package_test_requirements(*packages: str) -> list[str]:
    """List what tests need beyond the root's group `test`, as each package's own group `test` says."""
    found: list[str] = []
    for name in packages or PARTS:
        project = nox.project.load_toml(ROOT / "packages" / name / "pyproject.toml")
        if "test" in project.get("dependency-groups", {}):
            found += groups("test", project=project)
    return found


def workers(dist: str = "loadfile", most: int | None = None) -> list[str]:
    """
    Give pytest-xdist's options, and name the slowest tests.

    There are twice as many workers as processors: tests wait for jobs, boots and servers half of their time.

    :param dist: how tests are handed out; those of one file stay together unless they are to wait for one another less.
    :param most: workers that there is something to do for; each costs two seconds of a processor to start.
    """
    number = 2 * (os.cpu_count() or 1)
    return ["--numprocesses", str(min(number, most or number)), "--dist", dist, "--durations=12", "--durations-min=2"]


@nox.session(name="all", venv_backend="none")
def whole(session: nox.Session) -> None:
    """Run all checks and tests below, two at a time: one computes while the other waits."""
    if session.posargs:
        session.error("arguments are for one session: nox -s tests -- ...")
    pool = ThreadPoolExecutor(2)
    try:
        running = {pool.submit(run_sessions, names): " ".join(names) for names in WHOLE}
        ended = [(running[future], *future.result()) for future in as_completed(running)]
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C ends those that run, and no other is to begin
    for names, seconds, code in ended:
        session.log("%4d s  %s%s", seconds, names, "" if code == 0 else ": FAILED")
    if failed := [names for names, _, code in ended if code]:
        session.error(f"failed: {', '.join(failed)}")


def run_sessions(names: tuple[str, ...]) -> tuple[float, int]:
    """Run sessions by a nox of their own, each line with the first one's name; gives the seconds and the exit code."""
    began = time.monotonic()
    command = [sys.executable, "-m", "nox", "--session", *names]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        for line in running.stdout or ():
            print(f"{names[0]:10} | {line}", end="", flush=True)  # noqa: T201 - as it comes
    return time.monotonic() - began, running.returncode


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting (ruff) and the shell scripts (shellcheck)."""
    session.install(*groups("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    folders = ("images", "examples", "packages/*/src", "tests")
    scripts = [ROOT / ".ci/run", *(path for folder in folders for path in ROOT.glob(f"{folder}/**/*.sh"))]
    session.run("shellcheck", *sorted(map(str, scripts)))


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check types (mypy, strict)."""
    install_workspace(session, "typing", "test")
    session.run("mypy", *(part for name in LIBRARIES for part in ("-p", name)))


@nox.session
def imports(session: nox.Session) -> None:
    """Check the direction of imports (import-linter)."""
    install_workspace(session, "imports")
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests of all packages together, with everything installed; arguments go to pytest in their place."""
    install_workspace(session, "test", "contract")
    session.install("--no-deps", *(part for path in EXAMPLE_PLUGINS for part in ("--editable", path)))
    # The packages' own tests are run by `isolated`. A process can't hold both: moto's mock_aws, which unit tests use,
    # resets all of moto, a local cloud's part too.
    selected = session.posargs or ["tests", *(f"--ignore=tests/{name}" for name in ("faults", "security", "site"))]
    session.run("pytest", *workers(), "-m", "not containers and not aws", *selected)


@nox.session
def faults(session: nox.Session) -> None:
    """Let things go wrong; `-- --long` takes the loads that the documentation states, `--write` writes them there."""
    install_workspace(session, "test")
    # Most of them wait for pauses between tries: those of one file needn't wait for one another, too.
    session.run("pytest", *workers("load"), "tests/faults", "tests/security", *session.posargs)


def in_containers(session: nox.Session, *tests: str, most: int | None = None) -> None:
    """Run tests that need a container engine; without one they fail in CI and are skipped elsewhere."""
    install_workspace(session, "test")
    session.install("uv")  # the workflow image is built with it
    # Where CI reaches no registry, images/ci-engine.sh has made a base image.
    image = os.environ.get("MINIWDL_AWS_TEST_BASE", "public.ecr.aws/docker/library/python:3.12-slim-bookworm")
    selected = session.posargs or tests
    session.run("pytest", *workers(most=most), "-m", "containers", *selected, env={"MINIWDL_AWS_TEST_IMAGE": image})


@nox.session
def containers(session: nox.Session) -> None:
    """Run jobs of the local cloud in containers, and whole pipelines."""
    in_containers(session, "packages/local-cloud/tests/batch/engine/test_containers.py", "tests/containers")


@nox.session(name="second-opinion")
def second_opinion(session: nox.Session) -> None:
    """Run the product on moto's own server, whose Batch runs containers, and compare it with the local cloud."""
    in_containers(session, "tests/second_opinion", most=2)  # files


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheels of all packages into dist/."""
    session.install("uv")
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("uv", "build", "--quiet", "--wheel", "--all-packages", "--out-dir", str(DIST))
    built = sorted(path.name for path in DIST.glob("*.whl"))
    if len(built) != len(PACKAGES):
        session.error(f"expected {len(PACKAGES)} wheels, built {built}")
    session.log("built %s", ", ".join(built))


@nox.session(requires=["build"], reuse_venv=False)
@nox.parametrize("package", PARTS, ids=PARTS)
def isolated(session: nox.Session, package: str) -> None:
    """Run a package's tests with its built wheel and nothing of its siblings but the ground floor."""
    floor = ["hooks"] if package == "hooks" else ["hooks", "core"]
    wheels = dict.fromkeys([*map(wheel_of, floor), wheel_of(package)])
    session.install(*wheels, *groups("test"), *package_test_requirements(package))
    keep_parsers(session)
    # Of some files each test is a run of miniwdl: those of one file needn't wait for one another.
    session.run("pytest", *workers("worksteal"), "-m", "not containers", f"packages/{package}", *session.posargs)


def wheel_of(package: str) -> str:
    """Find the built wheel of a package."""
    (wheel,) = DIST.glob(f"miniwdl_aws_{package.replace('-', '_')}-*.whl")
    return str(wheel)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into site/, every warning an error, and look at it; `-- --serve` shows changes."""
    install_workspace(session, "docs", "test")
    if session.posargs == ["--serve"]:
        session.log("look at http://localhost:8000; Ctrl-C ends it")
        session.run("zensical", "serve")
        return
    session.run("zensical", "build", "--strict", "--clean", *session.posargs)
    session.run("pytest", "-q", "tests/site")
    session.log("built site/: open site/index.html, or `nox -s docs -- --serve`")


@nox.session(default=False)
def contract(session: nox.Session) -> None:
    """Check only that hooks, documentation and packaging agree (part of `tests`)."""
    install_workspace(session, "test", "contract")
    session.run("pytest", *workers(), "tests/contract", *session.posargs)


@nox.session(default=False)
def integration(session: nox.Session) -> None:
    """Run only the tests on the local cloud (part of `tests`)."""
    install_workspace(session, "test")
    session.run("pytest", *workers(), "tests/integration", *session.posargs)


@nox.session(default=False)
def image(session: nox.Session) -> None:
    """Build the workflow job's image with podman or docker: `nox -s image -- TAG`."""
    session.install("uv")
    session.run("images/workflow/build.sh", *session.posargs or ["miniwdl-aws-workflow"], external=True)


@nox.session(default=False)
def minimums(session: nox.Session) -> None:
    """Run the packages' tests with the lowest versions that they declare to work with."""
    editable = [part for name in PARTS for part in ("--editable", f"packages/{name}")]
    session.install("--resolution=lowest-direct", *editable, *groups("test"), *package_test_requirements())
    session.run("pytest", *workers(), "-m", "not containers", "packages", *session.posargs)


@nox.session(default=False)
def metapackage(session: nox.Session) -> None:
    """Compare the meta-package's list of parts with the tree; `-- --write` brings it up to date."""
    session.run("python", "scripts/metapackage.py", *session.posargs)


@nox.session(default=False)
def infra(session: nox.Session) -> None:
    """Compare the CloudFormation templates with what other parts say in them; `-- --write` brings them up to date."""
    install_workspace(session)
    session.run("python", "scripts/infra.py", *session.posargs)


@nox.session(default=False)
def release(session: nox.Session) -> None:
    """Make a release, or with `--rehearse` try all of it but publishing: `nox -s release -- 1.2.3 --rehearse`."""
    rehearse = "--rehearse" in session.posargs
    versions = [argument for argument in session.posargs if argument != "--rehearse"]
    if len(versions) != 1:
        session.error("name the version: nox -s release -- 1.2.3, and --rehearse to try it first")
    session.install(*groups("release"), *(["uv"] if rehearse else []))
    session.run("python", f"scripts/{'rehearse' if rehearse else 'release'}.py", *versions)


def bench(session: nox.Session, script: str) -> None:
    """Run a benchmark with everything installed; it makes the contenders' environments itself."""
    install_workspace(session, "test")
    session.install("uv")
    session.run("python", f"benchmarks/{script}", *session.posargs)


@nox.session(name="bench-orchestration", default=False)
def bench_orchestration(session: nox.Session) -> None:
    """Measure the task backend beside the EFS ancestor and a backend without a cloud."""
    bench(session, "orchestration.py")


@nox.session(name="bench-account", default=False)
def bench_account(session: nox.Session) -> None:
    """Measure twenty workflows at once on an account that takes 50 requests a second."""
    bench(session, "account.py")


@nox.session(name="bench-recording", default=False)
def bench_recording(session: nox.Session) -> None:
    """Measure what the records that reports are made of cost the process that runs a workflow."""
    bench(session, "recording.py")


@nox.session(name="bench-follow", default=False)
def bench_follow(session: nox.Session) -> None:
    """Measure the log follower: lag, requests and processor time over many streams, and beside awslogs on one."""
    bench(session, "follow.py")


@nox.session(name="bench-transfer", default=False)
def bench_transfer(session: nox.Session) -> None:
    """Measure uploads and downloads beside s5cmd, the AWS CLI and boto3, on a SeaweedFS server of its own."""
    bench(session, "transfer.py")


@nox.session(name="bench-startup", default=False)
def bench_startup(session: nox.Session) -> None:
    """Measure how soon the commands answer `--help`, beside Python itself, click, and the EFS ancestor."""
    bench(session, "startup.py")


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(nox.main())
