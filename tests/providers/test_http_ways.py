"""Ways to a server: proxies, certificates of one's own, resumed sessions, IPv6 or IPv4; failures are named.

On both event loops: the gateway runs on uvloop, control on asyncio's.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from volant.core.errors import BadInput
from volant.providers.http import Collector, HttpClient, Origin, Timeouts, TransportError, dialing, request_head
from volant.providers.http.tls import tls_object

pytestmark = pytest.mark.anyio
GET = [("accept", "*/*")]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    one = HttpClient()
    yield one
    await one.aclose()
    await asyncio.sleep(0.01)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path / "localhost.pem")


def make_certificate(place: Path) -> Path:
    """Key and certificate of "localhost", in one file, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    place.write_bytes(secret + made.public_bytes(pem))
    return place


class Servers:
    """Servers of one test, closed after it."""

    def __init__(self) -> None:
        self._all: list[asyncio.Server] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self, handler: Any, **more: Any) -> int:
        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.append(writer)
            try:
                await handler(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(served, more.pop("host", "127.0.0.1"), 0, **more)
        self._all.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        for server in self._all:
            server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    some = Servers()
    yield some
    await some.stop()


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()


class FakeProxy:
    """Speaks CONNECT and absolute-form; notes the heads that it was sent."""

    def __init__(self, refuse: bytes = b"") -> None:
        self.heads: list[bytes] = []
        self.refuse = refuse

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        if self.refuse:
            writer.write(self.refuse)
            await writer.drain()
            return
        if not head.startswith(b"CONNECT "):
            writer.write(OK)
            await writer.drain()
            return
        host, _, port = head.split(b" ")[1].rpartition(b":")
        there, back = await asyncio.open_connection(host.decode(), int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\nvia: a test\r\n\r\n")

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while piece := await source.read(4096):
                sink.write(piece)
                await sink.drain()

        copying = asyncio.ensure_future(copy(there, writer))
        try:
            await copy(reader, back)
        finally:
            copying.cancel()
            back.close()


async def _fetch(client: HttpClient, origin: Origin) -> bytes:
    return (await client.fetch(origin, request_head("GET", origin, "/x", GET), None)).body


async def _error(client: HttpClient, origin: Origin) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await client.fetch(origin, request_head("GET", origin, "/x", GET), None, Timeouts(connect_s=3))
    return caught.value


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


# ---------------------------------------------------------------- proxies
async def test_a_plain_server_behind_a_proxy_is_named_in_the_request_line(client: HttpClient, servers: Servers) -> None:
    proxy = FakeProxy()
    port = await servers.start(proxy)
    origin = Origin("api.example", 8000).via(f"http://me:s%20cret@127.0.0.1:{port}")
    assert await _fetch(client, origin) == b"hello"
    [head] = proxy.heads
    assert head.startswith(b"GET http://api.example:8000/x HTTP/1.1\r\nhost: api.example:8000\r\n")
    assert b"proxy-authorization: Basic " + base64.b64encode(b"me:s cret") in head


async def test_a_tls_server_behind_a_proxy_is_reached_by_connect(
    client: HttpClient, servers: Servers, certificate: Path
) -> None:
    heads: list[bytes] = []

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK)
            await writer.drain()

    tls_port = await servers.start(server, ssl=_tls(certificate))
    proxy = FakeProxy()
    port = await servers.start(proxy)
    origin = Origin("localhost", tls_port, True).via(f"http://me:secret@127.0.0.1:{port}", str(certificate))
    for _ in range(2):
        assert await _fetch(client, origin) == b"hello"
    [head] = proxy.heads  # kept alive: one tunnel
    assert head.startswith(b"CONNECT localhost:%d HTTP/1.1\r\n" % tls_port)
    assert b"proxy-authorization: Basic" in head
    assert all(one.startswith(b"GET /x HTTP/1.1") and b"proxy-authorization" not in one for one in heads)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "credentials"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "502"),
        (b"HTTP/1.1 200 OK\r\n", "closed"),
        (b"SSH-2.0 hello\r\n\r\n", "refused"),
        (b"HTTP/1.1 200 OK\r\n\r\nearly", "spoke on"),
    ],
)
async def test_a_proxy_that_refuses(client: HttpClient, servers: Servers, answer: bytes, said: str) -> None:
    port = await servers.start(FakeProxy(answer))
    error = await _error(client, Origin("localhost", 9, True).via(f"http://me:secret@127.0.0.1:{port}"))
    assert error.code == "proxy_failed"
    assert said in str(error)
    assert "secret" not in str(error)


async def test_a_proxy_that_is_not_there(client: HttpClient) -> None:
    error = await _error(client, Origin("localhost", 9, True).via("http://127.0.0.1:9"))
    assert (error.code, "no way to the proxy" in str(error)) == ("proxy_failed", True)


@pytest.mark.parametrize(
    "url", ["https://a", "socks5://a:1", "http://", "http://a:x", "nothing", "http://u:hunter2@h/p"]
)
async def test_what_is_no_proxy(url: str) -> None:
    with pytest.raises(BadInput, match="proxy") as caught:
        Origin("a", 80).via(url)
    assert "hunter2" not in str(caught.value)


