"""The answer cache: what is the same question, whose answer it is, how long, and what is never kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    ImagePart,
    Message,
    Sampling,
    TextPart,
    Tool,
    ToolCall,
    Usage,
)
from volant.core.errors import LimitReached, UpstreamFailed
from volant.core.nouns import CacheSpec, GuardSpec, KeyGrant, Route, Snapshot, Target, TaskSpec, VariantSpec
from volant.gateway.answers import Refusal
from volant.gateway.cache import AnswerCache
from volant.gateway.cache_key import canonical, frame_of, given_again, is_kept, wish_of
from volant.gateway.hooks import Found, Question, Wish
from volant.gateway.plan import VariantPlan, compile_plans
from volant.store.cached_answers import FILE, CachedAnswers, forget
from volant.store.vault import Vault, new_key

pytestmark = pytest.mark.anyio
replace = msgspec.structs.replace


class Clock:
    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault() -> Vault:
    return Vault(new_key())


@pytest.fixture
async def cache(tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[AnswerCache]:
    async def personal(texts: list[str]) -> bool:
        return any("@" in text for text in texts)

    made = AnswerCache(tmp_path, vault, clock, personal)
    yield made
    await made.close()


def grant(key: str = "k1", project: str = "p") -> KeyGrant:
    return KeyGrant(key_id=key, project=project, sha256="", scopes=("inference",))


def variant(**changes: Any) -> VariantPlan:
    spec = VariantSpec(**{"name": "v", "deployments": ("d",), **changes})
    return VariantPlan(
        spec=spec, defaults={}, system=b"", deployments=(), fallbacks=(), header=b"", dearest=(0, 0), max_tokens=0
    )


def request(text: str = "How do I reset my PIN?", **changes: Any) -> ChatRequest:
    messages = (
        Message(role="system", parts=(TextPart(text="Be kind"),)),
        Message(role="user", parts=(TextPart(text=text),)),
    )
    return ChatRequest(**{"model": "t", "messages": messages, "dialect": "openai_chat", **changes})


def ask(asked: ChatRequest | None = None, *, spec: CacheSpec | None = None, **changes: Any) -> Question:
    guards = changes.pop("guards", ())
    redact = changes.pop("redact", False)
    task = TaskSpec(
        name=changes.pop("task", "t"),
        variants=(variant().spec,),
        cache=spec or CacheSpec(),
        guards=guards,
        redact=redact,
    )
    return Question(**{"grant": grant(), "task": task, "variant": variant(), "request": asked or request(), **changes})


def answer(text: str = "Like so.", finish: Any = "stop", **changes: Any) -> ChatResponse:
    message = Message(role="assistant", parts=(TextPart(text=text),) if text else ())
    choice = Choice(index=0, message=message, finish=finish)
    usage = Usage(input_tokens=5, output_tokens=3)
    return ChatResponse(**{"id": "r1", "created_s": 7, "model": "m", "choices": (choice,), "usage": usage, **changes})


async def keep(cache: AnswerCache, question: Question, response: ChatResponse | None = None) -> None:
    assert await cache.look(question) is None
    await cache.keep(question, response or answer(), None)
    await cache.settle()


# ---------------------------------------------------------------- the same question
async def test_the_same_question_has_the_same_answer_until_it_ends(cache: AnswerCache, clock: Clock) -> None:
    await keep(cache, ask(spec=CacheSpec(ttl_s=60)))
    clock.now_ms += 59_000
    found = await cache.look(ask(spec=CacheSpec(ttl_s=60)))
    assert found == Found(how="exact", age_s=59, response=answer())
    clock.now_ms += 1_000
    assert await cache.look(ask(spec=CacheSpec(ttl_s=60))) is None


TOOL = Tool(name="f", parameters={"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "number"}}})
REORDERED = Tool(
    name="f", parameters={"properties": {"b": {"type": "number"}, "a": {"type": "string"}}, "type": "object"}
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"stream": True, "include_usage": True}),
        ({}, {"user": "ada", "metadata": {"x": "y"}}),
        ({}, {"dialect": "anthropic"}),
        ({"tools": (TOOL,)}, {"tools": (REORDERED,)}),
        ({"extra": {"a": 1, "b": 2}}, {"extra": {"b": 2, "a": 1}}),
    ],
)
async def test_what_does_not_count(cache: AnswerCache, one: dict[str, Any], other: dict[str, Any]) -> None:
    await keep(cache, ask(request(**one)))
    assert await cache.look(ask(request(**other))) is not None


@pytest.mark.parametrize(
    "other",
    [
        {"asked": request("How do I reset my PIN")},
        {"asked": request(sampling=Sampling(temperature=0.1))},
        {"asked": request(tools=(TOOL,))},
        {"asked": request(messages=request().messages[1:])},
        {"asked": request(extra={"x": 1})},
        {"grant": grant(project="q")},
        {"task": "u"},
        {"variant": variant(system="Be rude")},
        {"variant": variant(parameters={"temperature": 1})},
        {"guards": (GuardSpec(name="g", check="pii", on=("output",), action="redact"),)},
    ],
)
async def test_what_counts(cache: AnswerCache, other: dict[str, Any]) -> None:
    await keep(cache, ask())
    assert await cache.look(ask(**other)) is None


async def test_words_of_one_dialect_mean_nothing_in_another(cache: AnswerCache) -> None:
    await keep(cache, ask(request(extra={"x": 1})))
    assert await cache.look(ask(request(extra={"x": 1}, dialect="anthropic"))) is None


def _spoken(provider: str) -> VariantPlan:
    """A variant at one place."""
    target = Target(name="d", provider=provider, model="m", base_url="http://127.0.0.1:9/v1")
    task = TaskSpec(name="t", variants=(variant().spec,))
    snapshot = Snapshot(
        revision=1, config_hash="h", routes={"p": {"t": Route(task=task, live="v")}}, targets={"p": {"d": target}},
        keys={}, subject_keys={},
    )  # fmt: skip
    return compile_plans(snapshot, {}).tasks["p"]["t"].live


async def test_a_beta_that_a_place_is_told_makes_another_question(cache: AnswerCache) -> None:
    """`anthropic-beta` goes along to a place that speaks Anthropic's dialect, and may change what it answers."""
    version = (b"anthropic-version", b"2023-06-01")

    def asks(*betas: bytes, at: str = "anthropic", dialect: str = "anthropic", **more: Any) -> Question:
        said = (version, *((b"anthropic-beta", one) for one in betas))
        return ask(request(dialect=dialect), variant=_spoken(at), said=said, **more)

    await keep(cache, asks(b"context-1m, interleaved"), answer("with betas"))
    for same in (asks(b"interleaved,context-1m"), asks(b"interleaved", b"context-1m")):
        assert (found := await cache.look(same)) is not None
        assert found.response == answer("with betas")
    await keep(cache, asks(), answer("without"))
    await keep(cache, asks(b"interleaved"), answer("with one"))
    found = await cache.look(ask(variant=_spoken("anthropic")))  # as an OpenAI client asks it
    assert found is not None
    assert found.response == answer("without")
    await keep(cache, asks(b"interleaved", at="openai"), answer("of another"))
    assert await cache.look(asks(b"context-1m", at="openai")) is not None, "this place is not told"


