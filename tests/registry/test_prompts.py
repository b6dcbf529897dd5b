"""Prompts: versions that never change, labels that move, references that hold; and what an apply does with them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from volant.core.errors import BadInput, Conflict, NotFound
from volant.core.nouns import (
    DeploymentSpec,
    Documents,
    PromptMessage,
    PromptSpec,
    PromptVariable,
    TaskSpec,
    VariantSpec,
)
from volant.registry import documents, prompts, revision, state
from volant.registry.lineage import why
from volant.registry.prompts import Body
from volant.registry.snapshot import build_snapshot
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.tables import inference


def body(text: str, **variables: PromptVariable) -> Body:
    return Body(messages=(PromptMessage(role="system", template=text),), variables=variables)


def save(tx: Any, text: str, **more: Any) -> prompts.Saved:
    return prompts.save(tx, "default", "helpdesk", body(text), author="ann", **{"now_ms": 5, **more})


def configured(prompt: str, *specs: PromptSpec) -> Documents:
    variant = VariantSpec(name="v", deployments=("d",), prompt=prompt)
    return Documents(
        deployments=(DeploymentSpec(name="d", provider="mock", model="m", base_url="http://127.0.0.1:9/v1"),),
        tasks=(TaskSpec(name="t", variants=(variant,)),),
        prompts=specs,
    )


def spec(text: str, **more: Any) -> PromptSpec:
    return PromptSpec(name="helpdesk", messages=(PromptMessage(role="system", template=text),), **more)


def apply(tx: Any, what: Documents, now_ms: int = 9) -> documents.Applied:
    return documents.apply(tx, "default", what, applied_by="ann", now_ms=now_ms)


# ---------------------------------------------------------------- versions
def test_versions_are_numbered_and_a_known_body_is_the_version_that_has_it(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        first, again, second = save(tx, "One."), save(tx, "One.", comment="x"), save(tx, "Two.", comment="shorter")
        back = save(tx, "One.")
        assert [one.version.version for one in (first, again, second, back)] == [1, 1, 2, 1]
        assert [one.new for one in (first, again, second, back)] == [True, False, True, False]
        assert first.version.id == again.version.id
        listed = prompts.versions(tx, "default", "helpdesk")
        assert [(one.version, one.author, one.comment) for one in listed] == [(2, "ann", "shorter"), (1, "ann", "")]
        _, said = prompts.body_of(tx, "default", "helpdesk@1")
        assert said == body("One.")
        with pytest.raises(NotFound):
            prompts.versions(tx, "other", "helpdesk")


def test_what_cannot_be_rendered_is_not_saved(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        with pytest.raises(BadInput) as caught:
            save(tx, "Hello\n{{ name }}")
        assert caught.value.code == "prompt_variable_undeclared"
        assert "line 2" in caught.value.where
        with pytest.raises(BadInput, match="cannot name a prompt"):
            prompts.save(tx, "default", "Help Desk", body("x"), author="a", now_ms=1)
        warned = prompts.save(
            tx, "default", "helpdesk", body("x", name=PromptVariable(required=False)), author="a", now_ms=1
        )
        assert warned.warnings == ("the variable 'name' is declared and not used",)


# ---------------------------------------------------------------- labels
def test_labels_move_with_who_and_when_and_their_past_stays(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        save(tx, "One."), save(tx, "Two.")
        before = revision.current(tx)
        move = lambda reference, **more: prompts.move_label(  # noqa: E731
            tx, "default", reference, "production", by="bob", **{"now_ms": 7, **more}
        )
        assert move("helpdesk@1").from_version == 0
        assert revision.current(tx) == before + 1
        move("helpdesk@1", now_ms=8)  # there already
        assert revision.current(tx) == before + 1
        move("helpdesk@latest", now_ms=9, comment="better")
        found = prompts.moves(tx, "default", "helpdesk")
        assert [(one.from_version, one.version, one.moved_by, one.moved_ms) for one in found] == [
            (1, 2, "bob", 9), (0, 1, "bob", 7),
        ]  # fmt: skip
        assert found[0].comment == "better"
        assert prompts.bind(tx, "default", "helpdesk@production").label == "helpdesk@2"
        assert prompts.versions(tx, "default", "helpdesk")[0].labels == ("production",)
        for wrong, text in (("helpdesk@9", "no version 9"), ("helpdesk@staging", "no label 'staging'")):
            with pytest.raises(NotFound, match=text):
                move(wrong)
        for label in ("latest", "7", "Prod", ""):
            with pytest.raises(BadInput):
                prompts.move_label(tx, "default", "helpdesk@1", label, by="bob", now_ms=1)


# ---------------------------------------------------------------- binding
def test_a_variant_is_bound_to_what_is_there_only(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        for wrong, text in (
            ("helpdesk@production", "no prompt 'helpdesk'"),
            ("helpdesk", "does not say which"),
            ("helpdesk@", "does not say which"),
        ):
            with pytest.raises(BadInput, match=text) as caught:
                apply(tx, configured(wrong))
            assert "tasks.t.variants.v.prompt" in caught.value.message
        save(tx, "One.")
        with pytest.raises(BadInput, match="no label 'production'"):
            apply(tx, configured("helpdesk@production"))
        assert apply(tx, configured("helpdesk@1")).revision == 1
        both = msgspec.structs.replace(
            configured("helpdesk@1"),
            tasks=(TaskSpec(name="t", variants=(
                VariantSpec(name="v", deployments=("d",), prompt="helpdesk@1", system="Be brief."),)),),
        )  # fmt: skip
        with pytest.raises(BadInput, match="not both"):
            apply(tx, both)


def test_the_snapshot_follows_labels_and_the_newest(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        save(tx, "One.", labels=["production"])
        apply(tx, configured("helpdesk@production"))
        first = build_snapshot(tx, ring, now_ms=6)
        bound = first.prompts["default"]["helpdesk@production"]
        assert (bound.label, bound.messages[0].template) == ("helpdesk@1", "One.")
        save(tx, "Two.", labels=["production"])
        second = build_snapshot(tx, ring, now_ms=7)
        assert second.prompts["default"]["helpdesk@production"].label == "helpdesk@2"
        assert second.revision > first.revision
        assert second.config_hash != first.config_hash
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(second), type=type(second)) == second


def test_a_prompt_in_use_stays_and_an_archived_one_is_not_bound(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        save(tx, "One.")
        now = apply(tx, configured("helpdesk@1")).documents
        uses = prompts.uses_of(tx, "default", now)
        with pytest.raises(Conflict, match="t/v"):
            prompts.archive(tx, "default", "helpdesk", uses, now_ms=7)
        now = apply(tx, configured("")).documents
        released = VariantSpec(name="r", deployments=("d",), prompt="helpdesk@1")
        state.put_variant(tx, "default", "t", released, now_ms=7)
        with pytest.raises(Conflict, match="t/r"):
            prompts.archive(tx, "default", "helpdesk", prompts.uses_of(tx, "default", now), now_ms=7)
        state.remove_variant(tx, "default", "t", "r")
        prompts.archive(tx, "default", "helpdesk", prompts.uses_of(tx, "default", now), now_ms=7)
        assert prompts.list_prompts(tx, "default", ()) == []
        assert prompts.list_prompts(tx, "default", (), archived=True)[0].archived_ms == 7
        with pytest.raises(BadInput, match="was put away"):
            apply(tx, configured("helpdesk@1"))
        with pytest.raises(Conflict):
            save(tx, "Two.")
        prompts.restore(tx, "default", "helpdesk")
        assert apply(tx, configured("helpdesk@1")).revision == 3


# ---------------------------------------------------------------- prompts in volant.toml
def test_an_apply_saves_what_changed_and_moves_labels_only_then(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        apply(tx, configured("helpdesk@production", spec("One.", labels=("production",))))
        assert prompts.bind(tx, "default", "helpdesk@production").label == "helpdesk@1"
        save(tx, "By hand.")
        prompts.move_label(tx, "default", "helpdesk@2", "production", by="bob", now_ms=8)
        other = msgspec.structs.replace(
            configured("helpdesk@production", spec("One.", labels=("production",))),
            tasks=(*configured("helpdesk@production").tasks,
                   TaskSpec(name="u", variants=(VariantSpec(name="v", deployments=("d",)),))),
        )  # fmt: skip
        apply(tx, other, 10)
        assert prompts.bind(tx, "default", "helpdesk@production").label == "helpdesk@2", "moved by hand, and stays"
        changed = apply(tx, configured("helpdesk@production", spec("Three.", labels=("production",))), 11)
        assert prompts.bind(tx, "default", "helpdesk@production").label == "helpdesk@3"
        assert any(change.kind == "prompts" for change in changed.changes)


def test_every_problem_of_the_file_is_named_at_once(database: Database, ring: KeyRing) -> None:
    wrong = spec("{{ a }}\n{% for %}")
    with database.begin() as tx:
        with pytest.raises(BadInput) as caught:
            apply(tx, configured("helpdesk", wrong))
        assert "2 problems" in caught.value.message
        assert "messages[0], line 2" in caught.value.message
        with pytest.raises(NotFound):
            prompts.versions(tx, "default", "helpdesk")


# ---------------------------------------------------------------- evidence
def test_why_names_the_prompt_version(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        save(tx, "One.")
        made = save(tx, "Two.", comment="kinder").version
        tx.execute(insert(inference).values(
            id="inf_1", project="default", task="t", variant="v", deployment="d", model="m", status=200,
            prompt_version_id=made.id,
        ))  # fmt: skip
        chain = why(tx, "default", "inf_1")
        variant = next(node for node in chain.root.children if node.kind == "variant")
        assert variant.children[0].kind == "prompt_version"
        assert "helpdesk@2" in variant.children[0].sentence
        assert "kinder" in variant.children[0].sentence
        assert chain.gaps == ()
