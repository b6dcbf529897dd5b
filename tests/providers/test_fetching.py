"""Fetching what a caller's URL names: real sockets, and every way to reach what is not the caller's."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
from collections.abc import AsyncIterator, Iterable, Mapping

import pytest

from volant.core.addresses import Allowed
from volant.core.capabilities import Capabilities
from volant.core.chat import ChatRequest, FilePart, ImagePart, Message, TextPart
from volant.core.errors import BadInput, TooLarge, VolantError
from volant.providers.fetching import (
    AT_ONCE,
    MOST_URLS,
    Addresses,
    Fetcher,
    Media,
    _Store,
    inline_media,
    urls_to_inline,
)
from volant.providers.http import HttpClient

pytestmark = pytest.mark.anyio
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


def answer(body: bytes = PNG, kind: str = "image/png", status: str = "200 OK", *more: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *([f"content-type: {kind}"] if kind else []), *more]
    return "\r\n".join([*head, "", ""]).encode() + body


def moved(to: str) -> bytes:
    return answer(b"", "", "302 Found", f"location: {to}")


class Site:
    """A server on loopback: one answer a path, and what was asked of it."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {"/cat.png": answer()}
        self.asked: list[bytes] = []
        self.port = 0
        self.over = asyncio.Event()
        self.open: set[asyncio.Task[None]] = set()

    def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(asyncio.ensure_future(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head)
        page = self.pages.get(head.split(b" ")[1].decode())
        if page is None:
            await self.over.wait()
        writer.write(page or b"")
        writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    one = Site()
    server = await asyncio.start_server(one, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    yield one
    one.over.set()
    await asyncio.gather(*one.open, return_exceptions=True)
    server.close()
    await asyncio.sleep(0)


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    one = HttpClient()
    yield one
    await one.aclose()


class Names:
    """A name server of a test: each look-up of a name takes its next answer, the last for ever."""

    def __init__(self, **names: Iterable[str]) -> None:
        self.names = {name.replace("_", "."): list(addresses) for name, addresses in names.items()}
        self.asked: list[str] = []

    async def __call__(self, loop: asyncio.AbstractEventLoop, host: str, port: int) -> Addresses:
        self.asked.append(host)
        answers = self.names[host]
        now = answers.pop(0) if len(answers) > 1 else answers[0]
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in one], (one, port)) for one in now.split()]


HERE = Allowed.parse(["127.0.0.1"])


async def refused(fetcher: Fetcher, url: str) -> VolantError:
    with pytest.raises(VolantError) as error:
        await fetcher([url])
    return error.value


async def test_what_a_url_gives_comes_whole_and_nothing_of_ours_goes_along(client: HttpClient, site: Site) -> None:
    site.pages["/a%20b?x=1&y=%C3%A4"] = answer(b"%PDF-1.7", "application/octet-stream")
    cat = f"http://127.0.0.1:{site.port}/cat.png"
    document = f"http://127.0.0.1:{site.port}/a%20b?x=1&y=ä#part"
    got = await Fetcher(client, allow=HERE)([cat, document, cat])
    assert got == {cat: Media("image/png", PNG), document: Media("application/pdf", b"%PDF-1.7")}
    assert got[cat].url == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert len(site.asked) == 2
    names = {line.split(b":")[0] for head in site.asked for line in head.split(b"\r\n")[1:] if line}
    assert names == {b"host", b"user-agent", b"accept", b"accept-encoding"}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "0x7f.1", "127.1",
        "0.0.0.0",
        "0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "169.254.169.254",
        "[fd00:ec2::254]", "10.0.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "127.0.0.1.", "LOCALHOST",
        "１２７.０.０.１",
    ],
)  # fmt: skip
async def test_no_spelling_leads_inside(client: HttpClient, site: Site, host: str) -> None:
    for url in (f"http://{host}/cat.png", f"http://{host}:{site.port}/cat.png", f"https://{host}/"):
        error = await refused(Fetcher(client), url)
        assert error.code in ("url_not_allowed", "media_unreachable")
        if error.code == "media_unreachable":  # this system's resolver does not take it for an address
            assert "its host is not known" in error.message
    assert site.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://1.1.1.1/x", "gopher://1.1.1.1/", "http+unix://%2Frun%2Fdocker.sock/", "//1.1.1.1/",
        "http://user@1.1.1.1/", "http://1.1.1.1@127.0.0.1/", "http://127.0.0.1#@1.1.1.1/", "http://1.1.1.1\\@127.0.0.1/",
        "http://1.1.1.1 /", "http://1.1.1.1/\r\nx: y", "http://1.1.1.1\t/", "http://", "http:///x", "http://[::1", "http://1.1.1.1:99999/",
        "http://1.1.1.1:22/", "http://1.1.1.1:6379/", "http://1.1.1.1:8080/", "http://\u2000/", "http://1.1.1.1/\x00",
    ],
)  # fmt: skip
async def test_only_plain_web_addresses_are_fetched(client: HttpClient, url: str) -> None:
    assert (await refused(Fetcher(client), url)).code == "url_not_allowed"