# ---------------------------------------------------------------- TLS
async def test_a_ca_file_is_trusted_instead_of_the_system_s(
    client: HttpClient, servers: Servers, certificate: Path, tmp_path: Path
) -> None:
    port = await servers.start(hello, ssl=_tls(certificate))
    plain = Origin("localhost", port, True)
    assert await _fetch(client, plain.via(ca_file=str(certificate))) == b"hello"
    assert (await _error(client, plain)).code == "tls_failed"
    other = make_certificate(tmp_path / "other.pem")
    assert (await _error(client, plain.via(ca_file=str(other)))).code == "tls_failed"
    other.write_bytes(certificate.read_bytes())  # the file is replaced: no restart
    assert await _fetch(client, plain.via(ca_file=str(other))) == b"hello"


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_a_ca_file_that_cannot_be_used_is_named(
    client: HttpClient, tmp_path: Path, content: bytes | None
) -> None:
    place = tmp_path / "ca.pem"
    if content is not None:
        place.write_bytes(content)
    error = await _error(client, Origin("127.0.0.1", 9, True).via(ca_file=str(place)))
    assert error.code == "tls_failed"
    assert str(place) in str(error)


async def test_a_name_that_the_certificate_does_not_have(
    client: HttpClient, servers: Servers, certificate: Path
) -> None:
    port = await servers.start(hello, ssl=_tls(certificate))
    error = await _error(client, Origin("127.0.0.1", port, True).via(ca_file=str(certificate)))
    assert error.code == "tls_failed"


async def test_a_server_without_tls_and_one_that_hangs_up(client: HttpClient, servers: Servers) -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)

    for handler in (rude, _plain_answer):
        port = await servers.start(handler)
        assert (await _error(client, Origin("localhost", port, True))).code == "tls_failed"


async def _plain_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)
    writer.write(OK)
    await writer.drain()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_session_is_taken_up_again(
    client: HttpClient, servers: Servers, certificate: Path, version: ssl.TLSVersion
) -> None:
    context = _tls(certificate)
    context.maximum_version = version
    port = await servers.start(hello, ssl=context)
    origin = Origin("localhost", port, True).via(ca_file=str(certificate))
    reused = []
    for _ in range(3):
        connection = await client.connect(origin, fresh=True)
        sink = Collector(client.loop)
        connection.start(request_head("GET", origin, "/", GET) + b"\r\n", sink, Timeouts())
        assert (await sink.answer).body == b"hello"
        tls = tls_object(connection.transport)
        assert tls is not None
        reused.append(tls.session_reused)
    assert reused == [False, True, True]


# ---------------------------------------------------------------- names and addresses
async def test_a_name_that_does_not_exist(client: HttpClient) -> None:
    assert (await _error(client, Origin("no-such-host.invalid", 80))).code == "dns_failed"


async def test_ipv6_and_ipv4_are_tried_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    six, four = (socket.AF_INET6, ("::1", 1, 0, 0)), (socket.AF_INET, ("127.0.0.1", 1))

    async def found(*_: Any, **__: Any) -> list[Any]:
        return [(family, 0, 0, "", address) for family, address in (six, six, four, four)]

    monkeypatch.setattr(loop, "getaddrinfo", found, raising=False)
    assert await dialing.resolve(loop, "a.example", 1) == [six, four, six, four]


async def test_a_silent_address_delays_by_a_quarter_of_a_second_only(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = await servers.start(hello)
    silent = socket.socket()  # its queue is full: the kernel answers nobody
    silent.bind(("127.0.0.1", 0))
    silent.listen(0)
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(silent.getsockname())
    loop = asyncio.get_running_loop()

    async def addresses(*_: Any) -> list[Any]:
        return [(socket.AF_INET, silent.getsockname()), (socket.AF_INET, ("127.0.0.1", port))]

    monkeypatch.setattr(dialing, "resolve", addresses)
    try:
        started = loop.time()
        with await dialing.dial(loop, "a.example", 80) as sock:
            assert sock.getpeername()[1] == port
        assert 0.2 <= loop.time() - started < 15
    finally:
        await asyncio.sleep(0.01)
        for one in (*fillers, silent):
            one.close()


async def test_a_refusing_address_does_not_delay_at_all(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    port = await servers.start(hello)
    loop = asyncio.get_running_loop()

    async def addresses(*_: Any) -> list[Any]:
        return [(socket.AF_INET, ("127.0.0.1", 9)), (socket.AF_INET, ("127.0.0.1", port))]

    monkeypatch.setattr(dialing, "resolve", addresses)
    monkeypatch.setattr(dialing, "STAGGER_S", 60.0)
    started = loop.time()
    with await dialing.dial(loop, "a.example", 80):
        assert loop.time() - started < 30


async def test_when_every_address_refuses_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def addresses(*_: Any) -> list[Any]:
        return [(socket.AF_INET, ("127.0.0.1", 9)), (socket.AF_INET, ("127.0.0.1", 9))]

    monkeypatch.setattr(dialing, "resolve", addresses)
    with pytest.raises(TransportError) as caught:
        await dialing.dial(asyncio.get_running_loop(), "a.example", 80)
    assert caught.value.code == "connect_refused"


# ---------------------------------------------------------------- what a server may get wrong
async def test_a_reset_has_its_name(client: HttpClient, servers: Servers) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        writer.transport.abort()

    port = await servers.start(reset)
    assert (await _error(client, Origin("127.0.0.1", port))).code == "reset"


async def test_bytes_behind_an_answer_never_reach_the_next_one(client: HttpClient, servers: Servers) -> None:
    other = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG"

    async def talks_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK + other)
            await writer.drain()

    port = await servers.start(talks_on)
    for _ in range(10):
        assert await _fetch(client, Origin("127.0.0.1", port)) == b"hello"
