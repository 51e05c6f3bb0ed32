"""Connections stay open as long as they are good, and go the way that the environment names."""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from miniwdl_aws_s3_rails.errors import AccessError, LineError
from miniwdl_aws_s3_rails.transfer.reach import connections as connections_module
from miniwdl_aws_s3_rails.transfer.reach.connections import Connections, pieces

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndata"

Wire = Callable[[socket.socket], None]


class Peer:
    """A server that does with each connection what a script says, and keeps what it was sent."""

    def __init__(self, *scripts: list[bytes | Wire | None], tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._scripts, self._tls = scripts, tls
        self.heads: list[str] = []
        self.taken = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.taken += 1
            connection.settimeout(5)  # a test that fails must not wait for a client that never comes
            with connection, suppress(OSError):
                self._follow(self._tls.wrap_socket(connection, server_side=True) if self._tls else connection, script)

    def _follow(self, connection: socket.socket, script: list[bytes | Wire | None]) -> None:
        with connection:
            for step in script:
                head = b""
                while b"\r\n\r\n" not in head:
                    if not (more := connection.recv(4096)):
                        return
                    head += more
                self.heads.append(head.decode())
                if isinstance(step, bytes):
                    connection.sendall(step)
                elif step:
                    step(connection)

    def close(self) -> None:
        with socket.socket() as last:  # in case that it still waits for somebody
            last.connect(("127.0.0.1", self.port))
        self._listener.close()
        self._thread.join()


@contextmanager
def peer(*scripts: list[bytes | Wire | None], tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    server = Peer(*scripts, tls=tls)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def get(connections: Connections, server: str, size: int = 99) -> bytes:
    with connections.answered(server, "GET", "/b/k", {"host": "h"}) as response:
        return b"".join(bytes(piece) for piece in pieces(response, size))


def test_a_connection_serves_many_requests() -> None:
    connections = Connections()
    with peer([ANSWER, ANSWER, ANSWER]) as server:
        assert [get(connections, server.url, size) for size in (1, 4, 99)] == [b"data"] * 3
        assert server.taken == 1
        del connections


def test_one_that_the_server_has_closed_meanwhile_is_no_failure() -> None:
    connections = Connections()
    with peer([ANSWER], [ANSWER]) as server:
        assert get(connections, server.url) == b"data"
        assert get(connections, server.url) == b"data"
        assert server.taken == 2
        del connections


def test_one_whose_answer_was_not_read_to_its_end_is_not_used_again() -> None:
    connections = Connections()
    with peer([ANSWER, ANSWER], [ANSWER]) as server:
        with connections.answered(server.url, "GET", "/b/k", {"host": "h"}):
            pass
        assert get(connections, server.url) == b"data"
        assert server.taken == 2
        del connections


@pytest.mark.parametrize("answer", [
    b"", b"HTTP/1.1 200", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ndata",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\ndata\r\n",
])  # fmt: skip
def test_what_breaks_says_so(answer: bytes) -> None:
    with peer([answer]) as server, pytest.raises(LineError, match=r"no answer from http://127|the answer broke off"):
        get(Connections(), server.url)


@pytest.mark.parametrize("begun", [b"", ANSWER[:-1]])
def test_a_server_that_stalls_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(connections_module, "READ_TIMEOUT", 0.1)
    given_up = threading.Event()

    def stall(connection: socket.socket) -> None:
        connection.sendall(begun)
        given_up.wait(30)

    with peer([stall]) as server:
        asked = time.monotonic()
        with pytest.raises(LineError, match="timed out"):
            get(Connections(), server.url)
        given_up.set()
    assert time.monotonic() - asked < 5


def test_a_header_that_can_not_be_sent_leaves_nothing_open() -> None:
    with peer([ANSWER]) as server:
        answered = Connections().answered(server.url, "GET", "/b/k", {"host": "h", "if-match": '"e\n"'})
        with pytest.raises(ValueError, match="Invalid header value"), answered:
            pass


def test_nobody_is_there() -> None:
    with pytest.raises(LineError, match=r"no answer from http://127\.0\.0\.1:1 "):
        get(Connections(), "http://127.0.0.1:1")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """File of a certificate that nobody knows, and how a server shows it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    begins = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begins).not_valid_after(begins + timedelta(days=9))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("s3.example")])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("authority") / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.with_name("key.pem").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, path.with_name("key.pem"))
    return path, context


def test_certificates_of_the_bundle_are_trusted(authority: tuple[Path, ssl.SSLContext]) -> None:
    path, context = authority
    with peer([ANSWER], tls=context) as server:
        assert get(Connections(str(path)), server.url) == b"data"


class TestProxies:
    @pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
    def test_plain_requests_name_their_server(self, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        with peer([ANSWER]) as proxy:
            monkeypatch.setenv(variable, f"http://me:p%40ss@127.0.0.1:{proxy.port}")
            assert get(Connections(), "http://s3.example:81") == b"data"
        (head,) = proxy.heads
        assert head.startswith("GET http://s3.example:81/b/k HTTP/1.1\r\n")
        assert "proxy-authorization: Basic bWU6cEBzcw==\r\n" in head

    def test_secure_ones_go_through_a_tunnel(
        self, monkeypatch: pytest.MonkeyPatch, authority: tuple[Path, ssl.SSLContext]
    ) -> None:
        path, context = authority
        inside: list[str] = []

        def tunnel(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with context.wrap_socket(connection.dup(), server_side=True) as secured:
                inside.append(secured.recv(4096).decode())
                secured.sendall(ANSWER)

        with peer([tunnel]) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"me:secret@127.0.0.1:{proxy.port}")
            assert get(Connections(str(path)), "https://s3.example") == b"data"
        assert proxy.heads[0].startswith("CONNECT s3.example:443 HTTP/1.")
        assert "proxy-authorization: Basic bWU6c2VjcmV0\r\n" in proxy.heads[0]
        assert inside[0].startswith("GET /b/k HTTP/1.1\r\n")
        assert "secret" not in inside[0].lower()
        assert "proxy" not in inside[0].lower()

    def test_a_proxy_that_refuses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with peer([b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"]) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            with pytest.raises(LineError, match="407"):
                get(Connections(), "https://s3.example")

    @pytest.mark.parametrize("exempt", ["127.0.0.1", "x,.example,127.0.0.1", "*"])
    def test_some_servers_are_reached_without(self, monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("NO_PROXY", exempt)
        with peer([ANSWER]) as server:
            assert get(Connections(), server.url) == b"data"

    @pytest.mark.parametrize("proxy", ["https://me:secret@proxy:1", "socks5://me:secret@proxy:1", "http://"])
    def test_what_is_none_of_http_is_one_sentence(self, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(AccessError, match="the proxy that HTTPS_PROXY or ALL_PROXY names") as caught:
            get(Connections(), "https://s3.example")
        assert "secret" not in caught.value.message
        assert "http://HOST:PORT" in str(caught.value.hint)
