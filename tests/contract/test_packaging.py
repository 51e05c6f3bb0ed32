"""The distributions agree with each other, and with the lists that name them."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points

import pytest

META = "miniwdl-aws-fsxl"
FLOOR = {"hooks": [], "core": ["hooks"]}
"""What has no plugin of its own, and what each may stand on; every other part stands on both."""


def load(path):
    return tomllib.loads(path.read_text())


@pytest.fixture
def folder(root, distribution):
    return root / "packages" / distribution


@pytest.fixture
def project(folder):
    return load(folder / "pyproject.toml")


@pytest.fixture
def module(distribution):
    return "miniwdl_aws_" + distribution.replace("-", "_")


@pytest.fixture(scope="session")
def hooks_version(root):
    text = (root / "packages/hooks/src/miniwdl_aws_hooks/__init__.py").read_text()
    return re.search(r'(?m)^__version__ = "(.+)"$', text)[1]


@pytest.fixture(scope="session")
def parts(root):
    return {path.parent.name for path in root.glob("packages/*/pyproject.toml")} - {META}


def test_one_version_for_all(distribution, folder, module, project, hooks_version):
    if distribution == META:
        assert project["project"]["version"] == hooks_version
    else:
        assert project["project"]["dynamic"] == ["version"]
        assert f'__version__ = "{hooks_version}"' in (folder / f"src/{module}/__init__.py").read_text()


def test_the_citation_is_of_that_version(root, hooks_version):
    assert f"\nversion: {hooks_version}\n" in (root / "CITATION.cff").read_text()


def test_names(distribution, project):
    name = distribution if distribution == META else f"miniwdl-aws-{distribution}"
    assert project["project"]["name"] == name


def test_parts_stand_on_the_ground_floor_alone(distribution, project, hooks_version):
    if distribution == META:
        return
    major, minor, _ = hooks_version.split(".", 2)
    siblings = [item for item in project["project"]["dependencies"] if item.startswith("miniwdl-aws")]
    allowed = FLOOR.get(distribution, ["core", "hooks"])
    assert siblings == [f"miniwdl-aws-{name}>={major}.{minor},<{int(major) + 1}" for name in allowed]


def test_metadata_that_all_share(project):
    shared = {key: project["project"].get(key) for key in ("readme", "license", "requires-python")}
    assert shared == {"readme": "README.md", "license": "MIT", "requires-python": ">=3.11"}
    assert project["project"]["description"]
    assert not project.get("tool", {}).keys() - {"hatch"}, "tools are configured once, in the root's pyproject.toml"


def pythons(project):
    return [item.split()[-1] for item in project["project"]["classifiers"] if re.search(r":: 3\.\d+$", item)]


def test_all_name_the_pythons_that_a_release_is_tried_on(root, project):
    tried = pythons(load(root / "packages/hooks/pyproject.toml"))  # as scripts/rehearse.py does
    assert pythons(project) == tried
    assert project["project"]["requires-python"] == f">={tried[0]}"


def test_files_that_all_have(root, distribution, folder, module):
    assert {"README.md", "CHANGELOG.md", "changelog.d"} <= {path.name for path in folder.iterdir()}
    assert (folder / "LICENSE").read_text() == (root / "LICENSE").read_text()
    if distribution != META:
        assert (folder / f"src/{module}/py.typed").exists()


def test_changelog_fragments_are_of_a_known_type(folder):
    names = [path.name for path in (folder / "changelog.d").iterdir() if not path.name.startswith(".")]
    assert [name for name in names if not re.fullmatch(r"[\w-]+\.(feature|bugfix|removal|doc|misc)\.md", name)] == []


def test_the_entry_point_is_named_after_the_distribution(distribution, module, project):
    declared = project["project"].get("entry-points", {}).get("miniwdl_aws", {})
    expected = {} if distribution in {META, *FLOOR} else {distribution: f"{module}.plugin"}
    assert declared == expected


def test_what_is_declared_is_installed(project):
    groups = {**project["project"].get("entry-points", {}), "console_scripts": project["project"].get("scripts", {})}
    missing = [
        (group, name)
        for group, points in groups.items()
        for name, value in points.items()
        if value not in {point.value for point in entry_points(group=group, name=name)}
    ]
    assert missing == [], "the environment is older than the tree: uv sync"


def test_the_metapackage_lists_every_part(root):
    done = subprocess.run([sys.executable, "scripts/metapackage.py"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_metapackage_pins_exactly(root, parts, hooks_version):
    project = load(root / "packages" / META / "pyproject.toml")["project"]
    listed = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    assert sorted(listed) == sorted(f"miniwdl-aws-{name}=={hooks_version}" for name in parts)


def test_the_root_lists_every_package(root, parts):
    tool = load(root / "pyproject.toml")["tool"]
    assert set(tool["uv"]["sources"]) == {META, *(f"miniwdl-aws-{name}" for name in parts)}
    linted = {f"miniwdl_aws_{name.replace('-', '_')}" for name in parts}
    assert set(tool["importlinter"]["root_packages"]) == linted
    independence = next(item for item in tool["importlinter"]["contracts"] if item["type"] == "independence")
    assert set(independence["modules"]) == linted - {f"miniwdl_aws_{name}" for name in FLOOR}


def test_pre_commit_checks_every_package(root, parts):
    config = (root / ".pre-commit-config.yaml").read_text()
    assert set(re.findall(r"-p (\w+)", config)) == {f"miniwdl_aws_{name.replace('-', '_')}" for name in parts}


def test_pre_commit_names_no_host(root):
    config = (root / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"(?m)^ *- repo: (.+)$", config) == ["local"]
