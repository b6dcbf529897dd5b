"""What people write of guards and caches: each mistake is named with its path, and what is right is taken."""

from __future__ import annotations

from typing import Any

import pytest

from volant.checks.guarding import problems, read
from volant.core.errors import BadInput
from volant.core.nouns import CacheSpec, GuardSpec, TaskSpec, VariantSpec


def said(*guards: dict[str, Any], cache: CacheSpec | None = None) -> list[tuple[str, str]]:
    specs = tuple(GuardSpec(**{"name": f"g{n}", **one}) for n, one in enumerate(guards))
    task = TaskSpec(name="t", variants=(VariantSpec(name="v", deployments=("d",)),), guards=specs, cache=cache)
    return problems(task, {"t", "other"}, {"d"})


@pytest.mark.parametrize(
    ("guard", "path", "word"),
    [
        ({"check": "pi"}, "check", "pii"),
        ({"check": "pii", "options": {"nams": True}}, "options", "nams"),
        ({"check": "pii", "options": {"min_score": "high"}}, "options.min_score", "float"),
        ({"check": "pii", "options": {"threshold": 2}}, "options.threshold", "between 0 and 1"),
        ({"check": "pii", "options": {"roles": ["nobody"]}}, "options.roles", "nobody"),
        ({"check": "pii", "options": {"restore": True}}, "options.restore", "redact"),
        ({"check": "pii", "action": "redact", "on": ["output"], "options": {"restore": True}},
         "options.restore", "input"),
        ({"check": "pii", "options": {"answer": "no"}}, "options.answer", "block"),
        ({"check": "pii", "on": []}, "options.on", "input"),
        ({"check": "regex", "options": {"pattern": "(?=x)"}}, "options.pattern", "RE2"),
        ({"check": "regex"}, "options.pattern", "missing"),
        ({"check": "topics"}, "options.deny", "missing"),
        ({"check": "topics", "action": "redact", "options": {"allow": {"a": ["b"]}}}, "options.action", "off topic"),
        ({"check": "topics", "options": {"embedding": "x", "deny": {"a": ["b"]}}}, "options.embedding", "no deploy"),
        ({"check": "topics", "options": {"embedding": "d", "deny": {"a": []}}}, "options.deny.a", "words"),
        ({"check": "topics", "options": {"embedding": "d", "deny": 1}}, "options.deny", "object"),
        ({"check": "length"}, "options.max_characters", "missing"),
        ({"check": "schema", "action": "redact"}, "options.action", "flag or block"),
        ({"check": "schema", "options": {"schema": {"type": "objekt"}}}, "options.schema", "objekt"),
        ({"check": "judge", "options": {"prompt": "x"}}, "options.model", "missing"),
        ({"check": "judge", "options": {"model": "d"}}, "options.prompt", "missing"),
        ({"check": "judge", "options": {"model": "nobody", "prompt": "x"}}, "options.model", "nobody"),
        ({"check": "judge", "options": {"model": "t", "prompt": "x"}}, "options.model", "itself"),
        ({"check": "judge", "options": {"model": "d", "prompt": "x", "tone": 1}}, "options.tone", "no such option"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_path(guard: dict[str, Any], path: str, word: str) -> None:
    ((where, words),) = said(guard)
    assert where == f"tasks.t.guards.g0.{path}"
    assert word in words


def test_names_differ() -> None:
    ((where, words),) = said({"check": "pii", "name": "x"}, {"check": "secrets", "name": "x"})
    assert where == "tasks.t.guards"
    assert "twice" in words


@pytest.mark.parametrize(
    ("cache", "path"),
    [
        (CacheSpec(semantic=True), "embedding"),
        (CacheSpec(semantic=True, embedding="nobody"), "embedding"),
        (CacheSpec(similarity=0), "similarity"),
        (CacheSpec(ttl_s=0), "ttl_s"),
        (CacheSpec(max_entries=0), "max_entries"),
        (CacheSpec(errors_ttl_s=-1), "errors_ttl_s"),
    ],
)
def test_a_wrong_cache(cache: CacheSpec, path: str) -> None:
    ((where, _),) = said(cache=cache)
    assert where == f"tasks.t.cache.{path}"


def test_what_is_right_is_taken() -> None:
    assert not said(
        {"check": "pii", "action": "redact", "on": ["input", "output"], "options": {"restore": True, "names": False}},
        {"check": "toxicity", "action": "block", "options": {"kinds": ["THREAT"], "threshold": 0.8}},
        {"check": "judge", "action": "block", "options": {"model": "other", "prompt": "gossip", "timeout_s": 2}},
        {"check": "topics", "options": {"embedding": "d", "allow": {"cards": ["my card"]}}},
        {"check": "schema", "on": ["output"], "action": "block"},
        cache=CacheSpec(semantic=True, embedding="d"),
    )


def test_how_much_is_held_back() -> None:
    def window(check: str, **options: Any) -> int | None:
        return read(GuardSpec(name="g", check=check, on=("output",), action="block", options=options)).window

    assert window("pii") == 160
    assert window("regex", pattern="x{3}", window=3) == 3
    assert window("regex", pattern="x+") is None
    assert window("topics", deny={"a": ["b"]}) == 200
    assert window("topics", allow={"a": ["b"]}) is None
    assert window("length", max_characters=3) is None
    with pytest.raises(BadInput):
        window("regex", pattern="x", window=-3)
