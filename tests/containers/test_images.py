"""The image of workflow jobs, and that of download tasks."""

from __future__ import annotations

import json
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = pytest.mark.containers

MOST_MB = 120
"""That the image may add to its base."""


def inspect(images, image: str):
    found = subprocess.run([images.engine, "image", "inspect", image], capture_output=True, check=True)
    return json.loads(found.stdout)[0]


@pytest.fixture(scope="module")
def described(images, workflow_image):
    return inspect(images, workflow_image)


def test_labels(described) -> None:
    labels = described["Config"]["Labels"]
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    assert labels["org.opencontainers.image.version"]


def test_size(images, described) -> None:
    if images.base is None:
        pytest.skip("known only for the base image that CI makes")
    assert (described["Size"] - inspect(images, images.base)["Size"]) / 1e6 < MOST_MB


def test_any_user_may_run_it(images, workflow_image) -> None:
    options = ["--rm", "--user", "54321:54321", "--read-only", "--tmpfs", "/tmp"]
    script = "miniwdl --version && miniwdl-run-s3upload --help && miniwdl-aws-logs --help && id -u"
    done = subprocess.run(
        [images.engine, "run", *options, workflow_image, "bash", "-ec", script],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "54321"
    assert "Traceback" not in done.stderr


def test_the_same_inputs_give_the_same_image(images, workflow_image) -> None:
    if images.engine != "podman":
        pytest.skip("docker keeps the times of files")
    again = f"{workflow_image}-again"
    images.build_workflow(again, "--no-cache")
    try:
        layers = [inspect(images, image)["RootFS"]["Layers"] for image in (workflow_image, again)]
    finally:
        subprocess.run([images.engine, "rmi", "--force", again], check=False, capture_output=True)
    assert layers[0] == layers[1]


@pytest.fixture
def site(tmp_path):
    """A web server of this machine, which has one file."""
    (tmp_path / "names.txt").write_text("Alice\n")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


WDL = """version 1.1
task greet {
    input { File names  String image }
    command <<< sed 's/^/Hello, /' "~{names}" >>>
    output { String said = read_string(stdout()) }
    runtime { docker: image  memory: "256 MiB" }
}
"""


def test_download_tasks(shell, images, task_image, site, tmp_path) -> None:
    wdl = tmp_path / "greet.wdl"
    wdl.write_text(WDL)
    done = shell.submit(
        str(wdl), f"names={site}/names.txt", f"image={task_image}", "--s3upload", "s3://demo/download/", "--wait",
        env={"MINIWDL__DOWNLOAD_ARIA2C__DOCKER": images.downloads()},
    )  # fmt: skip
    assert done.code == 0, done.stderr
    assert shell.read_json("s3://demo/download/outputs.json") == {"greet.said": "Hello, Alice"}
