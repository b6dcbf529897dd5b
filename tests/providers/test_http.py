"""The HTTP client against real sockets: TCP, TLS, Unix; whole, in pieces, cut off, slow, stale."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from volant.core.errors import BadInput
from volant.providers.http import Collector, HttpClient, Origin, Timeouts, TransportError, request_head
from volant.providers.http.client import ROOM_BYTES

pytestmark = pytest.mark.anyio
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    one = HttpClient()
    yield one
    await one.aclose()


class Server:
    """Answers every request with the same bytes; counts connections."""

    def __init__(self, answer: bytes, *, close: bool = False, pause_s: float = 0.0, piece: int = 0) -> None:
        self.answer, self.close, self.pause_s, self.piece = answer, close, pause_s, piece
        self.connections = 0
        self.requests: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
                )
                self.requests.append(head + await reader.readexactly(length))
                await asyncio.sleep(self.pause_s)
                size = self.piece or len(self.answer) or 1
                for at in range(0, len(self.answer), size):
                    writer.write(self.answer[at : at + size])
                    await writer.drain()
                    if self.piece:
                        await asyncio.sleep(0)
                if self.close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def start(self) -> Origin:
        self.server = await asyncio.start_server(self, "127.0.0.1", 0)
        return Origin("127.0.0.1", self.server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self.server.close()
        for writer in self.writers:
            writer.close()
        await asyncio.sleep(0.01)


GET = [("accept", "*/*")]
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Mine: a\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED, b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN])
@pytest.mark.parametrize("piece", [0, 1])
async def test_a_whole_answer_on_a_kept_connection(client: HttpClient, answer: bytes, piece: int) -> None:
    server = Server(answer, piece=piece)
    origin = await server.start()
    for _ in range(3):
        found = await client.fetch(origin, request_head("POST", origin, "/x", GET), b"body")
        assert (found.status, found.body) == (200, b"hello")
    assert server.connections == 1
    assert server.requests[0].endswith(b"content-length: 4\r\n\r\nbody")
    await server.stop()


async def test_an_answer_that_ends_with_its_connection(client: HttpClient) -> None:
    server = Server(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", close=True)
    origin = await server.start()
    found = await client.fetch(origin, request_head("GET", origin, "/", GET), None)
    assert found.body == b"until the end"
    await server.stop()


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body(client: HttpClient, status: int) -> None:
    server = Server(b"HTTP/1.1 %d X\r\n\r\n" % status)
    origin = await server.start()
    assert (await client.fetch(origin, request_head("GET", origin, "/", GET), None)).status == status
    await server.stop()


async def test_the_answer_to_a_head_request(client: HttpClient) -> None:
    server = Server(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n")
    origin = await server.start()
    found = await client.fetch(origin, request_head("HEAD", origin, "/", GET), None)
    assert (found.status, found.body, found.header(b"content-length")) == (200, b"", b"99")
    await server.stop()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "closed"),
        (CHUNKED[:-9], "closed"),
        (b"HTTP/1.1 200 OK\r\nconte", "closed"),
        (b"", "closed"),
        (b"SSH-2.0-OpenSSH\r\n", "broken_answer"),
    ],
)
async def test_what_is_no_whole_answer(client: HttpClient, answer: bytes, code: str) -> None:
    server = Server(answer, close=True)
    origin = await server.start()
    with pytest.raises(TransportError) as caught:
        await client.fetch(origin, request_head("GET", origin, "/", GET), None)
    assert caught.value.code == code
    await server.stop()


async def test_timeouts(client: HttpClient) -> None:
    server = Server(PLAIN, pause_s=5)
    origin = await server.start()
    with pytest.raises(TransportError) as caught:
        await client.fetch(origin, request_head("GET", origin, "/", GET), None, Timeouts(first_byte_s=0.1))
    assert caught.value.code == "first_byte_timeout"
    with pytest.raises(TransportError) as caught:
        await client.fetch(origin, request_head("GET", origin, "/", GET), None, Timeouts(total_s=0.1))
    assert caught.value.code == "total_timeout"
    await server.stop()


async def test_a_body_that_stops_is_noticed_but_not_while_we_do_not_read(client: HttpClient) -> None:
    half = Server(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
    origin = await half.start()
    limits = Timeouts(first_byte_s=60, between_s=0.8, total_s=60)
    with pytest.raises(TransportError) as caught:
        await client.fetch(origin, request_head("GET", origin, "/", GET), None, limits)
    assert caught.value.code == "between_timeout"
    connection = await client.connect(origin)
    sink = Collector(client.loop)
    connection.start(request_head("GET", origin, "/", GET) + b"\r\n", sink, limits)
    await asyncio.sleep(0.1)
    connection.pause()
    await asyncio.sleep(1.2)
    assert not sink.answer.done()
    connection.resume()
    with pytest.raises(TransportError) as caught:
        await sink.answer
    assert caught.value.code == "between_timeout"
    await half.stop()


async def test_nobody_there(client: HttpClient, tmp_path: Path) -> None:
    for origin in (Origin("127.0.0.1", 9), Origin("localhost", 0, False, str(tmp_path / "no.sock"))):
        with pytest.raises(TransportError) as caught:
            await client.fetch(origin, request_head("GET", origin, "/", GET), None)
        assert caught.value.code == ("connect_failed" if origin.unix else "connect_refused")


async def test_a_stale_connection_is_replaced_without_anybody_noticing(client: HttpClient) -> None:
    server = Server(PLAIN)
    origin = await server.start()
    head = request_head("GET", origin, "/", GET)
    for _ in range(4):
        assert (await client.fetch(origin, head, None)).body == b"hello"
        server.writers[-1].close()  # the client hears of it when it writes, or before
    assert server.connections == 4
    await server.stop()


async def test_hosts_that_are_asked_once_are_not_remembered(client: HttpClient) -> None:
    """Callers name them, without end."""
    server = Server(PLAIN)
    origin = await server.start()
    for number in range(5):
        named = Origin(f"h{number}.example", origin.port, address="127.0.0.1")
        assert (await client.fetch(named, request_head("GET", named, "/", GET), None)).body == b"hello"
        server.writers[-1].close()
    async with asyncio.timeout(5):
        while client._idle:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await server.stop()


async def test_a_request_that_was_worked_on_is_not_sent_again(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A balancer cuts a kept connection while the server works: asking again may cost twice."""
    monkeypatch.setattr("volant.providers.http.client.STALE_S", 0.1)
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while await reader.readuntil(b"\r\n\r\n"):
            asked += 1
            if asked == 2:
                await asyncio.sleep(0.2)
                writer.transport.abort()
                return
            writer.write(PLAIN)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    origin = Origin("127.0.0.1", listener.sockets[0].getsockname()[1])
    head = request_head("GET", origin, "/", GET)
    assert (await client.fetch(origin, head, None)).body == b"hello"
    with pytest.raises(TransportError):
        await client.fetch(origin, head, None)
    assert asked == 2
    listener.close()


