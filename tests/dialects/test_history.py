"""Earlier turns in another dialect: what an assistant's turn cannot hold there, and what proves another's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from volant.core.capabilities import Capabilities
from volant.core.chat import ChatRequest, ImagePart, Message, TextPart, ToolCall
from volant.dialects import find
from volant.dialects.dialect import Losses

CAN = Capabilities(files=True, audio=True)
PICTURE = ImagePart(url="data:image/png;base64,AAAA")


def said(text: str, role: str = "user") -> Message:
    return Message(role=role, parts=(TextPart(text=text),))  # type: ignore[arg-type]


def rendered(target: str, *messages: Message, **more: Any) -> tuple[dict[str, Any], list[str]]:
    losses = Losses(target)
    request = ChatRequest(**{"model": "m", "messages": messages, "dialect": "gemini", **more})
    return json.loads(find(target).render_request(request, CAN, losses)), losses.dropped


def turns(target: str, wire: dict[str, Any]) -> list[tuple[str, bool]]:
    """Who speaks, and whether the turn holds the picture."""
    messages = wire["input" if target == "openai_responses" else "messages"]
    return [(one.get("role") or one["type"], "AAAA" in json.dumps(one)) for one in messages]


@pytest.mark.parametrize("target", ["openai_chat", "openai_responses", "anthropic", "bedrock"])
def test_a_picture_that_a_model_made_is_shown_by_the_user(target: str) -> None:
    made = Message(role="assistant", parts=(PICTURE,))
    wire, dropped = rendered(target, said("draw"), made, said("again"))
    found = turns(target, wire)
    assert [role for role, _ in found[:3]] == ["user", "assistant", "user"]
    assert [shown for _, shown in found[:3]] == [False, False, True]
    assert any(one.startswith("pictures of the assistant") for one in dropped)


@pytest.mark.parametrize("target", ["openai_chat", "openai_responses", "anthropic", "bedrock"])
def test_results_of_tools_stay_with_their_calls(target: str) -> None:
    call = ToolCall(id="c1", name="f", arguments="{}")
    made = Message(role="assistant", parts=(TextPart(text="look"), PICTURE), tool_calls=(call,))
    answer = Message(role="tool", tool_call_id="c1", parts=(TextPart(text="42"),))
    wire, _ = rendered(target, said("draw"), made, answer, said("go on", "assistant"))
    order = {
        "openai_chat": ["user", "assistant", "tool", "user", "assistant"],
        "openai_responses": ["user", "assistant", "function_call", "function_call_output", "user", "assistant"],
    }.get(target, ["user", "assistant", "user", "assistant"])
    found = turns(target, wire)
    assert [role for role, _ in found] == order
    assert [shown for _, shown in found] == [False] * (len(order) - 2) + [True, False]


def test_gemini_holds_pictures_of_its_own_turns() -> None:
    made = Message(role="assistant", parts=(PICTURE,))
    wire, dropped = rendered("gemini", said("draw"), made, said("again"), dialect="openai_chat")
    assert "AAAA" in json.dumps(wire["contents"][1])
    assert dropped == []