async def test_a_prompt_filled_in_otherwise_is_another_question(cache: AnswerCache) -> None:
    filled = [variant(), variant()]
    filled[0].said, filled[1].said = (b'{"role":"system"}', b""), (b'{"role":"user"}', b"")
    await keep(cache, ask(variant=filled[0]))
    assert await cache.look(ask(variant=filled[1])) is None
    assert await cache.look(ask(variant=filled[0])) is not None


# ---------------------------------------------------------------- whose answer
async def test_keys_share_answers_or_not(cache: AnswerCache) -> None:
    await keep(cache, ask())
    assert await cache.look(ask(grant=grant("k2"))) is not None
    own = CacheSpec(scope="key")
    await keep(cache, ask(spec=own))
    assert await cache.look(ask(spec=own, grant=grant("k2"))) is None
    assert await cache.look(ask(spec=own)) is not None


async def test_where_a_persons_words_come_back_the_answer_is_theirs(cache: AnswerCache) -> None:
    await keep(cache, ask(personal=True, subject="ada"))
    assert await cache.look(ask(personal=True, subject="bob")) is None
    assert await cache.look(ask(personal=True, subject="ada")) is not None
    nobody = ask(personal=True)
    assert await cache.look(nobody) is None
    await cache.keep(nobody, answer(), None)
    await cache.settle()
    assert await cache.look(ask(personal=True)) is None


