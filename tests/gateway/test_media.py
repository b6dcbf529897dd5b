"""Pictures by URL through a real gateway: fetched for a provider that does not fetch, if they may be."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from gateway_stack import KEY, Loop, Stack, task

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
DATA = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


class Site:
    """Gives every caller the picture."""

    def __init__(self, loop: Loop) -> None:
        self.asked = 0
        self._loop = loop
        self._server = loop.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/cat.png"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: %d\r\n\r\n" % len(PNG) + PNG)
        await writer.drain()
        writer.close()

    async def _end(self) -> None:
        self._server.close()

    def close(self) -> None:
        self._loop.run(self._end())


@pytest.fixture
def site(servers_loop: Loop) -> Iterator[Site]:
    one = Site(servers_loop)
    yield one
    one.close()


def with_image(url: str) -> dict[str, Any]:
    image = {"type": "image_url", "image_url": {"url": url}}
    content = [{"type": "text", "text": "what is it? chunks=2"}, image]
    return {"model": "help", "messages": [{"role": "user", "content": content}]}


def image_of(request: Any) -> str:
    message = json.loads(request)["messages"][0]
    return str(message["content"][1]["image_url"]["url"])


def test_a_picture_is_fetched_once_for_all_places_that_do_not_fetch(stack: Stack, site: Site) -> None:
    stack.boot["fetch_allow"] = ["127.0.0.1"]
    stack.add_mock("broken")
    stack.kill_mock("broken")
    stack.add_mock("main")
    stack.publish(
        [task("help", ["broken"], fallbacks=["main"])],
        [stack.target("broken", provider="ollama"), stack.target("main", provider="ollama")],
    )
    stack.start()
    status, answer, _ = stack.chat(with_image(site.url))
    assert status == 200, answer
    assert image_of(stack.mocks["main"].last_body) == DATA
    assert site.asked == 1
    record = stack.records(1)[0]
    assert site.url.encode() in record.input, "the record keeps what was asked"


def test_a_provider_that_fetches_by_itself_gets_the_url(stack: Stack, site: Site) -> None:
    stack.add_mock("main")
    stack.publish([task("help", ["main"])], [stack.target("main")])
    stack.start()
    assert stack.chat(with_image(site.url))[0] == 200
    assert image_of(stack.mocks["main"].last_body) == site.url
    assert site.asked == 0


def test_nobody_leads_the_gateway_inside(stack: Stack, site: Site) -> None:
    stack.add_mock("main")
    stack.publish([task("help", ["main"])], [stack.target("main", provider="ollama")])
    stack.start()
    for url in (site.url, site.url.replace("127.0.0.1", "2130706433"), "http://169.254.169.254/latest/meta-data/"):
        status, answer, _ = stack.chat(with_image(url))
        assert status == 400
        assert answer["error"]["code"] == "url_not_allowed"
    assert site.asked == 0
    assert stack.mocks["main"].stats["requests"] == 0


def test_a_request_that_cannot_be_read_leads_nobody_inside(stack: Stack, site: Site) -> None:
    """Elsewhere such requests are relayed to who may understand them; not where a URL in them would be followed."""
    stack.add_mock("main")
    stack.publish([task("help", ["main"])], [stack.target("main", provider="ollama")])
    stack.start()
    asked = with_image(site.url)
    asked["messages"].append({"role": "hologram", "content": "x"})
    assert stack.chat(asked)[0] == 400
    asked["messages"].pop(0)
    assert stack.chat(asked)[0] == 200
    assert (stack.mocks["main"].stats["requests"], site.asked) == (1, 0)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_what_was_fetched_is_let_go_with_its_request(stack: Stack, site: Site, stream: bool) -> None:
    """There is room for one request: whatever one holds too long, the next waits for and is refused."""
    stack.boot |= {"fetch_allow": ["127.0.0.1"], "fetch_max_bytes": 1024, "fetch_total_bytes": 1024, "fetch_s": 2}
    for name in ("broken", "main"):
        stack.add_mock(name)
    stack.kill_mock("broken")
    stack.publish(
        [task("help", ["broken"], fallbacks=["main"])],
        [stack.target("broken", provider="ollama"), stack.target("main", provider="ollama")],
    )
    stack.start()
    for at in range(12):
        status, answer, _ = stack.chat({**with_image(f"{site.url}?{at}"), "stream": stream})
        assert status == 200, answer
    assert stack.chat(with_image("http://10.0.0.1/"))[0] == 400  # an error lets go, too
    with ThreadPoolExecutor(6) as pool:
        asks = [pool.submit(stack.chat, with_image(f"{site.url}?m{at}")) for at in range(6)]
        assert [one.result()[0] for one in asks] == [200] * 6  # they wait for one another
    assert site.asked == 18


METADATA = "http://169.254.169.254/latest/meta-data/"


@pytest.mark.parametrize("provider", ["vllm", "sglang", "llamacpp", "ollama", "lmstudio"])
def test_no_engine_is_led_into_its_own_network(stack: Stack, provider: str) -> None:
    """However the request spells it: engines fetch whatever they are told."""
    stack.add_mock("main")
    stack.publish([task("help", ["main"])], [stack.target("main", provider=provider)])
    stack.start()
    plain = json.dumps(with_image(METADATA))
    film = json.dumps(with_image(METADATA)).replace("image_url", "video_url")
    for body in (
        plain,
        plain.replace("http://", "\\u0068ttp://"),
        plain.replace("http://", "HTTP://"),
        plain.replace("http://", "http:\\/\\/").replace("image_url", "im\\u0061ge_url"),
        plain.replace("image_url", "\\u0069mage_\\u0075rl"),
        plain.replace(METADATA, "file:///etc/passwd"),
        plain.replace(METADATA, "ftp://127.0.0.1/x"),
        film,
    ):
        status, said, _ = stack.send("POST", "/v1/chat/completions", body.encode(), {"authorization": f"Bearer {KEY}"})
        assert status == 400, (body, said)
    assert stack.mocks["main"].stats["requests"] == 0
    assert stack.chat(with_image(DATA))[0] == 200
    words = with_image(DATA)
    words["messages"][0]["content"] = f"the url is {METADATA} \u00fc"
    assert stack.chat(words)[0] == 200
    assert METADATA.encode() in stack.mocks["main"].last_body