async def test_a_redirect_is_checked_like_the_first_address(client: HttpClient, site: Site) -> None:
    names = Names(pics_example=["127.0.0.1"], inside_example=["127.0.0.1"])
    fetcher = Fetcher(client, allow=Allowed.parse(["pics.example"]), look_up=names)
    base = f"http://pics.example:{site.port}"
    site.pages |= {
        "/1": moved("/2"),
        "/2": moved(f"{base}/3"),
        "/3": moved("cat.png"),
        "/inside": moved(f"http://inside.example:{site.port}/cat.png"),
        "/file": moved("file:///etc/passwd"),
        "/user": moved("http://x@pics.example/"),
        "/round": moved("/round"),
        "/nowhere": answer(b"", "", "302 Found"),
    }
    assert (await fetcher([f"{base}/1"]))[f"{base}/1"] == Media("image/png", PNG)
    asked = len(site.asked)
    assert (await refused(fetcher, f"{base}/inside")).code == "url_not_allowed"
    assert len(site.asked) == asked + 1, "the second server is not asked"
    for page, code in (
        ("/file", "url_not_allowed"),
        ("/user", "url_not_allowed"),
        ("/round", "media_unreachable"),
        ("/nowhere", "media_unreachable"),
    ):
        assert (await refused(fetcher, base + page)).code == code


async def test_a_name_that_answers_otherwise_the_second_time_leads_nowhere_else(client: HttpClient, site: Site) -> None:
    """DNS rebinding: the address that was checked is the one that is connected to; there is no second look-up."""
    names = Names(evil_example=["127.0.0.1", "10.0.0.1"])
    url = f"http://evil.example:{site.port}/cat.png"
    fetcher = Fetcher(client, allow=HERE, look_up=names)
    assert (await fetcher([url]))[url].data == PNG
    assert names.asked == ["evil.example"]
    assert b"host: evil.example" in site.asked[0]
    assert (await refused(fetcher, url)).code == "url_not_allowed", "and each fetch looks anew"


async def test_one_closed_address_among_open_ones_is_enough_to_refuse(client: HttpClient, site: Site) -> None:
    names = Names(mixed_example=["1.1.1.1 127.0.0.1"], six_example=["2606:4700::1111 ::ffff:127.0.0.1"])
    for host in ("mixed.example", "six.example"):
        error = await refused(Fetcher(client, look_up=names), f"http://{host}/")
        assert error.code == "url_not_allowed"
        assert "127.0.0.1" not in error.message, "who asks learns nothing of our network"
    assert site.asked == []


async def test_the_next_address_is_tried_where_one_does_not_answer(client: HttpClient, site: Site) -> None:
    names = Names(two_example=["127.0.0.9 127.0.0.1"])
    url = f"http://two.example:{site.port}/cat.png"
    assert (await Fetcher(client, allow=Allowed.parse(["127.0.0.0/8"]), look_up=names)([url]))[url].data == PNG


