"""Traces: filters, the histogram, the drawer, feedback, sessions; and fifty thousand rows that scroll smoothly."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.conftest import ServerUnderTest, _start_server
from tests.console.conftest import (
    EMAIL,
    NARROW,
    PASSWORD,
    PATIENCE_MS,
    WIDE,
    Axe,
    Faults,
    Shot,
    Visit,
    _join,
    ask,
    asks,
    fewest_views,
    go,
    reload,
    settled,
)
from tests.console.tracing import LONGEST_MS, tasks_of

from volant.app.bootstrap import open_context
from volant.core.nouns import InferenceRecord, ModelCall
from volant.core.settings import ServerSettings
from volant.traces.ingest import ingest

MANY = 50_000
MOST_ROWS = 100  # in the DOM


def view(page: Any, query: str = "") -> Any:
    return page.request.get(f"/api/v1/views/traces{query}").json()


def rows_of(page: Any) -> Any:
    return page.get_by_role("table", name="Traces").get_by_role("row")


def newest(page: Any, wanted: Callable[[Any], bool]) -> Any:
    """The newest row that is wanted, however many answers the tests before this one asked for."""
    cursor = ""
    while True:
        found = view(page, f"?limit=200&numbers=false&cursor={cursor}")
        for row in found["rows"]:
            if wanted(row):
                return row
        cursor = found["next_cursor"]
        assert cursor, "no row is as wanted"


# ---------------------------------------------------------------- the list
def test_every_answer_with_its_numbers(page: Any, visit: Visit, axe: Axe, shot: Shot) -> None:
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/api/v1/" in one.url else None)
    views = fewest_views(page, lambda: visit("/traces"))
    assert len(views) == 1, views
    assert not any("/payload" in one for one in asked), "a list reads nobody's words"
    found = asks(page, "/api/v1/views/traces", lambda: page.goto("/traces"))
    first = found["rows"][0]["inference"]
    row = rows_of(page).nth(1)
    expect(row).to_contain_text(first["task"])
    expect(row).to_contain_text(f"{first['input_tokens']} → {first['output_tokens']}")
    expect(page.get_by_text(re.compile(f"{found['numbers']['count']:,} answers"))).to_be_visible()
    axe(page)
    shot(page, "traces")


def test_filters_live_in_the_address_and_facets_count(page: Any, visit: Visit) -> None:
    visit("/traces")
    numbers = view(page, "?limit=1&failed=true")["numbers"]
    page.get_by_role("button", name="Outcome", exact=True).click()
    page.get_by_role("menuitem", name="failed").click()
    expect(page).to_have_url(re.compile("outcome=failed"))
    expect(page.get_by_text(re.compile(f"^{numbers['count']:,} answers"))).to_be_visible()
    variant = numbers["facets"]["variant"][0]
    page.get_by_role("button", name="Variant", exact=True).click()
    page.get_by_role("menuitem", name=re.compile(f"^{re.escape(variant['value'])} ")).click()
    expect(page.get_by_text(re.compile(f"^{variant['count']:,} answers"))).to_be_visible()
    reload(page)
    expect(page.get_by_text(re.compile(f"^{variant['count']:,} answers"))).to_be_visible()
    expect(rows_of(page).nth(1)).to_contain_text(variant["value"])
    page.get_by_role("button", name="Clear all").click()
    expect(page).to_have_url(re.compile(r"/traces$"))


def test_words_find_a_person_an_item_and_an_id(page: Any, visit: Visit) -> None:
    one = newest(page, lambda row: row["inference"]["item"])["inference"]
    expected = view(page, f"?limit=1&item_prefix={one['item']}")["numbers"]["count"]
    visit("/traces")
    page.keyboard.press("/")
    page.keyboard.type(f"item:{one['item']}")
    expect(page.get_by_text(re.compile(f"^{expected} answers"))).to_be_visible()
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_role("textbox").fill(one["id"])
    expect(page.get_by_role("complementary", name="Answer")).to_contain_text(one["id"])
    page.keyboard.press("Escape")
    go(page, "/traces?q=no-item-begins-so")
    expect(page.get_by_text("No answer matches")).to_be_visible()


def test_a_range_of_latency_is_brushed(page: Any, visit: Visit, axe: Axe) -> None:
    visit("/traces")
    whole = view(page, "?limit=1")["numbers"]["count"]
    plot = page.get_by_role("group", name="Latency of the answers")
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from_ms=.*to_ms="))
    ends = dict(part.split("=") for part in page.url.split("?")[1].split("&"))
    query = f"?limit=1&latency_ms_min={ends['from_ms']}&latency_ms_max={ends['to_ms']}"
    count = view(page, query)["numbers"]["count"]
    assert 0 < count < whole
    expect(page.get_by_text(re.compile(f"^{count:,} answers"))).to_be_visible()
    reload(page)
    expect(page.get_by_text(re.compile(f"^{count:,} answers"))).to_be_visible()
    axe(page)
    plot.get_by_role("slider", name="From").press("ArrowLeft")
    expect(page).not_to_have_url(re.compile(f"from_ms={ends['from_ms']}(&|$)"))
    page.get_by_role("button", name=re.compile("show all")).click()
    expect(page).not_to_have_url(re.compile("_ms="))


def test_new_answers_are_announced_and_do_not_jump(page: Any, visit: Visit, console_server: ServerUnderTest) -> None:
    visit("/traces")
    task = ask(console_server, "GET", "/api/v1/tasks")["data"][0]["name"]
    first = rows_of(page).nth(1).get_by_role("checkbox")
    before = first.get_attribute("aria-label")
    assert before
    _ask_something(console_server, task)
    pill = page.get_by_role("button", name=re.compile("^[0-9]+ new"))
    expect(pill).to_be_visible()
    assert first.get_attribute("aria-label") == before, "the list stays where the reader is"
    pill.click()
    expect(pill).to_be_hidden()
    expect(first).not_to_have_attribute("aria-label", before)
    expect(rows_of(page).nth(1)).to_contain_text(re.compile("now|[0-9]+ s ago|1 min ago"))


def _ask_something(server: ServerUnderTest, task: str) -> None:
    """One request through the gateway; a refusal is recorded as well as an answer."""
    body = json.dumps({"model": task, "messages": [{"role": "user", "content": "Where is my card?"}]}).encode()
    headers = {"authorization": f"Bearer {server.key}", "content-type": "application/json"}
    try:
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/v1/chat/completions", body, headers), timeout=60)
    except urllib.error.HTTPError as refused:
        refused.close()
        if refused.code == 404:  # nothing was recorded
            raise


# ---------------------------------------------------------------- the drawer
def test_the_keyboard_opens_walks_reads_and_closes(
    new_page: Callable[..., Any], admin: Any, axe: Axe, shot: Shot
) -> None:
    page = new_page(admin, viewport=NARROW)
    go(page, "/traces?outcome=corrected")
    ids = [row["inference"]["id"] for row in view(page, "?limit=3&metric=accepted&metric_max=0")["rows"]]
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="Answer")
    expect(drawer).to_contain_text(ids[0])
    settled(page)
    page.keyboard.press("j")
    expect(drawer).to_contain_text(ids[1])
    expect(page).to_have_url(re.compile(f"open={ids[1]}"))
    expect(drawer.get_by_label("Spans")).to_contain_text("Request")
    settled(page)
    page.keyboard.press("c")
    payload = page.request.get(f"/api/v1/inferences/{ids[1]}/payload").json()
    expect(drawer).to_contain_text(payload["input"]["messages"][-1]["content"])
    expect(drawer).to_contain_text("The right answer")
    axe(page)
    shot(page, "trace")
    reload(page)
    expect(drawer).to_contain_text(payload["input"]["messages"][-1]["content"])
    page.keyboard.press("k")
    expect(drawer).to_contain_text(ids[0])
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page).not_to_have_url(re.compile("open="))
    expect(page).not_to_have_url(re.compile("said="))


def test_the_dark_page_passes_axe_too(new_page: Callable[..., Any], admin: Any, axe: Axe) -> None:
    page = new_page(admin, scheme="dark", viewport=NARROW)
    go(page, "/traces?outcome=failed")
    axe(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="Answer")
    expect(drawer.get_by_role("button", name="Feedback", exact=True)).to_be_visible()
    settled(page)
    page.keyboard.press("f")
    expect(page.get_by_role("form", name="Feedback")).to_be_visible()
    axe(page)


def test_feedback_is_kept_and_stands_in_the_row(page: Any, visit: Visit, axe: Axe) -> None:
    visit("/traces")
    row = newest(page, lambda one: not one["feedback"])
    inference = row["inference"]["id"]
    go(page, f"/traces?open={inference}&said=true")
    page.get_by_role("complementary").get_by_text("Nobody has judged this answer.").wait_for()
    settled(page)
    page.keyboard.press("f")
    form = page.get_by_role("form", name="Feedback")
    form.get_by_text("Comment only").click()
    expect(form.get_by_role("button", name="Give feedback")).to_have_attribute("aria-disabled", "true")
    form.get_by_text("Correct", exact=True).click()
    form.get_by_role("textbox", name="The right answer").fill('{"intent": "refund_pending"}')
    form.get_by_role("textbox", name="Comment").fill("They ask for <b>money</b>")
    axe(page)
    page.keyboard.press("Control+Enter")
    expect(form).to_be_hidden()
    drawer = page.get_by_role("complementary")
    expect(drawer).to_contain_text("They ask for <b>money</b>")
    expect(drawer).to_contain_text("refund_pending")
    kept = page.request.get(f"/api/v1/inferences/{inference}").json()["feedback"]
    assert [(one["value"], one["comment"], one["demonstration"], one["source"]) for one in kept] == [
        (0.0, "They ask for <b>money</b>", {"intent": "refund_pending"}, "Ada Lovelace")
    ]
    page.keyboard.press("Escape")
    expect(page.locator("[aria-current=true]")).to_have_count(0)


def test_why_leads_to_the_lineage(page: Any, visit: Visit) -> None:
    inference = view(page, "?limit=1")["rows"][0]["inference"]["id"]
    visit(f"/traces?open={inference}")
    page.get_by_role("button", name="Why").click()
    expect(page).to_have_url(re.compile(rf"/lineage\?of={inference}"))


def test_a_viewer_reads_numbers_and_nobodys_words(as_role: Callable[..., Any]) -> None:
    page = as_role("viewer")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    go(page, "/traces")
    inference = view(page, "?limit=1")["rows"][0]["inference"]["id"]
    go(page, f"/traces?open={inference}&said=true")
    button = page.get_by_role("button", name="Show what was said")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("may not read what people wrote")
    expect(page.get_by_role("button", name="Feedback", exact=True)).to_have_attribute("aria-disabled", "true")
    assert not any("/payload" in one or "/api/v1/inferences/" in one for one in asked)


# ---------------------------------------------------------------- to a dataset
def test_picked_answers_become_rows_of_a_new_version(
    page: Any, visit: Visit, console_server: ServerUnderTest, axe: Axe, as_role: Callable[..., Any]
) -> None:
    newest = {one["name"]: one for one in ask(console_server, "GET", "/api/v1/datasets")["data"]}
    name = min({one["name"] for one in ask(console_server, "GET", "/api/v1/tasks")["data"]} & set(newest))
    rows = view(page, f"?limit=12&fallback=false&failed=false&task={name}")["rows"]  # not what other tests asked for
    asked = [one["inference"] for one in rows]
    from_traces = f"/api/v1/datasets/{name}/from-traces"
    label = {"intent": "to_dataset_test"}
    for one in asked:
        ask(console_server, "POST", "/api/v1/feedback", {"inference_id": one["id"], "demonstration": label})
    every = ask(console_server, "POST", from_traces, {"inference_ids": [one["id"] for one in asked], "dry_run": True})
    unfit = {one["inference_id"] for one in every["refused"]}  # a question of the test, of the dataset, asked twice…
    fit = [one for one in asked if one["id"] not in unfit]
    assert len(fit) >= 2, every
    first, second = fit[:2]
    third = next(one for one in asked if one not in (first, second))
    ids = [first["id"], second["id"]]
    ask(console_server, "POST", "/api/v1/feedback",
        {"inference_id": second["id"], "metric": "accepted", "value": False})  # fmt: skip
    dry = ask(console_server, "POST", from_traces, {"inference_ids": ids, "dry_run": True})
    assert [dry["added"], len(dry["refused"])] == [1, 1], dry

    visit(f"/traces?fallback=false&task={name}")
    for one in ids:
        page.get_by_label(f"Pick {one}").check()
    bar = page.get_by_role("region", name="Picked answers")
    expect(bar).to_contain_text("2 answers picked")
    reload(page)
    expect(bar).to_contain_text("2 answers picked")
    axe(page)
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(bar).to_contain_text(re.compile("[13] answers? picked"))
    page.keyboard.press("x")
    expect(bar).to_contain_text("2 answers picked")

    page.keyboard.press("d")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Dataset")).to_have_value(name)
    dialog.get_by_role("button", name="See what becomes rows").click()
    expect(dialog.get_by_role("status")).to_contain_text("Become rows1")
    expect(dialog).to_contain_text("corrected, and nobody said what is right")
    assert ask(console_server, "GET", f"/api/v1/dataset-versions/{name}")["id"] == newest[name]["id"], "nothing yet"
    axe(page)
    dialog.get_by_role("button", name=f"Add 1 row to {name}").click()
    link = dialog.get_by_role("link", name="open the new version")
    expect(link).to_be_visible()
    made = ask(console_server, "GET", f"/api/v1/dataset-versions/{name}")
    assert (made["parent_id"], made["version"]) == (newest[name]["id"], newest[name]["version"] + 1)
    link.click()
    expect(page).to_have_url(re.compile(made["id"]))
    settled(page)

    visit(f"/traces?open={third['id']}")
    expect(page.get_by_role("complementary").get_by_role("button", name="To dataset")).to_be_visible()
    settled(page)
    page.keyboard.press("d")
    expect(page.get_by_role("dialog")).to_contain_text("1 answer to a dataset")
    page.keyboard.press("Escape")
    viewer = as_role("viewer")
    go(viewer, f"/traces?open={third['id']}")
    button = viewer.get_by_role("button", name="To dataset")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.hover()
    expect(viewer.get_by_role("tooltip")).to_contain_text("may not change datasets")
    settled(viewer)
    viewer.keyboard.press("d")
    expect(viewer.get_by_role("dialog")).to_contain_text("may not change datasets")


def test_a_bad_link_says_what_is_wrong(page: Any, visit: Visit) -> None:
    page.volant_faults.expected.append("404 /api/v1/views/traces/inf_nosuchanswer0")
    visit("/traces?open=inf_nosuchanswer0&from_ms=x&outcome=odd")
    expect(page.get_by_role("complementary").get_by_role("alert")).to_be_visible()
    expect(rows_of(page).nth(1)).to_be_visible()


# ---------------------------------------------------------------- fifty thousand
def _record(number: int, at_ms: int) -> InferenceRecord:
    """One answer of a desk: every 20th failed, 5 turns a session."""
    failed = number % 20 == 0
    said = {"messages": [{"role": "user", "content": f"Question {number}"}]}
    answer = {"choices": [{"message": {"role": "assistant", "content": f"Answer {number}"}}]}
    call = ModelCall(
        call_id=f"call_{number:016x}", span_id=f"{number:016x}", deployment=f"d{number % 3}", model="m",
        started_ms=at_ms + 1, latency_ms=float(4 + number % 700), status=500 if failed else 200,
    )  # fmt: skip
    return InferenceRecord(
        inference_id=f"inf_{number:032x}", project="default", key_id="key_1", trace_id=f"{number:032x}",
        span_id=f"{number:016x}", task="desk", variant=f"v{number % 4}", deployment=f"d{number % 3}", model="m",
        session=f"chat-{number // 5}", tags={"item": f"ticket-{number}"}, started_ms=at_ms,
        latency_ms=float(5 + number % 700), ttft_ms=3.0, status=500 if failed else 200,
        error_code="upstream" if failed else "", input_tokens=20 + number % 50, output_tokens=number % 30,
        cost_usd=0.00001 * (number % 90), calls=(call,), input=json.dumps(said).encode(),
        output=b"" if failed else json.dumps(answer).encode(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """A server with 50,000 answers, written by the code that writes those of a spool."""
    data = tmp_path_factory.mktemp("many") / "data"
    _fill(data)
    one = _start_server(data)
    yield one
    code, said = one.stop()
    assert code == 0, said


def _fill(data: Path) -> None:
    context = open_context(data, ServerSettings(), environment={}, publish=lambda: None)
    now = context.clock.now_ms()
    for start in range(0, MANY, 500):
        part = [_record(number, now - (MANY - number) * 100) for number in range(start, start + 500)]
        with context.db.begin() as tx:
            ingest(tx, context.keyring, part, now_ms=now)
    context.db.close()


@pytest.fixture(scope="module")
def reader(many: ServerUnderTest, browser: Any) -> dict[str, Any]:
    """Who may read there."""
    return _join(browser, str(ask(many, "GET", "/api/v1/invitations/setup")["link"]), "Ada", EMAIL, PASSWORD)


@pytest.fixture
def many_page(many: ServerUnderTest, reader: Any, browser: Any) -> Iterator[Any]:
    context = browser.new_context(base_url=many.url, viewport=WIDE, storage_state=reader, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    page, faults = context.new_page(), Faults()
    faults.watch(page)
    yield page
    context.close()
    assert not faults.left(), faults.left()


SCROLL = """async (wanted) => {
  const table = document.querySelector('[role=table][aria-label=Traces]');
  const rows = () => table.querySelectorAll('[role=row]').length;
  const frame = () => new Promise((then) => requestAnimationFrame(then));
  const seen = { rows: 0, frames: 0, loaded: 0 };
  const look = () => { seen.rows = Math.max(seen.rows, rows()); seen.frames += 1; };
  const began = performance.now();
  while (performance.now() - began < 600000) {
    table.scrollTop += 3000;
    await frame(); look();
    seen.loaded = Math.round((table.scrollHeight - 36) / 40);
    if (seen.loaded >= wanted && table.scrollTop + table.clientHeight >= table.scrollHeight - 1) break;
  }
  for (let step = 0; step < 60; step += 1) {
    table.scrollTop = table.scrollHeight * ((step * 0.37) % 1);
    await frame(); await frame(); look();
  }
  table.scrollTop = 0;
  await frame(); await frame(); look();
  await new Promise((then) => setTimeout(then, 300));
  return { ...seen, seconds: (performance.now() - began) / 1000 };
}"""


def test_50000_rows_scroll_with_few_in_the_dom_and_no_long_task(many_page: Any, browser: Any) -> None:
    """Tasks are measured in CPU time, so that another process of a busy machine does not count against the page."""
    page = many_page
    go(page, "/traces")
    expect(rows_of(page).nth(1)).to_be_visible()
    busy = """async () => {
      const until = performance.now() + 400;
      while (performance.now() < until);
      await new Promise((then) => setTimeout(then, 300)); // the task is written down when it has ended
    }"""
    _, control = tasks_of(browser, page, busy)
    assert max(wall for _, wall in control) >= 400, "the measurement sees a task that is too long"
    seen, tasks = tasks_of(browser, page, SCROLL, MANY)
    figures = (
        f"{seen['loaded']:,} rows in {seen['seconds']:.0f} s, {seen['frames']:,} frames; at most {seen['rows']} "
        f"rows in the DOM; {len(tasks):,} tasks, the longest (CPU, wall ms): "
        f"{[(round(a), round(b)) for a, b in tasks[:5]]}"
    )
    print(f"\n{figures}")  # noqa: T201
    assert seen["loaded"] >= MANY, figures
    assert 10 < seen["rows"] <= MOST_ROWS, figures
    assert len(tasks) > seen["frames"], "every frame is a task"
    assert tasks[0][0] <= LONGEST_MS, figures


def test_a_session_is_read_as_a_conversation(many_page: Any, axe: Axe) -> None:
    page = many_page
    go(page, f"/traces?q=session:chat-{MANY // 5 - 1}")
    expect(rows_of(page)).to_have_count(6)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("button", name=f"chat-{MANY // 5 - 1}").click()
    drawer = page.get_by_role("complementary", name="Session")
    expect(drawer.get_by_role("listitem")).to_have_count(5)
    drawer.get_by_role("button", name="Show what was said").click()
    expect(drawer).to_contain_text(f"Question {MANY - 5}")
    expect(drawer).to_contain_text(f"Answer {MANY - 1}")
    axe(page)
    reload(page)
    expect(drawer).to_contain_text(f"Answer {MANY - 1}")