# ---------------------------------------------------------------- what is kept
@pytest.mark.parametrize(
    "response",
    [
        answer(finish="length"),
        answer(finish="content_filter"),
        answer(finish="error"),
        answer(finish=None),
        answer(""),
        answer(choices=()),
        answer("x" * (2 << 20)),
    ],
)
async def test_only_whole_answers_are_kept(cache: AnswerCache, response: ChatResponse) -> None:
    await keep(cache, ask(), response)
    assert await cache.look(ask()) is None


async def test_answers_that_call_tools_are_kept_and_those_of_the_providers_tools_are_not(cache: AnswerCache) -> None:
    called = Message(role="assistant", tool_calls=(ToolCall(id="c", name="f", arguments="{}"),))
    told = answer(choices=(Choice(index=0, message=called, finish="tool_calls"),))
    await keep(cache, ask(), told)
    found = await cache.look(ask())
    assert found is not None
    assert found.response == told
    searches = request(own_tools=({"type": "web_search"},))
    await keep(cache, ask(searches), told)
    assert await cache.look(ask(searches)) is None


async def test_refusals_of_the_request_are_kept_where_the_task_says_so(cache: AnswerCache, clock: Clock) -> None:
    spec = CacheSpec(errors_ttl_s=10)
    refused = Refusal(400, "bad_tool", "no such tool")
    for given, wanted in ((CacheSpec(), False), (spec, True)):
        question = ask(spec=given)
        assert await cache.look(question) is None
        await cache.keep(question, None, refused)
        await cache.settle()
        found = await cache.look(ask(spec=given))
        assert (found is not None) is wanted
    assert found is not None
    assert isinstance(found.refusal, Refusal)
    assert (found.refusal.status, found.refusal.code, found.refusal.message) == (400, "bad_tool", "no such tool")
    clock.now_ms += 10_000
    assert await cache.look(ask(spec=spec)) is None
    for other in (Refusal(429, "x", "y"), Refusal(401, "x", "y"), LimitReached("x", "y"), UpstreamFailed("x", "y")):
        question = ask(spec=spec)
        assert await cache.look(question) is None
        await cache.keep(question, None, other)
        await cache.settle()
        assert await cache.look(ask(spec=spec)) is None


async def test_where_personal_data_is_not_written_none_is_kept(cache: AnswerCache) -> None:
    await keep(cache, ask(redact=True), answer("write to ada@example.org"))
    assert await cache.look(ask(redact=True)) is None
    await keep(cache, ask(redact=True))
    assert await cache.look(ask(redact=True)) is not None


async def test_the_least_recently_used_go(cache: AnswerCache, clock: Clock) -> None:
    few = CacheSpec(max_entries=3)
    for word in "abc":
        await keep(cache, ask(request(word), spec=few))
        clock.now_ms += 1
    assert await cache.look(ask(request("a"), spec=few)) is not None
    await cache.settle()
    await keep(cache, ask(request("d"), spec=few))
    await keep(cache, ask(request("other task"), spec=few, task="u"))
    held = [word for word in "abcd" if await cache.look(ask(request(word), spec=few)) is not None]
    assert held == ["a", "c", "d"]


# ---------------------------------------------------------------- the caller's word
@pytest.mark.parametrize(
    ("control", "ours", "wish"),
    [
        (b"", b"", Wish()),
        (b"no-store", b"", Wish(False, False)),
        (b"No-Cache", b"", Wish(False, True)),
        (b"max-age=5, x", b"", Wish(True, True, 5.0)),
        (b"max-age=0", b"", Wish(False, True, 0.0)),
        (b"max-age=x", b"", Wish()),
        (b"", b"Skip", Wish(False, False)),
    ],
)
def test_what_the_caller_says(control: bytes, ours: bytes, wish: Wish) -> None:
    assert wish_of(control, ours) == wish