async def test_sizes_are_limited_over_all_urls_of_a_request(client: HttpClient, site: Site) -> None:
    big = answer(PNG + bytes(600))
    endless = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n" + PNG + bytes(5000)
    lying = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 99999999999999999999\r\n\r\n"
    site.pages |= {"/a": big, "/b": big, "/endless": endless, "/lying": lying}
    base = f"http://127.0.0.1:{site.port}"
    fetcher = Fetcher(client, allow=HERE, max_bytes=1000)
    assert len((await fetcher([f"{base}/a"]))[f"{base}/a"].data) == 616
    for urls in ([f"{base}/a", f"{base}/b"], [f"{base}/endless"]):
        with pytest.raises(TooLarge) as error:
            await fetcher(urls)
        assert error.value.code == "media_too_large"
    assert (await refused(fetcher, f"{base}/lying")).code in ("media_too_large", "media_unreachable")
    with pytest.raises(TooLarge):
        await fetcher([f"{base}/{at}" for at in range(MOST_URLS + 1)])


async def test_what_all_requests_hold_together_is_limited(client: HttpClient, site: Site) -> None:
    """Room for two: who says how much it gives takes no more; the others wait for their turn, in their order."""
    site.pages["/big"] = answer(PNG + bytes(900 - len(PNG)))
    site.pages["/chunked"] = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\nconnection: close\r\n\r\n" + PNG
    big, cat, chunked, never = (
        f"http://127.0.0.1:{site.port}/{name}" for name in ("big", "cat.png", "chunked", "never")
    )
    fetcher = Fetcher(client, allow=HERE, max_bytes=1000, total_bytes=2000, total_s=0.6)
    got = await fetcher([big])
    assert fetcher.held_bytes == 900
    small = [await fetcher([cat]) for _ in range(3)]
    assert fetcher.held_bytes == 900 + 3 * len(PNG)  # what was announced, not what might have come
    silent = asyncio.ensure_future(fetcher([never]))
    await asyncio.sleep(0.1)
    assert (len(site.asked), fetcher.held_bytes) == (5, 1900 + 3 * len(PNG))  # all that it may give
    with pytest.raises(BadInput, match="within"):
        await silent
    more = await fetcher([big])
    error = await refused(fetcher, cat)
    assert (error.code, error.status, len(site.asked)) == ("media_busy", 503, 6)
    del got, small, more
    await asyncio.sleep(0.01)  # the event loop lets go of what it has just given
    assert fetcher.held_bytes == 0
    everybody = await asyncio.gather(*(fetcher([chunked]) for _ in range(6)))  # two at once
    assert all(one[chunked].data == PNG for one in everybody)
    assert fetcher.held_bytes == 6 * len(PNG)
    del everybody
    await asyncio.sleep(0.01)
    assert fetcher.held_bytes == 0


async def test_who_leaves_while_it_waits_for_room_holds_nothing_up(client: HttpClient, site: Site) -> None:
    cat, never = (f"http://127.0.0.1:{site.port}/{name}" for name in ("cat.png", "never"))
    fetcher = Fetcher(client, allow=HERE, max_bytes=1000, total_bytes=1000, total_s=5.0)
    holds, waits, last = (asyncio.ensure_future(fetcher([url])) for url in (never, never, cat))
    await asyncio.sleep(0.05)
    waits.cancel()
    holds.cancel()
    assert (await last)[cat].data == PNG
    del last
    await asyncio.gather(holds, waits, return_exceptions=True)
    await asyncio.sleep(0.01)
    assert len(site.asked) == 2
    assert fetcher.held_bytes == 0


