"""Credentials expire, are replaced at each question, and can't be had for a while: nobody notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .credentials import KEPT, Strict, issuer
from .miniwdl import Many, twice
from .network import network
from .test_s3 import make_run

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from promises import Promise

    from miniwdl_aws_local_cloud import LocalCloud

GONE = range(3, 7)
"""Questions that have no answer: botocore asks three times by itself."""
WRONG = "credentials expire soon, are other ones each time, and can't be had for a while"


def test_a_run_goes_on(cloud: LocalCloud, root: Path, load: Any, promise: Promise) -> None:
    many = Many(cloud, root / "credentials", load(8, 100))
    endpoint = cloud.environ["AWS_ENDPOINT_URL"]
    with issuer(cloud.job_key, GONE) as given, network(endpoint, proxy=Strict, issuer=given) as net:
        many.check(many.start("seconds=1", net=net, **given.environ))
    assert given.asked >= GONE.stop, "there were requests before, meanwhile and after"
    assert given.refused == 0
    assert twice(many) == 0
    assert many.jobs() == many.tasks
    promise(
        f"{WRONG}: a run",
        load=f"{many.tasks} tasks",
        holds="each task runs once, and gives what is its own",
        seen=f"{given.given} given, each good for {KEPT} others; {len(GONE)} questions in vain; {many.seconds}",
    )


def test_an_upload_goes_on(
    cloud: LocalCloud, shell: Any, root: Path, folder: str, chance: random.Random, load: Any, promise: Promise
) -> None:
    run_dir, contents = make_run(root, load(100, 1000), chance)
    endpoint = cloud.environ["AWS_ENDPOINT_URL"]
    with issuer(cloud.job_key, GONE) as given, network(endpoint, proxy=Strict, issuer=given) as net:
        done = shell.run(
            "miniwdl-run-s3upload", "--upload-only", str(run_dir), "--s3upload", f"{folder}/",
            env={"AWS_ENDPOINT_URL": net.url, **given.environ},
        )  # fmt: skip
    assert done.code == 0, done.stderr
    assert given.asked > GONE.start, "some were asked for in vain"
    assert given.refused == 0
    uris = shell.read_json(f"{folder}/outputs.json")["work.files"]
    assert [shell.read(uri) for uri in uris] == contents
    promise(
        f"{WRONG}: an upload",
        load=f"{len(contents)} objects, two of them in parts",
        holds="all objects are whole",
        seen=f"{given.given} given, each good for {KEPT} others, {len(GONE)} questions in vain",
    )
