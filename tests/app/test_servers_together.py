"""Two whole servers, each with a data directory of its own, on one PostgreSQL: they know the same keys and tasks, what
they spend together never passes a ceiling, each shows what both answered, and what a killed one held comes back."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.app.ledger import COST_USD, Ledger, ask, billing, key_of, until
from tests.conftest import within_one_day

from volant.cli.client import Client


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with billing() as server:
        yield server


def _of(client: Client, key: str) -> dict[str, float]:
    """The day's dollars of a key: used, leased, left."""
    [one] = [one for one in client.get("/api/v1/spend")["ceilings"] if one["name"] == key]
    return dict(next(burn for burn in one["burns"] if burn["limit"] == "usd_per_day"))


def _recorded(server: Any) -> set[str]:
    found, cursor = set(), ""
    while True:
        page = Client(server.url, server.key).get("/api/v1/inferences", limit=500, cursor=cursor)
        found |= {one["id"] for one in page["data"]}
        if not page["has_more"]:
            return found
        cursor = page["next_cursor"]


def test_two_servers_on_one_postgresql(start_server: Any, postgres: str, ledger: Ledger, tmp_path: Path) -> None:
    shared = {"VOLANT_DATABASE_URL": postgres, "VOLANT_MASTER_KEY": "5a" * 32}
    homes = [tmp_path / name / "data" for name in ("one", "two")]
    for home in homes:
        home.mkdir(mode=0o700, parents=True)
    one = start_server(homes[0], env=shared)
    shutil.copy(homes[0] / "root.key", homes[1] / "root.key")
    two = start_server(homes[1], env=shared)

    # what is changed at one is known at the other
    Client(one.url, one.key).post("/api/v1/documents/apply", ledger.documents)
    within_one_day(150)
    budget, clear = key_of(one, usd_per_day=1.0, usd_per_month=30.0)
    until(lambda: ask(two.url, clear)[0] == 200, 15, "what was made at one is not known at two")

    # both spend at once, and together no more than there is
    said: Counter[tuple[int, str]] = Counter()
    answered: dict[str, None] = {}

    def insist(number: int, seconds: float, most: int = 10**6) -> None:
        """Ask one of the two until the budget is said to be gone three times."""
        gone, ends = 0, time.monotonic() + seconds
        while gone < 3 and time.monotonic() < ends and ledger.billed < most:
            status, headers, body = ask((one, two)[number % 2].url, clear)
            code = "" if status == 200 else body["error"]["code"] if body else "killed"
            said[number % 2, code] += 1
            gone += code == "budget_exhausted"
            if status == 200:
                answered[headers["x-volant-inference-id"]] = None
            else:
                time.sleep(0.5)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: insist(number, 15, most=60), range(6)))
    assert all(said[server, ""] >= 10 for server in (0, 1)), f"both took part: {said}"

    # two dies as a whole, in the middle of its work; who asks it next hears nothing
    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(insist, number, 4.0) for number in (0, 1, 1, 1)]
        until(lambda: ledger.billed >= 75, 10, lambda: f"75 bills expected, {ledger.billed} came: {said}")
        children = [child["pid"] for child in two.actual().values()]
        two.process.kill()
        for child in children:
            with suppress(ProcessLookupError):  # it ended with its parent
                os.kill(child, signal.SIGKILL)
        for each in asking:
            each.result()
    two.process.communicate(timeout=10)
    two = start_server(homes[1], env=shared)

    # what was answered is in the records, and both show all of it
    until(lambda: answered.keys() <= _recorded(one), 20, "an answered request is in nobody's record")
    assert answered.keys() <= _recorded(two)

    # what it held comes back, and what is left can be spent at either, to the end
    client = Client(two.url, two.key)
    until(lambda: _of(client, budget)["leased"] == 0, 45, lambda: f"still held: {_of(client, budget)}")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: insist(number, 20), range(6)))
    until(lambda: _of(client, budget)["leased"] == 0, 45, lambda: f"still held: {_of(client, budget)}")
    used, lost = _of(client, budget)["used"], said[1, "killed"] * COST_USD  # billed, and recorded by nobody
    assert used == pytest.approx(_of(Client(one.url, one.key), budget)["used"])
    assert 0.9 <= used <= 1.0 + 1e-9
    assert used - 1e-9 <= ledger.billed * COST_USD <= used + lost + 1e-9
    assert len(_recorded(one)) == pytest.approx(used / COST_USD)
