import os
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from miniwdl_aws_hooks.discovery import FoundPoint, find_points


def install(folder: Path, name: str, text: str | None) -> Path:
    info = folder / name
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.partition('-')[0]}\nVersion: 1\n")
    if text is not None:
        (info / "entry_points.txt").write_text(text)
    return folder


def test_it_finds_what_importlib_metadata_finds() -> None:
    for group in ("miniwdl_aws", "console_scripts", "pytest11"):
        expected = {(point.name, point.value) for point in entry_points(group=group)}
        assert {(point.name, point.value) for point in find_points(group)} == expected


def test_a_file_is_read_by_its_specification(tmp_path: Path) -> None:
    text = (
        "[other]\nx = y\n\n[ my.group ]\n# a comment\n; another\na=one.two\n"
        "  b = three : four [extra]\n[my.group2]\nc = d\n"
    )
    install(tmp_path, "some-1.0.dist-info", text)
    points = find_points("my.group", [str(tmp_path)])
    assert points == [FoundPoint("a", "one.two"), FoundPoint("b", "three : four [extra]")]


def test_of_two_distributions_of_one_name_the_first_counts(tmp_path: Path) -> None:
    first = install(tmp_path / "1", "Same.Name-1.0.dist-info", None)
    second = install(tmp_path / "2", "same_name-2.0.dist-info", "[g]\na = b\n")
    install(second, "other.egg-info", "[g]\nc = d\n")
    path = [str(first), str(tmp_path / "missing"), str(second)]
    assert find_points("g", path) == [FoundPoint("c", "d")]


def test_zip_files_are_left_to_importlib_metadata(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.writestr("z-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: z\nVersion: 1\n")
        archive.writestr("z-1.0.dist-info/entry_points.txt", "[g]\na = b\n")
    (point,) = find_points("g", [str(tmp_path / "zipped.zip")])
    assert (point.name, point.value) == ("a", "b")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("os.path", os.path), ("os:path.join", os.path.join), ("os : sep [extra]", os.sep)],
)
def test_loading(value: str, expected: object) -> None:
    assert FoundPoint("x", value).load() is expected


def test_the_manager_starts_without_what_is_slow_to_import() -> None:
    code = (
        "import sys; from miniwdl_aws_hooks import hookimpl, get_manager; get_manager();"
        "print(*{'email', 'zipfile', 'importlib.metadata', 'importlib.resources', 'logging'} & set(sys.modules))"
    )
    environ = {"MINIWDL_AWS_DISABLE_PLUGINS": ",".join(point.name for point in find_points("miniwdl_aws"))}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
