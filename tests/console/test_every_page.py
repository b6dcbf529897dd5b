"""Every page on the story's data, in light and dark, at both widths: nothing in the console, nothing that axe finds,
nothing wider than the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import ServerUnderTest
from tests.console.conftest import EVERY_WAY, Axe, ask, go

LISTS = ("/", "/traces", "/datasets", "/runs", "/reports", "/releases", "/playground", "/models", "/lineage",
         "/lineage?tab=erasures", "/keys", "/keys?tab=ceilings", "/keys?tab=spend", "/deployments")  # fmt: skip
SETTINGS = tuple(
    f"/settings/{part}"
    for part in ("account", "audit", "configuration", "people", "policies", "projects", "prompts", "tasks")
)


def _opened(server: ServerUnderTest) -> list[str]:
    """One of each kind of thing that has a page of its own; all of them are in a finished story."""
    inference = ask(server, "GET", "/api/v1/inferences?limit=1")["data"][0]["id"]
    newest = {
        noun: ask(server, "GET", f"/api/v1/{noun}")["data"][-1]["id"]
        for noun in ("runs", "models", "releases", "datasets")
    }
    report = ask(server, "GET", "/api/v1/reports")["data"][-1]["report_id"]
    return [
        f"/traces?open={inference}", f"/lineage?of={inference}", f"/runs?open={newest['runs']}",
        f"/models/{newest['models']}", f"/releases/{newest['releases']}", f"/datasets/{newest['datasets']}",
        f"/reports/{report}",
    ]  # fmt: skip


@pytest.mark.parametrize(("scheme", "viewport"), EVERY_WAY, ids=["light-1440", "dark-1024", "light-1024", "dark-1440"])
def test_every_page(
    new_page: Callable[..., Any], admin: Any, console_server: ServerUnderTest, axe: Axe, scheme: str, viewport: Any
) -> None:
    page = new_page(admin, scheme=scheme, viewport=viewport)
    seen: set[str] = set()
    faults: list[str] = []
    for address in (*LISTS, *SETTINGS, *_opened(console_server)):
        go(page, address)
        title = page.locator("h1").first.inner_text()
        assert title, address
        seen.add(title)
        too_wide = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        assert too_wide <= 0, f"{address} is {too_wide} px wider than the window"
        try:
            axe(page)
        except AssertionError as found:  # see them all at once
            faults.append(str(found))
    assert not faults, "\n".join(faults)
    assert len(seen) > 12, "each page says what it is"