async def test_the_callers_word_is_kept(cache: AnswerCache, clock: Clock) -> None:
    await keep(cache, ask(wish=Wish(False, False)))
    assert await cache.look(ask()) is None
    await keep(cache, ask())
    clock.now_ms += 6_000
    assert await cache.look(ask(wish=Wish(True, True, 5.0))) is None
    fresh = ask(wish=Wish(False, True))
    assert await cache.look(fresh) is None
    await cache.keep(fresh, answer("Anew."), None)
    await cache.settle()
    found = await cache.look(ask())
    assert found is not None
    assert found.response == answer("Anew.")


# ---------------------------------------------------------------- meaning
class Vectors:
    """Two questions that mean the same have vectors at 0.98."""

    def __init__(self, fails: bool = False) -> None:
        self.asked: list[str] = []
        self.fails = fails

    async def ask(self, name: str, request: ChatRequest, timeout_s: float) -> str:
        raise AssertionError

    async def embed(self, name: str, texts: Sequence[str], timeout_s: float) -> list[Sequence[float]]:
        if self.fails:
            raise UpstreamFailed("upstream_failed", "down")
        self.asked += texts
        return [[2.0, 0.4 * ("please" in text), 2.0 * ("card" in text)] for text in texts]


MEANING = CacheSpec(semantic=True, embedding="e", similarity=0.97)


async def test_a_question_that_means_the_same(cache: AnswerCache) -> None:
    models = Vectors()
    await keep(cache, ask(spec=MEANING, models=models))
    found = await cache.look(ask(request("please reset my PIN"), spec=MEANING, models=models))
    assert found is not None
    assert (found.how, found.response) == ("semantic", answer())
    assert models.asked == ["How do I reset my PIN?", "please reset my PIN"]
    for other in (
        request("reset my card"),
        request("please reset my PIN", sampling=Sampling(temperature=0.5)),
        request("please reset PIN 7"),
        replace(request(), messages=request("please").messages[1:]),
    ):
        assert await cache.look(ask(other, spec=MEANING, models=models)) is None
    assert (
        await cache.look(ask(request("please reset my PIN"), spec=replace(MEANING, similarity=0.99), models=models))
        is None
    )


async def test_vectors_of_others_are_seen_and_those_of_the_erased_are_not(
    cache: AnswerCache, tmp_path: Path, vault: Vault, clock: Clock
) -> None:
    models = Vectors()
    assert await cache.look(ask(spec=MEANING, models=models)) is None
    other = AnswerCache(tmp_path, vault, clock)  # another worker
    await keep(other, ask(spec=MEANING, models=models, subject="ada"))
    await other.close()
    near = request("please reset my PIN")
    assert await cache.look(ask(near, spec=MEANING, models=models, subject="bob")) is not None
    await cache.settle()
    assert forget(tmp_path, vault, "p", "bob") == 1  # it was given to bob, so it tells of bob
    assert await cache.look(ask(near, spec=MEANING, models=models)) is None
    assert await cache.look(ask(spec=MEANING, models=models)) is None


async def test_without_vectors_it_is_a_miss_and_kept_exactly(cache: AnswerCache) -> None:
    await keep(cache, ask(spec=MEANING, models=Vectors(fails=True)))
    found = await cache.look(ask(spec=MEANING, models=Vectors(fails=True)))
    assert found is not None
    assert found.how == "exact"


def test_what_can_be_compared_by_meaning() -> None:
    framed = frame_of(request("order 12 of 3.5 kg"))
    assert framed is not None
    assert framed[0].messages[-1].text == "12 3.5"
    assert framed[1] == "order 12 of 3.5 kg"
    picture = Message(role="user", parts=(TextPart(text="what is it?"), ImagePart(url="https://example.org/a.png")))
    for messages in ((), (picture,), (Message(role="tool", parts=(TextPart(text="x"),)),), request(" ").messages):
        assert frame_of(request(messages=messages)) is None


