"""Exchange: whoever leaves takes everything along that worked for them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from volant.core.chat import Started
from volant.dialects import find
from volant.gateway.streams import TranslatedExchange

pytestmark = pytest.mark.anyio


class _Wire:
    congested = gone = cut = False
    on_close = on_pause = on_stop = None


class _Sieve:
    kept = ()
    stopped = False


async def test_a_client_that_leaves_ends_the_task_that_guards_its_stream() -> None:
    before = asyncio.all_tasks()
    wire: Any = _Wire()
    sieve: Any = _Sieve()
    exchange = TranslatedExchange(
        asyncio.get_running_loop(),
        None,
        wire,
        stream_head=b"content-type: text/event-stream\r\n",
        dialect=find("openai_chat"),
        fallback=Started(id="x", created_s=1, model="m"),
        renderer=None,
        sieve=sieve,
    )
    await asyncio.sleep(0)
    assert asyncio.all_tasks() - before
    assert wire.on_close is not None
    wire.on_close()
    await exchange.done
    await asyncio.sleep(0)
    assert exchange.error is not None
    assert exchange.error.code == "client_gone"
    assert not asyncio.all_tasks() - before
