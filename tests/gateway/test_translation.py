"""Translation: what is relayed as it came, and what is not although both sides speak one dialect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from volant.core.nouns import Route, Snapshot, Target, TaskSpec, VariantSpec
from volant.dialects.signed_ids import signed_id
from volant.gateway import body, doors
from volant.gateway.plan import compile_plans
from volant.gateway.translation import Crossing, cross

TOOLS = [{"type": "function", "function": {"name": "f"}}]


def _crossed(provider: str, said: dict[str, Any], base_url: str = "") -> Crossing:
    target = Target(name="d", provider=provider, model="gpt-5.2", base_url=base_url, api_key="k")
    spec = TaskSpec(name="t", variants=(VariantSpec(name="v", deployments=("d",)),))
    snapshot = Snapshot(
        revision=1, config_hash="", routes={"p": {"t": Route(task=spec, live="v")}}, targets={"p": {"d": target}},
        keys={}, subject_keys={},
    )  # fmt: skip
    variant = compile_plans(snapshot, {}).tasks["p"]["t"].live
    entrance = doors.find(b"/v1/chat/completions", [])
    assert entrance is not None
    asked = body.parse(json.dumps(said).encode(), entrance=entrance)
    return cross(asked, variant, variant.deployments[0], stream=False)


def _said(ident: str) -> dict[str, Any]:
    call = {"id": ident, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None, "tool_calls": [call]},
             {"role": "tool", "tool_call_id": ident, "content": "42"}]  # fmt: skip
    return {"model": "t", "messages": turns, "tools": TOOLS, "x_unknown": 1}


def test_a_conversation_that_moved_from_gemini_has_ids_that_openai_takes() -> None:
    """OpenAI takes 40 characters of an id, and knows nothing of what Gemini signed."""
    crossing = _crossed("openai", _said(signed_id("call_1", "AB+/" * 40)))
    wire = json.loads(crossing.body)
    assert [wire["messages"][1]["tool_calls"][0]["id"], wire["messages"][2]["tool_call_id"]] == ["call_1", "call_1"]
    assert "thought" not in crossing.body.decode()
    assert wire["x_unknown"] == 1
    assert wire["model"] == "gpt-5.2"
    assert crossing.relays
    assert crossing.warnings == ("tool call signature: it is of another provider",)


@pytest.mark.parametrize(
    ("provider", "base_url", "ident"),
    [("openai", "", "call_1"), ("compatible", "http://127.0.0.1:1/v1", signed_id("call_1", "AB+/" * 40))],
)
def test_everything_else_is_relayed(provider: str, base_url: str, ident: str) -> None:
    """A compatible server may be a gateway that wrote such ids itself."""
    said = _said(ident)
    crossing = _crossed(provider, said, base_url)
    assert json.loads(crossing.body) == said | {"model": "gpt-5.2"}
    assert crossing.warnings == ()
