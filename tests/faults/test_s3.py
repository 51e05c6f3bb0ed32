"""S3 fails, resets, truncates, forges and loses answers: products arrive whole, or nothing claims that they did."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from faulty import FAULTS, Faults, faulty_proxy

from miniwdl_aws_hooks import ExitCode

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from promises import Promise

    from miniwdl_aws_local_cloud import LocalCloud

DONE = "2026-11-27 22:27:01.629 wdl.w:work NOTICE done\n"


def make_run(root: Path, objects: int, chance: random.Random) -> tuple[Path, list[bytes]]:
    """A run of miniwdl's that has ended, and the content of its output files; two are sent in parts."""
    run_dir = root / f"{time.strftime('%Y%m%d_%H%M%S')}_work"
    contents = [chance.randbytes(17 << 20 if number < 2 else chance.randrange(5000)) for number in range(objects)]
    for number, content in enumerate(contents):
        path, link = run_dir / f"call-work/work/{number}.bin", run_dir / f"out/files/{number}/{number}.bin"
        for made in (path, link):
            made.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        link.symlink_to(path)
    files = [str(run_dir / f"out/files/{number}/{number}.bin") for number in range(objects)]
    (run_dir / "outputs.json").write_text(json.dumps({"work.files": files}))
    (run_dir / "workflow.log").write_text(DONE)
    return run_dir, contents


def test_what_is_uploaded_is_whole(
    cloud: LocalCloud, shell: Any, root: Path, folder: str, chance: random.Random, load: Any, promise: Promise
) -> None:
    objects, seen = load(40, 500), []
    run_dir, contents = make_run(root, objects, chance)
    for share in load((0.2,), (0.2, 0.5, 0.8)):
        faults, began = Faults(share, FAULTS, chance.random()), time.monotonic()
        target = f"{folder}-{share}/"
        with faulty_proxy(cloud.environ["AWS_ENDPOINT_URL"], faults) as url:
            done = shell.run(
                "miniwdl-run-s3upload", "--upload-only", str(run_dir), "--s3upload", target,
                env={"AWS_ENDPOINT_URL": url},
            )  # fmt: skip
        prefix = target.removeprefix("s3://demo/")
        keys = {key.removeprefix(prefix) for key in shell.keys("demo", prefix)}
        assert "Traceback" not in done.stderr
        assert ("outputs.json" in keys) is (done.code == 0), done.stderr
        if done.code == 0:
            uris = shell.read_json(f"{target}outputs.json")["work.files"]
            assert [shell.read(uri) for uri in uris] == contents
        else:
            assert done.code in (ExitCode.UPLOAD_FAILED, ExitCode.REFUSED), done.stderr
        ended = "all whole" if done.code == 0 else f"exit code {done.code}, no outputs.json"
        seen.append(f"{share:.0%}: {ended} after {faults.met.total()} faults, {time.monotonic() - began:.0f} s")
        assert share > 0.2 or done.code == 0, done.stderr
    promise(
        "requests to S3 fail, are reset, truncated, damaged, or their answers lost",
        load=f"{objects} objects, two of them in parts",
        holds="all objects are whole, or the exit code says that they aren't, and there is no outputs.json",
        seen="; ".join(seen),
    )