async def test_what_another_thread_lets_go_is_given_back_by_the_loop(
    client: HttpClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Garbage is collected wherever it is found, and who waits belongs to the loop."""
    cat = f"http://127.0.0.1:{site.port}/cat.png"
    here, threads = threading.current_thread(), set[threading.Thread]()
    give_back = _Store.give_back

    def watched(store: _Store, size: int) -> None:
        threads.add(threading.current_thread())
        give_back(store, size)

    monkeypatch.setattr(_Store, "give_back", watched)
    fetcher = Fetcher(client, allow=HERE, max_bytes=len(PNG), total_bytes=len(PNG), total_s=5.0)
    got = await fetcher([cat])
    waits = asyncio.ensure_future(fetcher([cat]))
    await asyncio.sleep(0.05)
    assert len(site.asked) == 1
    other = threading.Thread(target=got.clear)
    other.start()
    assert (await waits)[cat].data == PNG
    other.join()
    assert threads == {here}


async def test_a_server_that_does_not_answer_is_left(client: HttpClient, site: Site) -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()
    error = await refused(Fetcher(client, allow=HERE, total_s=0.2), f"http://127.0.0.1:{site.port}/never?key=secret")
    assert error.code == "media_unreachable"
    assert loop.time() - before < 60
    assert "secret" not in error.message


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (answer(b"<html>", "text/html"), "media_type"),
        (answer(b'{"AccessKeyId": "x"}', "application/json"), "media_type"),
        (answer(b"#!/bin/sh", ""), "media_type"),
        (answer(b"", "image/png"), "media_type"),
        (answer(b"no", "image/png", "404 Not Found"), "media_unreachable"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "media_unreachable"),
        (b"", "media_unreachable"),
    ],
)
async def test_only_pictures_sounds_and_pdfs_are_taken(client: HttpClient, site: Site, page: bytes, code: str) -> None:
    site.pages["/x"] = page
    error = await refused(Fetcher(client, allow=HERE), f"http://127.0.0.1:{site.port}/x")
    assert error.code == code
    assert "AccessKeyId" not in str(error)
    assert "OpenSSH" not in str(error)


# ---------------------------------------------------------------- of a request
class Given:
    """A fetch of a test, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, urls: Iterable[str]) -> Mapping[str, Media]:
        self.asked += urls
        return {url: Media("application/pdf" if url.endswith("pdf") else "image/png", PNG) for url in self.asked}


PAGE = FilePart(url="https://a.example/x.pdf", name="x.pdf")
CAT = ImagePart(url="https://a.example/cat", detail="low")
INLINE = ImagePart(url="data:image/png;base64,AAAA")
ASKED = ChatRequest(
    model="m",
    messages=(
        Message(role="user", parts=(TextPart(text="https://not.asked/"), CAT, INLINE, PAGE)),
        Message(role="tool", tool_call_id="c", parts=(CAT,)),
    ),
)


async def test_urls_become_data_where_the_provider_does_not_fetch() -> None:
    fetch = Given()
    request = await inline_media(ASKED, Capabilities(image_urls=False, files=True), fetch)
    assert fetch.asked == [CAT.url, PAGE.url]
    data = base64.b64encode(PNG).decode()
    cat = ImagePart(url=f"data:image/png;base64,{data}", detail="low")
    page = FilePart(data=f"data:application/pdf;base64,{data}", name="x.pdf")
    assert request.messages[0].parts == (TextPart(text="https://not.asked/"), cat, INLINE, page)
    assert request.messages[1].parts == (cat,)


async def test_nothing_is_fetched_for_who_fetches_by_itself() -> None:
    fetch = Given()
    assert await inline_media(ASKED, Capabilities(file_urls=True), fetch) is ASKED
    assert fetch.asked == []
    assert urls_to_inline(ASKED, Capabilities()) == [PAGE.url]


async def test_nothing_is_allowed_by_default(client: HttpClient, site: Site) -> None:
    image = ImagePart(url=f"http://127.0.0.1:{site.port}/cat.png")
    request = ChatRequest(model="m", messages=(Message(role="user", parts=(image,)),))
    with pytest.raises(BadInput):
        await inline_media(request, Capabilities(image_urls=False), Fetcher(client))
    assert site.asked == []


async def test_only_so_many_are_fetched_at_once_and_the_others_get_their_turn(client: HttpClient) -> None:
    under_way = most = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        await reader.readuntil(b"\r\n\r\n")
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        writer.write(answer())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    fetcher = Fetcher(client, allow=HERE)
    requests = [[f"{base}/{request}/{at}.png" for at in range(8)] for request in range(6)]
    answers = await asyncio.gather(*(fetcher(urls) for urls in requests))
    server.close()
    assert [len(got) for got in answers] == [8] * 6
    assert 1 < most <= AT_ONCE
