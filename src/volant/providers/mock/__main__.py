"""`python -m volant.providers.mock`: serve the stand-in until SIGTERM; the first line on stdout is its base URL."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from volant.core import lifeline
from volant.providers.mock.server import MockServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m volant.providers.mock", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9101, help="0 takes a free one")
    parser.add_argument("--key", default="", help="refuse calls without this bearer key (401)")
    parser.add_argument("--answer", default="", help="the content of every answer (default: words)")
    parser.add_argument("--model", default="mock-model", help="the model's name in answers")
    given = parser.parse_args()
    lifeline.watch()
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve(given))
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(given))


async def _serve(given: argparse.Namespace) -> None:
    server = MockServer(key=given.key, answer=given.answer, model=given.model)
    base_url = await server.start(given.host, given.port)
    sys.stdout.write(base_url + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await server.stop()


main()
