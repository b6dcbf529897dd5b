"""Documents, state and the snapshot they make together."""

from __future__ import annotations

import msgspec
import pytest

from volant.core.errors import BadInput, NotFound
from volant.core.nouns import (
    DatedPrice,
    DeploymentSpec,
    Documents,
    Limits,
    LimitSpec,
    MonitorSpec,
    Policy,
    Split,
    TaskSpec,
    VariantSpec,
)
from volant.core.prices import Price
from volant.registry import documents, keys, projects, revision, secrets, state
from volant.registry.snapshot import build_snapshot
from volant.store.database import Database
from volant.store.keys import KeyRing

TABLE = Price(usd_per_input_token=1e-6, usd_per_output_token=2e-6, usd_per_cached_token=1e-7, version="2026-11")
DOCUMENTS = Documents(
    deployments=(
        DeploymentSpec(name="small", provider="local", model="small"),
        DeploymentSpec(name="spare", provider="mock", model="m", base_url="http://127.0.0.1:9/v1/", api_key_ref="mock"),
        DeploymentSpec(
            name="cloud", provider="openai", model="gpt", api_key_env="CLOUD_KEY", usd_per_million_output_tokens=3.0
        ),
    ),
    tasks=(
        TaskSpec(
            name="intent",
            variants=(
                VariantSpec(name="first", deployments=("small",), fallbacks=("spare",)),
                VariantSpec(name="big", deployments=("cloud",)),
            ),
        ),
    ),
)


