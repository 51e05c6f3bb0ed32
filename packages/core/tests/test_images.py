from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniwdl_aws_core.batch.images import ImageName, longest_match, parse_prefix, rewrite

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = "@sha256:" + "0a" * 32
CACHES = {
    "docker.io": f"{ECR}/docker-hub",
    "docker.io/broadinstitute": f"{ECR}/broad",
    "quay.io": f"{ECR}/quay",
    "public.ecr.aws": f"{ECR}/ecr-public",
    "localhost:5000": f"{ECR}/here",
}


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("ubuntu", "docker.io/library/ubuntu"),
        ("ubuntu:22.04", "docker.io/library/ubuntu:22.04"),
        (f"ubuntu{DIGEST}", f"docker.io/library/ubuntu{DIGEST}"),
        (f"ubuntu:22.04{DIGEST}", f"docker.io/library/ubuntu:22.04{DIGEST}"),
        ("library/ubuntu", "docker.io/library/ubuntu"),
        ("biocontainers/samtools:1.9", "docker.io/biocontainers/samtools:1.9"),
        ("docker.io/ubuntu:22.04", "docker.io/library/ubuntu:22.04"),
        ("index.docker.io/ubuntu", "docker.io/library/ubuntu"),
        ("quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8", "quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8"),
        ("localhost/bwa", "localhost/bwa"),
        ("localhost:5000/bwa:1", "localhost:5000/bwa:1"),
        ("registry:5000/lab/bwa", "registry:5000/lab/bwa"),
        ("localhost:5000", "docker.io/library/localhost:5000"),
    ],
)
def test_what_a_short_name_means(written: str, whole: str) -> None:
    assert str(ImageName.of(written)) == whole


@pytest.mark.parametrize(
    ("image", "becomes"),
    [
        ("ubuntu:22.04", f"{ECR}/docker-hub/library/ubuntu:22.04"),
        (f"ubuntu{DIGEST}", f"{ECR}/docker-hub/library/ubuntu{DIGEST}"),
        ("broadinstitute/gatk:4.6.0.0", f"{ECR}/broad/gatk:4.6.0.0"),
        ("broadinstitute-x/gatk", f"{ECR}/docker-hub/broadinstitute-x/gatk"),
        ("quay.io/biocontainers/bwa:1", f"{ECR}/quay/biocontainers/bwa:1"),
        ("public.ecr.aws/docker/library/ubuntu:22.04", f"{ECR}/ecr-public/docker/library/ubuntu:22.04"),
        ("localhost:5000/bwa:1", f"{ECR}/here/bwa:1"),
        ("localhost/bwa:1", "localhost/bwa:1"),
        ("quay.io.example.org/bwa:1", "quay.io.example.org/bwa:1"),
        (f"{ECR}/docker-hub/library/ubuntu:22.04", f"{ECR}/docker-hub/library/ubuntu:22.04"),
        ("", ""),
    ],
)
def test_rewriting(image: str, becomes: str) -> None:
    assert rewrite(image, CACHES) == becomes


def test_a_single_image_can_be_named() -> None:
    assert rewrite("ubuntu:22.04", {"docker.io/library/ubuntu": "quay.io/lab/linux"}) == "quay.io/lab/linux:22.04"


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("docker.io", "docker.io"),
        ("index.docker.io/lab", "docker.io/lab"),
        (" quay.io/ ", "quay.io"),
        ("localhost", "localhost"),
        ("registry:5000/lab/a_b", "registry:5000/lab/a_b"),
        (f"{ECR}/docker-hub/", f"{ECR}/docker-hub"),
    ],
)
def test_prefixes(text: str, prefix: str) -> None:
    assert parse_prefix(text) == prefix


@pytest.mark.parametrize(
    "text", ["", "/", "ubuntu", "docker-hub/lab", "https://quay.io", "quay.io//lab", "quay.io/lab:1", "quay.io/Lab",
             f"quay.io/lab{DIGEST}", "quay.io/la b", "-quay.io", "quay.io:port"],
)  # fmt: skip
def test_what_no_image_begins_with(text: str) -> None:
    with pytest.raises(ValueError):
        parse_prefix(text)


HOSTS = st.sampled_from(["docker.io", "quay.io", "localhost", "localhost:5000", ECR])
WORDS = st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+)?", fullmatch=True)
PATHS = st.lists(WORDS, min_size=1, max_size=4).map("/".join)
SUFFIXES = st.sampled_from(["", ":1", ":latest", DIGEST, f":1{DIGEST}"])
IMAGES = st.builds("{}/{}{}".format, HOSTS, PATHS, SUFFIXES) | st.builds("{}{}".format, PATHS, SUFFIXES)
PREFIXES = st.builds("{}{}".format, HOSTS, st.just("") | PATHS.map("/".__add__))


@given(IMAGES | st.text(max_size=30))
def test_a_whole_name_means_itself(image: str) -> None:
    whole = str(ImageName.of(image))
    assert str(ImageName.of(whole)) == whole
    assert whole.endswith(image.rpartition("/")[2])


@given(IMAGES, st.dictionaries(PREFIXES, PREFIXES, max_size=5))
def test_the_longest_prefix_wins_and_the_rest_stays(image: str, prefixes: dict[str, str]) -> None:
    name = ImageName.of(image)
    parts = name.repository.split("/")
    fitting = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    best = next((prefix for prefix in reversed(fitting) if prefix in prefixes), None)
    new = rewrite(image, prefixes)
    if best is None:
        assert new == image
        assert longest_match(image, prefixes) is None
    else:
        assert longest_match(image, prefixes) == (best, prefixes[best])
        assert new == prefixes[best] + name.repository[len(best) :] + name.suffix


@given(IMAGES, PREFIXES)
def test_what_is_rewritten_is_a_name_below_the_new_prefix(image: str, prefix: str) -> None:
    new = rewrite(image, {ImageName.of(image).registry: prefix})
    assert ImageName.of(new).repository.startswith(parse_prefix(prefix).partition("/")[0])
    assert re.split("[:@]", new.rpartition("/")[2], maxsplit=1)[0] == ImageName.of(image).path.rpartition("/")[2]


@given(PREFIXES)
def test_prefixes_are_read_as_they_are_given(prefix: str) -> None:
    assert parse_prefix(parse_prefix(prefix)) == parse_prefix(prefix) == prefix