# ---------------------------------------------------------------- the file
async def test_the_file_holds_no_words_and_outlives_the_process(
    tmp_path: Path, vault: Vault, clock: Clock, cache: AnswerCache
) -> None:
    await keep(cache, ask(request("a most peculiar question")), answer("a most peculiar answer"))
    raw = b"".join(path.read_bytes() for path in (tmp_path / FILE).parent.iterdir())
    assert b"peculiar" not in raw
    await cache.close()
    again = AnswerCache(tmp_path, vault, clock)
    found = await again.look(ask(request("a most peculiar question")))
    assert found is not None
    await again.close()


async def test_under_another_master_key_or_damaged_it_is_a_miss(
    tmp_path: Path, vault: Vault, clock: Clock, cache: AnswerCache
) -> None:
    await keep(cache, ask())
    stranger = AnswerCache(tmp_path, Vault(new_key()), clock)
    assert await stranger.look(ask()) is None
    await stranger.close()
    await cache.close()
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    for left in (tmp_path / FILE).parent.glob("*-*"):
        left.unlink()
    broken = AnswerCache(tmp_path, vault, clock)
    question = ask()
    assert await broken.look(question) is None
    await broken.keep(question, answer(), None)
    await broken.close()


async def test_erasing_removes_what_a_person_asked_for(tmp_path: Path, vault: Vault, cache: AnswerCache) -> None:
    await keep(cache, ask(request("ada asks"), subject="ada"))
    await keep(cache, ask(request("bob asks"), subject="bob"))
    assert await cache.look(ask(request("bob asks"), subject="ada")) is not None
    await cache.settle()
    assert forget(tmp_path, vault, "q", "ada") == 0
    assert forget(tmp_path, vault, "p", "ada") == 2
    assert await cache.look(ask(request("ada asks"))) is None
    assert await cache.look(ask(request("bob asks"))) is None
    await keep(cache, ask(request("bob again"), subject="bob"), answer("as Ada said: my sister in Gdańsk"))
    await keep(cache, ask(request("bob once more"), subject="bob"))
    assert forget(tmp_path, vault, "p", "ada", ["my sister in Gdańsk"]) == 1
    assert await cache.look(ask(request("bob once more"))) is not None
    assert forget(tmp_path / "nowhere", vault, "p", "ada") == 0


def test_an_entry_cannot_be_moved_to_another_question(tmp_path: Path, vault: Vault) -> None:
    import sqlite3

    from volant.store.cached_answers import Entry

    file = CachedAnswers(tmp_path, vault)
    entry = Entry(kind="answer", body=b"x", created_ms=1, expires_ms=100)
    for digest in (b"a" * 32, b"b" * 32):
        file.put(digest, entry, project="p", task="t", subject="", max_entries=9)
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("UPDATE entry SET sealed = (SELECT sealed FROM entry WHERE digest = ?)", (b"a" * 32,))
    db.close()
    assert file.get(b"a" * 32, now_ms=2) == entry
    assert file.get(b"b" * 32, now_ms=2) is None
    assert file.sweep(now_ms=100) == 2
    file.close()


def test_an_answer_given_again_has_an_id_of_its_own() -> None:
    assert given_again(answer(), "inf_2", 9) == answer(id="inf_2", created_s=9)


@pytest.mark.parametrize(
    "more",
    [
        {"conversation": "conv_1"}, {"previous_response_id": "resp_1"}, {"store": True}, {"web_search_options": {}},
        {"mcp_servers": [{"url": "https://x.example"}]}, {"container": "c"},
    ],
)  # fmt: skip
async def test_what_depends_on_more_than_the_request_is_not_kept(more: dict[str, Any]) -> None:
    request = ChatRequest(model="t", messages=(), dialect="openai_responses", extra=more)
    assert not is_kept(request)
    assert is_kept(msgspec.structs.replace(request, extra={"store": False, "seed": 1}))


async def test_who_asks_and_how_it_travels_make_no_other_question() -> None:
    request = ChatRequest(model="t", messages=(), dialect="openai_chat")
    more = {"safety_identifier": "x", "stream_options": {"include_obfuscation": False}}
    assert canonical(msgspec.structs.replace(request, extra=more)) == canonical(request)
    assert canonical(msgspec.structs.replace(request, extra={"verbosity": "low"})) != canonical(request)