async def test_a_unix_socket(client: HttpClient, tmp_path: Path) -> None:
    server = Server(PLAIN)
    listener = await asyncio.start_unix_server(server, tmp_path / "s.sock")
    origin, path = Origin.parse("http+unix://" + str(tmp_path / "s.sock").replace("/", "%2F") + "/v1")
    assert (origin.unix, path) == (str(tmp_path / "s.sock"), "/v1")
    assert (await client.fetch(origin, request_head("GET", origin, path, GET), None)).body == b"hello"
    await client.aclose()
    listener.close()
    await asyncio.sleep(0.01)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
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
    place = tmp_path / "localhost.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    place.write_bytes(secret + made.public_bytes(pem))
    return place


async def test_tls_is_verified(client: HttpClient, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = Server(PLAIN)
    listener = await asyncio.start_server(server, "127.0.0.1", 0, ssl=context)
    origin = Origin("localhost", listener.sockets[0].getsockname()[1], True)
    with pytest.raises(TransportError) as caught:
        await client.fetch(origin, request_head("GET", origin, "/", GET), None)
    assert caught.value.code == "tls_failed"
    assert "not trusted" in str(caught.value)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    trusting = HttpClient()
    for _ in range(2):
        assert (await trusting.fetch(origin, request_head("GET", origin, "/", GET), None)).body == b"hello"
    await trusting.aclose()
    listener.close()
    await asyncio.sleep(0.05)


async def test_large_answers_come_whole_through_tls(client: HttpClient, certificate: Path) -> None:
    """Several at once, each larger than the room that all of them share."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    bodies = [bytes([65 + number]) * (ROOM_BYTES * 5 + number) for number in range(4)]
    origins, servers = [], []
    for said in bodies:
        server = Server(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(said) + said)
        servers.append(await asyncio.start_server(server, "127.0.0.1", 0, ssl=context))
        port = servers[-1].sockets[0].getsockname()[1]
        origins.append(Origin("localhost", port, True).via(ca_file=str(certificate)))
    answers = await asyncio.gather(*(client.fetch(one, request_head("GET", one, "/", GET), None) for one in origins))
    assert [answer.body == said for answer, said in zip(answers, bodies, strict=True)] == [True] * 4
    await client.aclose()
    for one in servers:
        one.close()
    await asyncio.sleep(0.05)


async def test_a_stream_is_read_no_faster_than_it_is_taken(client: HttpClient) -> None:
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    server = Server(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + piece * 400 + b"0\r\n\r\n", piece=65536)
    origin = await server.start()
    status, _, pieces = await client.stream(origin, request_head("POST", origin, "/", GET), b"{}")
    assert status == 200
    await asyncio.sleep(0.3)
    [writer] = server.writers
    assert writer.transport.get_write_buffer_size() > 0  # the server waits for us
    assert sum([len(taken) async for taken in pieces]) == 400 * 65536
    await server.stop()


async def test_leaving_a_stream_closes_its_connection(client: HttpClient) -> None:
    server = Server(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100000, piece=600)
    origin = await server.start()
    _, _, pieces = await client.stream(origin, request_head("POST", origin, "/", GET), b"{}")
    async for _ in pieces:
        break
    await pieces.aclose()  # type: ignore[attr-defined]  # an async generator
    assert client.idle(origin) is None
    await server.stop()


async def test_a_cancelled_request_closes_its_connection(client: HttpClient) -> None:
    server = Server(PLAIN, pause_s=5)
    origin = await server.start()
    task = asyncio.create_task(client.fetch(origin, request_head("GET", origin, "/", GET), None))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.idle(origin) is None
    await server.stop()


async def test_an_answer_larger_than_allowed() -> None:
    sink = Collector(asyncio.get_running_loop(), limit=4)
    sink.head(200, [])
    sink.data(b"12345")
    sink.end()
    with pytest.raises(TransportError, match="larger"):
        await sink.answer


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("http://a.example/v1", Origin("a.example", 80), "/v1"),
        ("https://a.example", Origin("a.example", 443, True), "/"),
        ("http://[::1]:8080/x", Origin("::1", 8080), "/x"),
    ],
)
async def test_urls(url: str, origin: Origin, path: str) -> None:
    assert Origin.parse(url) == (origin, path)


@pytest.mark.parametrize("url", ["", "ftp://x/y", "http://", "no url", "http://x:notaport/"])
async def test_what_is_no_url(url: str) -> None:
    with pytest.raises(BadInput, match="URL"):
        Origin.parse(url)


async def test_host_headers() -> None:
    assert Origin("a.example", 443, True).authority == "a.example"
    assert Origin("::1", 8080).authority == "[::1]:8080"
    with pytest.raises(BadInput, match="line end"):
        request_head("GET", Origin("a", 80), "/", [("x", "a\r\nb: c")])