def test_applying_makes_revisions_and_the_same_again_none(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        first = documents.apply(tx, "default", DOCUMENTS, applied_by="me", now_ms=5)
        again = documents.apply(tx, "default", DOCUMENTS, applied_by="me", now_ms=6)
        changed = msgspec.structs.replace(DOCUMENTS, policy=Policy(retention_days=30))
        second = documents.apply(tx, "default", changed, applied_by="you", now_ms=7)
        assert (first.revision, again.revision, second.revision) == (1, 1, 2)
        assert first.hash == again.hash != second.hash
        assert again.changes == ()
        assert [change.sentence() for change in second.changes] == ["~ policy.retention_days: 365 → 30"]
        assert documents.current(tx, "default").documents == changed
        assert documents.current(tx, "other").revision == 0


def test_a_difference_names_the_setting_inside_the_thing(database: Database) -> None:
    task = DOCUMENTS.tasks[0]
    after = msgspec.structs.replace(
        DOCUMENTS,
        deployments=DOCUMENTS.deployments[:2],
        tasks=(
            msgspec.structs.replace(
                task, variants=(msgspec.structs.replace(task.variants[0], parameters={"max_tokens": 24}),)
            ),
        ),
        monitors=(MonitorSpec(name="watch", task="intent", measure="error_rate", threshold=0.1),),
    )
    sentences = {change.sentence() for change in documents.diff(DOCUMENTS, after)}
    assert "- deployments.cloud" in sentences
    assert "+ monitors.watch" in sentences
    assert "~ tasks.intent.variants.first.parameters.max_tokens: nothing → 24" in sentences
    assert any(sentence.startswith("~ tasks.intent.variants.big: {") for sentence in sentences)
    assert documents.diff(DOCUMENTS, DOCUMENTS) == ()


def test_a_thing_was_made_when_it_was_first_configured(database: Database, ring: KeyRing) -> None:
    """Changed, taken out and put back: it is as old as ever. What was there before times were kept is as old as that
    configuration."""
    fewer = msgspec.structs.replace(DOCUMENTS, tasks=(), loops=(), monitors=(), gates=())
    with database.begin() as tx:
        documents.apply(tx, "default", fewer, applied_by="me", now_ms=1_000)
        documents.apply(tx, "default", DOCUMENTS, applied_by="me", now_ms=2_000)
        documents.apply(tx, "default", fewer, applied_by="me", now_ms=3_000)
        documents.apply(tx, "default", DOCUMENTS, applied_by="me", now_ms=4_000)
        made = build_snapshot(tx, ring, now_ms=5_000).made["default"]
        assert (made["tasks/intent"], made["deployments/small"]) == (2_000, 1_000)
        state.remove(tx, "default", "made", "")
        documents.apply(tx, "default", fewer, applied_by="me", now_ms=6_000)
        assert documents.made(tx, "default")["tasks/intent"] == 4_000


def test_names_that_point_nowhere_are_refused_together(database: Database, ring: KeyRing) -> None:
    bad = msgspec.structs.replace(
        DOCUMENTS,
        deployments=DOCUMENTS.deployments[1:],
        monitors=(MonitorSpec(name="watch", task="intend", measure="error_rate", threshold=0.1),),
    )
    with database.begin() as tx:
        with pytest.raises(BadInput) as caught:
            documents.apply(tx, "default", bad, applied_by="me", now_ms=5)
        assert "no deployment 'small'" in caught.value.message
        assert "did you mean 'intent'" in caught.value.message
        assert documents.current(tx, "default").revision == 0


def test_the_snapshot_resolves_addresses_prices_and_credentials(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        secrets.put(tx, ring, "default", "mock", "sk-mock-1", now_ms=5)
        _, clear = keys.create_key(tx, "default", name="app", scopes=["inference"], now_ms=5)
        documents.apply(tx, "default", DOCUMENTS, applied_by="me", now_ms=5)
        state.put_place(tx, "default", "small", state.Place(base_url="http://127.0.0.1:7001/v1"), now_ms=5)
    with database.read() as tx:
        made = build_snapshot(
            tx,
            ring,
            now_ms=6,
            price_of=lambda provider, model: TABLE if provider == "openai" else None,
            base_url_of={"openai": "https://api.example.com/v1"}.get,  # type: ignore[arg-type]
            environment={"CLOUD_KEY": "sk-cloud"},
        )
        key = keys.authenticate(tx, clear, now_ms=6)
    targets = made.targets["default"]
    assert targets["small"].base_url == "http://127.0.0.1:7001/v1"
    assert (targets["spare"].base_url, targets["spare"].api_key) == ("http://127.0.0.1:9/v1", "sk-mock-1")
    assert (targets["cloud"].base_url, targets["cloud"].api_key) == ("https://api.example.com/v1", "sk-cloud")
    assert targets["cloud"].usd_per_input_token == 1e-6
    assert targets["cloud"].usd_per_output_token == pytest.approx(3e-6)
    assert targets["cloud"].usd_per_cached_token == 1e-7
    assert targets["cloud"].price_version == "2026-11+configured"
    assert made.routes["default"]["intent"].live == "first"
    assert made.routes["other"] == {}
    assert made.keys[key.sha256].key_id == key.id
    assert bytes.fromhex(made.subject_keys["default"]) == ring.vault.derive("hash/default")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=type(made)) == made


def test_limits_and_what_deployments_name_and_do_not_hold_reach_the_gateways(database: Database, ring: KeyRing) -> None:
    deployment = DeploymentSpec(
        name="cloud", provider="openai", model="m", base_url="http://127.0.0.1:9/v1",
        headers={"x-team": "a", "x-api-key": "secret:spare", "x-token": "env:TOKEN", "x-secret": "secret:gone"},
        options={"api_version": "env:VERSION"}, proxy="secret:proxy",
        prices=(DatedPrice(from_day="2026-12-01", usd_per_million_input_tokens=5, usd_per_million_output_tokens=6),),
    )  # fmt: skip
    spec = LimitSpec(over="model", name="m", limits=Limits(concurrent=4))
    with database.begin() as tx:
        secrets.put(tx, ring, "default", "spare", "k-1", now_ms=5)
        secrets.put(tx, ring, "default", "proxy", "http://u:p@127.0.0.1:3128", now_ms=5)
        given = Documents(deployments=(deployment,), limits=(spec,))
        documents.apply(tx, "default", given, applied_by="me", now_ms=5)
    noon = 1_795_435_200_000  # 2026-11-23
    for now_ms, price in ((noon, 1e-6), (noon + 8 * 86_400_000, 5e-6)):
        with database.read() as tx:
            made = build_snapshot(
                tx, ring, now_ms=now_ms, price_of=lambda provider, model: TABLE,
                environment={"TOKEN": "t\r\nx: y", "VERSION": "v2"},
            )  # fmt: skip
        target = made.targets["default"]["cloud"]
        assert target.usd_per_input_token == price
    assert made.limits["default"] == (spec,)
    assert target.headers == {"x-team": "a", "x-api-key": "k-1"}, "one is not there, one has a line end"
    assert (target.options, target.proxy) == ({"api_version": "v2"}, "http://u:p@127.0.0.1:3128")
    assert target.price_version == "configured 2026-12-01"


def test_a_changed_limit_is_shown_by_what_it_is_over() -> None:
    before = Documents(limits=(LimitSpec(over="project", limits=Limits(usd_per_day=1)),), aliases={"gpt-4o": "a"})
    after = Documents(
        limits=(
            LimitSpec(over="project", limits=Limits(usd_per_day=2)),
            LimitSpec(over="task", name="a", limits=Limits(concurrent=1)),
        )
    )
    said = [(one.action, one.kind, one.name, one.path) for one in documents.diff(before, after)]
    assert ("add", "limits", "task a", "") in said
    assert ("change", "limits", "project", "usd_per_day") in said
    assert ("change", "aliases", "", "gpt-4o") in said


def test_what_the_loop_owns_survives_an_apply(database: Database, ring: KeyRing) -> None:
    split = Split(rollout_id="rol_1", candidate="second", share=0.1, mode="canary", salt="s")
    with database.begin() as tx:
        documents.apply(tx, "default", DOCUMENTS, applied_by="me", now_ms=5)
        state.put_variant(tx, "default", "intent", VariantSpec(name="second", deployments=("tuned",)), now_ms=6)
        state.put_place(
            tx,
            "default",
            "tuned",
            state.Place(base_url="http://x/v1", spec=DeploymentSpec(name="tuned", provider="local", model="tuned")),
            now_ms=6,
        )
        state.set_live(tx, "default", "intent", "second", release_id="rel_1", now_ms=6)
        state.set_split(tx, "default", "intent", split, now_ms=6)
        changed = msgspec.structs.replace(DOCUMENTS, policy=Policy(on_full_disk="refuse"))
        documents.apply(tx, "default", changed, applied_by="me", now_ms=7)
        made = build_snapshot(tx, ring, now_ms=8)
        assert {held.kind for held in documents.held(tx, "default")} == {"live", "split", "variant", "deployment"}
    route = made.routes["default"]["intent"]
    assert (route.live, route.release_id, route.split) == ("second", "rel_1", split)
    assert [variant.name for variant in route.task.variants] == ["first", "big", "second"]
    assert made.targets["default"]["tuned"].model == "tuned"
    assert made.on_full_disk == "refuse"


def test_unhealthy_places_and_vanished_variants_are_left_out(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        documents.apply(tx, "default", DOCUMENTS, applied_by="me", now_ms=5)
        state.put_place(tx, "default", "small", state.Place(base_url="http://x/v1", healthy=False), now_ms=5)
        state.set_live(tx, "default", "intent", "vanished", release_id="rel_0", now_ms=5)
        made = build_snapshot(tx, ring, now_ms=6)
    assert set(made.targets["default"]) == {"spare"}
    assert (made.routes["default"]["intent"].live, made.routes["default"]["intent"].release_id) == ("first", "")


def test_the_revision_grows_with_changes_only_and_the_hash_follows_the_routes(
    database: Database, ring: KeyRing
) -> None:
    with database.begin() as tx:
        documents.apply(tx, "default", DOCUMENTS, applied_by="me", now_ms=5)
        first = build_snapshot(tx, ring, now_ms=6)
        state.set_live(tx, "default", "intent", "big", now_ms=7)
        second = build_snapshot(tx, ring, now_ms=8)
        state.set_live(tx, "default", "intent", "big", now_ms=9)
        third = build_snapshot(tx, ring, now_ms=10)
        secrets.put(tx, ring, "default", "mock", "other", now_ms=11)
        fourth = build_snapshot(tx, ring, now_ms=12)
        assert not state.clear_split(tx, "default", "intent")
        assert revision.current(tx) == fourth.revision
    assert first.revision < second.revision == third.revision < fourth.revision
    assert first.config_hash != second.config_hash == third.config_hash == fourth.config_hash


def test_secrets_are_sealed_and_named(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        secrets.put(tx, ring, "default", "mock", "sk-1", now_ms=5)
        secrets.put(tx, ring, "default", "mock", "sk-2", now_ms=6)
        assert secrets.get(tx, ring, "default", "mock") == "sk-2"
        assert secrets.names(tx, "default") == ["mock"]
        with pytest.raises(NotFound):
            secrets.get(tx, ring, "other", "mock")
        assert secrets.remove(tx, "default", "mock")
        assert not secrets.remove(tx, "default", "mock")
        with pytest.raises(BadInput):
            secrets.put(tx, ring, "default", "mock", "", now_ms=6)


def test_projects_are_made_once_and_named_well(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        made = projects.ensure(tx, ring, "bank", now_ms=5)
        assert projects.ensure(tx, ring, "bank", now_ms=9) == made
        assert [project.id for project in projects.list_all(tx)] == ["bank", "default", "other"]
        with pytest.raises(BadInput, match="cannot name"):
            projects.ensure(tx, ring, "Bank of X", now_ms=5)
