"""Prompts: versions that never change, labels that move, what differs, and how one renders. Calls no model."""

from __future__ import annotations

import difflib
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Query
from sqlalchemy import Connection

from volant.api.access import Caller, Configures, Reads
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import did
from volant.core.nouns import Noun, PromptMessage, PromptSpec, PromptVariable
from volant.core.prompts import Said, check_body
from volant.registry import audit, documents, prompts

router = APIRouter(prefix="/prompts", tags=["prompts"])

Which = Annotated[str, Query(max_length=60, description="A number, a label, or `latest`.")]


class PromptView(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt with everything but its templates."""

    prompt: prompts.Prompt
    versions: list[prompts.Version]  # newest first
    moves: list[prompts.Move]  # of labels, newest first


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """One version, whole."""

    name: str
    version: prompts.Version
    messages: tuple[PromptMessage, ...]
    variables: dict[str, PromptVariable]
    warnings: tuple[str, ...] = ()


class MessageDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One place in the list of messages."""

    position: int
    role_before: str  # empty: there was none
    role_after: str
    changed: bool
    lines: tuple[str, ...]  # unified, without a head; empty where nothing changed


class VersionDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What two versions say otherwise."""

    name: str
    before: prompts.Version
    after: prompts.Version
    unified: str  # of both as text, as `diff -u` shows it; empty: they say the same
    messages: tuple[MessageDifference, ...]
    variables_added: tuple[str, ...]
    variables_removed: tuple[str, ...]
    variables_changed: tuple[str, ...]


class LabelTarget(Noun, frozen=True, kw_only=True):
    """Where a label shall point."""

    version: str  # a number, another label, or "latest"
    comment: str = ""


class Values(Noun, frozen=True, kw_only=True):
    """What to render a version with."""

    variables: dict[str, Any] = msgspec.field(default_factory=dict)
    messages: tuple[dict[str, Any], ...] = ()  # the caller's own, as a chat request has them


class Draft(Noun, frozen=True, kw_only=True):
    """A prompt that is not saved, and what to render it with; without values it is only checked."""

    messages: tuple[PromptMessage, ...]
    variables: dict[str, PromptVariable] = msgspec.field(default_factory=dict)
    values: Values | None = None


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What a model would be sent."""

    version: str  # name@number; empty for a draft
    hash: str
    messages: tuple[dict[str, Any], ...]  # empty where no values were given
    characters: int
    warnings: tuple[str, ...] = ()


# ---------------------------------------------------------------- reading
@router.get("", summary="Every prompt with its labels and where it is used")
def list_prompts(caller: Reads, context: Has, archived: bool = False) -> Annotated[Listing[prompts.Prompt], AsJson]:
    with context.db.read() as tx:
        return Listing(data=prompts.list_prompts(tx, caller.project, _uses(tx, caller), archived=archived))


@router.get("/{name}", summary="One prompt: versions, labels, and where the labels have pointed")
def get_prompt(name: str, caller: Reads, context: Has) -> Annotated[PromptView, AsJson]:
    with context.db.read() as tx:
        return PromptView(
            prompt=prompts.get_prompt(tx, caller.project, name, _uses(tx, caller)),
            versions=prompts.versions(tx, caller.project, name),
            moves=prompts.moves(tx, caller.project, name),
        )


@router.get("/{name}/versions/{version}", summary="One version, whole: by number, label or `latest`")
def get_version(name: str, version: str, caller: Reads, context: Has) -> Annotated[VersionView, AsJson]:
    with context.db.read() as tx:
        found, body = prompts.body_of(tx, caller.project, f"{name}@{version}")
    return VersionView(name=name, version=found, messages=body.messages, variables=body.variables)


@router.get("/{name}/diff", summary="What two versions say otherwise, as a whole and message by message")
def diff_versions(
    name: str, caller: Reads, context: Has, before: Which, after: Which = "latest"
) -> Annotated[VersionDifference, AsJson]:
    with context.db.read() as tx:
        old, old_body = prompts.body_of(tx, caller.project, f"{name}@{before}")
        new, new_body = prompts.body_of(tx, caller.project, f"{name}@{after}")
    was, now = old_body.variables, new_body.variables
    titles = (f"{name}@{old.version}", f"{name}@{new.version}")
    return VersionDifference(
        name=name,
        before=old,
        after=new,
        unified="\n".join(difflib.unified_diff(_text(old_body), _text(new_body), *titles, lineterm="")),
        messages=_by_message(old_body.messages, new_body.messages),
        variables_added=tuple(sorted(now.keys() - was.keys())),
        variables_removed=tuple(sorted(was.keys() - now.keys())),
        variables_changed=tuple(sorted(one for one in was.keys() & now.keys() if was[one] != now[one])),
    )


@router.post("/{name}/versions/{version}/render", summary="What a model would be sent; calls none")
def render(
    name: str, version: str, body: Annotated[Values, AsJson, Body()], caller: Reads, context: Has
) -> Annotated[Rendered, AsJson]:
    with context.db.read() as tx:
        found, saved = prompts.body_of(tx, caller.project, f"{name}@{version}")
    return _rendered(saved, body, f"{name}@{found.version}")


@router.post("/check", summary="Check a draft, and render it where values are given; saves nothing")
def check(body: Annotated[Draft, AsJson, Body()], caller: Configures) -> Annotated[Rendered, AsJson]:
    return _rendered(prompts.Body(messages=body.messages, variables=body.variables), body.values, "")


# ---------------------------------------------------------------- writing
@router.post("", status_code=201, summary="Save a version; a body that is known is the version that has it")
def save(
    body: Annotated[PromptSpec, AsJson, Body()], caller: Configures, context: Has
) -> Annotated[prompts.Saved, AsJson]:
    with context.db.begin() as tx:
        saved = prompts.save(
            tx, caller.project, body.name, prompts.Body(messages=body.messages, variables=body.variables),
            author=caller.name, now_ms=context.clock.now_ms(), description=body.description, comment=body.comment,
            labels=body.labels,
        )  # fmt: skip
        _did(tx, context, caller, "prompt.save", body.name, version=saved.version.version, new=saved.new)
        for label in saved.moved:
            _did(tx, context, caller, "prompt.label", body.name, label=label, version=saved.version.version)
    context.publish()
    return saved


@router.put("/{name}/labels/{label}", summary="Let a label point at a version; gateways follow within a second")
def move_label(
    name: str, label: str, body: Annotated[LabelTarget, AsJson, Body()], caller: Configures, context: Has
) -> Annotated[prompts.Move, AsJson]:
    with context.db.begin() as tx:
        moved = prompts.move_label(
            tx, caller.project, f"{name}@{body.version}", label, by=caller.name, now_ms=context.clock.now_ms(),
            comment=body.comment,
        )  # fmt: skip
        _did(tx, context, caller, "prompt.label", name, label=label, version=moved.version)
    context.publish()
    return moved


@router.post("/{name}/archive", summary="Put a prompt away; refused while a variant is bound to it")
def archive(name: str, caller: Configures, context: Has) -> Annotated[prompts.Prompt, AsJson]:
    with context.db.begin() as tx:
        uses = _uses(tx, caller)
        prompts.archive(tx, caller.project, name, uses, now_ms=context.clock.now_ms())
        _did(tx, context, caller, "prompt.archive", name)
        return prompts.get_prompt(tx, caller.project, name, uses)


@router.post("/{name}/restore", summary="Take a prompt out of the archive")
def restore(name: str, caller: Configures, context: Has) -> Annotated[prompts.Prompt, AsJson]:
    with context.db.begin() as tx:
        prompts.restore(tx, caller.project, name)
        _did(tx, context, caller, "prompt.restore", name)
        return prompts.get_prompt(tx, caller.project, name, _uses(tx, caller))


# ---------------------------------------------------------------- inside
def _did(tx: Connection, context: Has, caller: Caller, action: str, name: str, **detail: Any) -> None:
    did(tx, context, caller, action, "prompt", audit.word(name), **detail)


def _uses(tx: Connection, caller: Caller) -> tuple[prompts.Use, ...]:
    return prompts.uses_of(tx, caller.project, documents.current(tx, caller.project).documents)


def _rendered(saved: prompts.Body, values: Values | None, label: str) -> Rendered:
    checked = check_body(saved.messages, saved.variables, where=label or "prompt")
    said = checked.compiled.render(values.variables) if values is not None else Said((), ())
    own = values.messages if values is not None else ()
    return Rendered(
        version=label,
        hash=checked.hash,
        messages=(*said.before, *own, *said.after),
        characters=sum(len(message["content"]) for message in (*said.before, *said.after)),
        warnings=checked.warnings,
    )


def _text(body: prompts.Body) -> list[str]:
    """A version as lines: each message under its role, then the variables."""
    lines: list[str] = []
    for message in body.messages:
        lines += [f"[{message.role}]", *message.template.splitlines()]
    for name, variable in sorted(body.variables.items()):
        lines += [f"{{{{ {name} }}}} {msgspec.json.encode(variable).decode()}"]
    return lines


def _by_message(before: tuple[PromptMessage, ...], after: tuple[PromptMessage, ...]) -> tuple[MessageDifference, ...]:
    out = []
    for position in range(max(len(before), len(after))):
        old = before[position] if position < len(before) else None
        new = after[position] if position < len(after) else None
        was, now = (one.template.splitlines() if one is not None else [] for one in (old, new))
        out.append(
            MessageDifference(
                position=position,
                role_before=old.role if old is not None else "",
                role_after=new.role if new is not None else "",
                changed=old != new,
                lines=tuple(difflib.unified_diff(was, now, lineterm=""))[2:],
            )
        )
    return tuple(out)
