"""Files and folders of one folder of S3, which tasks see beside each other, wherever each of them comes from."""

from pathlib import Path
from typing import Any

import pytest

NAMES = ("calls.tab", "calls.tab.idx", "index_of_calls/part")


@pytest.fixture
def samples(bucket: Any) -> dict[str, str]:
    """Content of two folders with equal names, by URI; that of a folder is what its only file holds."""
    content = {f"{sample}/{name}": f"{sample} {name}" for sample in ("s1", "s2") for name in NAMES}
    for key, text in content.items():
        bucket[key] = text.encode()
    return {bucket.uri(key.removesuffix("part")): text for key, text in content.items()}


def seen(run: Any, uris: list[str]) -> dict[str, Path]:
    """Download as miniwdl does: a workflow first, then its tasks, which ask for the copies."""
    for _ in range(2):
        # To miniwdl, a Directory has no slash at its end.
        paths = {uri: run.download(uri.rstrip("/"), directory=uri.endswith("/"))[1] for uri in uris}
    return paths


def check(paths: dict[str, Path], samples: dict[str, str]) -> None:
    assert {uri: (path / "part" if uri.endswith("/") else path).read_text() for uri, path in paths.items()} == samples
    for uri, path in paths.items():
        above, _, name = uri.rstrip("/").rpartition("/")
        assert path.name == name
        for other, beside in paths.items():
            assert (path.parent == beside.parent) == (above == other.rstrip("/").rpartition("/")[0]), (uri, other)


HABITS: list[dict[str, Any]] = [
    {"backend": backend, "put": put, "get": get}
    for backend in ("dir", "s3_rails")
    for put in (False, True)
    for get in (False, True)
] + [{"backend": "s3_rails", "revalidate": "true", "put": True, "get": True}]


@pytest.mark.parametrize("server", ["moto"], indirect=True)
@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: "-".join(f"{key}={value}" for key, value in habit.items()))
def test_together(bucket: Any, miniwdl: Any, samples: dict[str, str], habit: dict[str, Any]) -> None:
    if habit["backend"] == "dir" and habit["put"]:
        # miniwdl's own cache keeps files and folders apart.
        samples = {uri: text for uri, text in samples.items() if not uri.endswith("/")}
    check(seen(miniwdl(**habit), list(samples)), samples)


@pytest.mark.parametrize("server", ["moto"], indirect=True)
@pytest.mark.parametrize("habit", [habit for habit in HABITS if habit["backend"] == "s3_rails"], ids=str)
def test_together_when_some_are_cached(
    bucket: Any, miniwdl: Any, root: Path, samples: dict[str, str], habit: dict[str, Any]
) -> None:
    before = {**habit, "put": True, "get": True}
    half = [uri for uri in samples if uri.endswith((f"s1/{NAMES[0]}", NAMES[1], "s2/index_of_calls/"))]
    seen(miniwdl(**before), half)
    run = miniwdl(**habit)
    run.run_dir = root / "20250101_000001_wf"
    run.run_dir.mkdir()
    paths = seen(run, list(samples))
    check(paths, samples)
    assert all(path.is_relative_to(run.run_dir) for path in paths.values())


@pytest.mark.parametrize("server", ["moto"], indirect=True)
@pytest.mark.parametrize("cached", [False, True])
def test_a_place_that_is_taken(
    bucket: Any, miniwdl: Any, samples: dict[str, str], monkeypatch: pytest.MonkeyPatch, cached: bool
) -> None:
    """By another key, on a file system that takes capitals for small letters: better apart than mistaken for it."""
    run = miniwdl(backend="s3_rails", put=cached, get=cached)
    uri = next(iter(samples))
    place = run.run_dir / "download" / bucket.name / "_s1" / NAMES[0]
    place.parent.mkdir(parents=True)
    place.write_text("another object")
    (path,) = seen(run, [uri]).values()
    assert path.read_text() == samples[uri]
    assert place.read_text() == "another object"


@pytest.mark.parametrize("server", ["moto"], indirect=True)
@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("other", ["a file", "a folder"])
def test_a_place_of_a_folder_that_is_taken(
    bucket: Any, miniwdl: Any, samples: dict[str, str], cached: bool, other: str
) -> None:
    """By an object of the same name, or by another empty folder where capitals are small letters."""
    run = miniwdl(backend="s3_rails", put=cached, get=cached)
    place = run.run_dir / "download" / bucket.name / "_s1" / "index_of_calls"
    (place if other == "a folder" else place.parent).mkdir(parents=True)
    if other == "a file":
        place.write_text("another object")
    uri = bucket.uri("s1/index_of_calls/")
    (path,) = seen(run, [uri]).values()
    assert path != place
    assert (path / "part").read_text() == samples[uri]
    assert place.read_text() == "another object" if other == "a file" else not list(place.iterdir())


@pytest.mark.parametrize("server", ["moto"], indirect=True)
@pytest.mark.parametrize("cached", [False, True])
def test_a_planted_folder(bucket: Any, miniwdl: Any, root: Path, samples: dict[str, str], cached: bool) -> None:
    """Tasks can write into a run directory without isolation; nothing is put where such a link leads."""
    run = miniwdl(backend="s3_rails", put=cached, get=cached)
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    (run.run_dir / "download").mkdir()
    (run.run_dir / "download" / bucket.name).symlink_to(elsewhere)
    uri = next(iter(samples))
    (path,) = seen(run, [uri]).values()
    assert path.read_text() == samples[uri]
    assert not list(elsewhere.iterdir())
