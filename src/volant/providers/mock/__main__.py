"""`python -m volant.providers.mock`: serve the stand-in until SIGTERM; the first line on stdout is its base URL."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from volant.core import lifeline
from volant.providers.mock.faults import FAULTS, SLOW_S, Plan
from volant.providers.mock.server import MockServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m volant.providers.mock", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9101, help="0 takes a free one")
    parser.add_argument("--key", default="", help="refuse calls without this bearer key (401)")
    parser.add_argument("--answer", default="", help="the content of every answer (default: words)")
    parser.add_argument("--model", default="mock-model", help="the model's name in answers")
    parser.add_argument("--fail", type=float, default=0.0, help="the share of requests that go wrong, 0 to 1")
    parser.add_argument("--faults", default="", help=f"in which ways, by turns; all: {', '.join(FAULTS)}")
    parser.add_argument("--slow-s", type=float, default=SLOW_S, help="seconds of slow_first_token")
    parser.add_argument("--ledger", action="store_true", help="keep what was answered, by span id, for GET /ledger")
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
    plan = Plan(share=given.fail, kinds=tuple(given.faults.replace(",", " ").split()), slow_s=given.slow_s)
    server = MockServer(key=given.key, answer=given.answer, model=given.model, faults=plan, keeps_ledger=given.ledger)
    base_url = await server.start(given.host, given.port)
    sys.stdout.write(base_url + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await server.stop()


main()
