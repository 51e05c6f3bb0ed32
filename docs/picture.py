"""
Take the picture of a run's report for the first page: ``docs/assets/report.png``.

An example really runs, on a local cloud of its own, and the page that the run wrote of itself is shown to a browser
without a window. ``python docs/picture.py FOLDER`` puts that cloud into a folder whose path the picture may show, such
as ``/home/me/cloud``, and removes it. Needs ``chromium``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/assets/report.png"
WIDTH, HEIGHT = 1280, 1000
"""Pixels: from the outcome down to what each task took."""
MOST = 150_000
"""Bytes."""
EXAMPLE = "examples/genome_stats"
RESULTS = "demo/genome_stats"


def run(cloud: Path) -> None:
    """Run the example."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "MINIWDL_AWS_LOCAL_DIR": str(cloud)}
    words = [f"{EXAMPLE}/genome_stats.wdl", "-i", f"{EXAMPLE}/inputs.json", "--s3upload", f"s3://{RESULTS}/"]
    try:
        subprocess.run(["miniwdl-aws-submit", "--local", *words, "--wait"], cwd=ROOT, env=environ, check=True)
    finally:
        subprocess.run(["miniwdl-aws", "local", "down"], env=environ, check=False, capture_output=True)


def take(page: Path, picture: Path) -> None:
    """Show a page, and keep what is seen of it."""
    look = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    size = [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={picture}"]
    subprocess.run(["chromium", *look, *size, page.as_uri()], check=True, capture_output=True)
    if picture.stat().st_size > MOST:
        raise SystemExit(f"the picture has {picture.stat().st_size} bytes, and the first page has room for {MOST}")


def main(cloud: Path) -> None:
    """Run, show, and keep."""
    cloud.mkdir(parents=True)
    try:
        run(cloud)
        with tempfile.TemporaryDirectory() as made:
            taken = Path(made, PICTURE.name)
            take(cloud / "s3" / RESULTS / "report.html", taken)
            shutil.copyfile(taken, PICTURE)
    finally:
        shutil.rmtree(cloud)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("name a new folder for the cloud: python docs/picture.py /home/me/cloud")
    main(Path(sys.argv[1]))
