from __future__ import annotations

import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import WDL.runtime.download
from WDL.runtime.config import Loader
from WDL.runtime.error import DownloadFailed

from miniwdl_aws_local_cloud.bundle import bundled_url
from miniwdl_aws_local_cloud.cloud_settings import JOB_MARKER
from miniwdl_aws_local_cloud.downloads import file_download

NAMES = "https://raw.githubusercontent.com/chanzuckerberg/miniwdl/main/tests/alyssa_ben.txt"
logger = logging.getLogger(__name__)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if "missing" in self.path:
            self.send_error(404)
            return
        body = b"hello" * 1000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + ("short" in self.path)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture(scope="module")
def site():
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def cfg(tmp_path, monkeypatch):
    monkeypatch.setenv(JOB_MARKER, "/somewhere")
    return Loader(
        logger, filenames=[], overrides={"file_io": {"root": str(tmp_path)}, "download_cache": {"dir": "cache"}}
    )


def download(cfg, uri: str) -> str:
    return WDL.runtime.download.run(cfg, logger, uri)


def test_miniwdl_finds_the_plugin_and_downloads(cfg, site, tmp_path) -> None:
    path = download(cfg, f"{site}/a%20b.txt?x=1")
    assert path.startswith(f"{tmp_path}/cache/ops/")
    assert path.endswith("/a b.txt")
    assert Path(path).read_text() == "hello" * 1000


def test_a_url_without_a_name(cfg, site) -> None:
    assert download(cfg, f"{site}/").endswith("/download")


@pytest.mark.parametrize("path", ["missing", "short"])
def test_failures(cfg, site, path) -> None:
    with pytest.raises(DownloadFailed):
        download(cfg, f"{site}/{path}")


def test_the_file_of_the_self_test_needs_no_internet(cfg) -> None:
    lines = Path(download(cfg, NAMES)).read_text().splitlines()
    assert lines[0].startswith("#")
    assert lines[1:] == ["Alyssa P. Hacker", "Ben Bitdiddle"]


def test_elsewhere_it_is_miniwdls_own_downloader(cfg, monkeypatch) -> None:
    monkeypatch.delenv(JOB_MARKER)
    generator = file_download(cfg, logger, NAMES)
    assert "aria2c" in next(generator)["task_wdl"]
    assert generator.send({"outputs": {"file": "/x"}}) == {"outputs": {"file": "/x"}}


@pytest.mark.parametrize(
    "url", ["ftp://x/y", NAMES + "?x=1", "https://example.com/../../../../etc/passwd", "https://x"]
)
def test_nothing_else_is_bundled(url) -> None:
    assert bundled_url(url) is None
