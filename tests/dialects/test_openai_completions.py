"""OpenAI completions: there and back again, and as a chat where there is nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import Completion

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Counted,
    Delta,
    Failed,
    Finished,
    Message,
    Sampling,
    Started,
    StreamEvent,
    TextPart,
    Tool,
    ToolDelta,
    Usage,
    assemble,
)
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects import find
from volant.dialects.dialect import Losses
from volant.dialects.sse import SseCutter

COMPLETIONS = find("openai_completions")
TEXT = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=12)
WORD = TEXT.filter(bool)
FULL: dict[str, Any] = {
    "model": "m", "prompt": "once upon", "suffix": "the end", "echo": True, "best_of": 3, "logprobs": 2, "stop": ["."],
    "temperature": 0.5, "max_tokens": 7, "n": 1, "seed": 1, "user": "u", "stream": True,
    "stream_options": {"include_usage": True},
}  # fmt: skip


def asked(**body: Any) -> ChatRequest:
    return COMPLETIONS.parse_request(json.dumps({"model": "m", **body}).encode(), "", None)


def rendered(request: ChatRequest) -> tuple[dict[str, Any], list[str]]:
    losses = Losses(COMPLETIONS.title)
    return json.loads(COMPLETIONS.render_request(request, Capabilities(), losses)), losses.dropped


def test_a_request_comes_back_to_the_same_dialect() -> None:
    request = asked(**FULL)
    assert rendered(request) == (FULL, [])
    assert request.messages == (Message(role="user", parts=(TextPart(text="once upon"),)),)
    assert (request.sampling.logprobs, request.sampling.top_logprobs) == (True, 2)
    assert rendered(asked(prompt=["a", "b"]))[0] == {"model": "m", "prompt": ["a", "b"]}
    assert rendered(asked(prompt=["a"]))[0] == {"model": "m", "prompt": "a"}


def test_a_prompt_becomes_a_chat_and_says_so() -> None:
    chat = find("openai_chat")
    losses = Losses(chat.title)
    wire = json.loads(chat.render_request(asked(prompt="hi", max_tokens=3, echo=False), Capabilities(), losses))
    assert wire == {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 3}
    assert losses.dropped == ["prompt: sent as a user's message in a chat"]
    for body, where in (
        ({"prompt": "x", "suffix": "y"}, "suffix"),
        ({"prompt": "x", "echo": True}, "echo"),
        ({"prompt": ["x", "y"]}, "prompt"),
    ):
        with pytest.raises(BadInput) as caught:
            chat.render_request(asked(**body), Capabilities(), Losses(chat.title))
        assert caught.value.where == where


@pytest.mark.parametrize("prompt", [[1, 2], [[1], [2, 3]]])
def test_token_ids_reach_their_own_kind_of_provider_only(prompt: Any) -> None:
    request = asked(prompt=prompt)
    assert rendered(request) == ({"model": "m", "prompt": prompt}, [])
    for other in ("openai_chat", "anthropic", "gemini", "bedrock", "openai_responses"):
        with pytest.raises(BadInput, match="prompt of token ids") as caught:
            find(other).render_request(request, Capabilities(), Losses(other))
        assert caught.value.code == "not_supported"


@pytest.mark.parametrize("prompt", [3, [{}], [1, "x"], [[1], 2], ["x", [1]], [[1, -1]], [[]], [True]])
def test_what_is_no_text_is_refused(prompt: Any) -> None:
    with pytest.raises(BadInput) as caught:
        asked(prompt=prompt)
    assert caught.value.where.startswith("prompt")


def test_chats_are_completed_only_where_they_are_one_text() -> None:
    user = Message(role="user", parts=(TextPart(text="hi"),))
    system = Message(role="system", parts=(TextPart(text="be kind"),))
    wire, dropped = rendered(ChatRequest(model="m", messages=(system, user), dialect="openai_chat"))
    assert wire == {"model": "m", "prompt": "be kind\n\nhi"}
    assert dropped == ["system: put before the prompt"]
    for change in ({"messages": (user, Message(role="assistant"))}, {"tools": (Tool(name="f"),)}):
        with pytest.raises(BadInput):
            rendered(ChatRequest(**{"model": "m", "messages": (user,), **change}))


@st.composite
def _responses(draw: st.DrawFn) -> ChatResponse:
    choices = []
    for index in range(draw(st.integers(1, 2))):
        text = draw(TEXT)
        tokens = [
            {"token": letter, "logprob": -0.5, "bytes": None,
             "top_logprobs": [{"token": "z", "logprob": -1.0, "bytes": None}]}
            for letter in text
        ]  # fmt: skip
        choices.append(
            Choice(
                index=index,
                message=Message(role="assistant", parts=(TextPart(text=text),) if text else ()),
                finish=draw(st.sampled_from(["stop", "length", "content_filter"])),
                logprobs={"content": tokens} if tokens and draw(st.booleans()) else None,
            )
        )
    usage = draw(st.none() | st.builds(Usage, input_tokens=st.integers(0, 99), output_tokens=st.integers(0, 99)))
    return ChatResponse(
        id=draw(WORD), created_s=draw(st.integers(0, 9)), model=draw(TEXT), choices=tuple(choices), usage=usage,
        dialect=COMPLETIONS.name, extra=draw(st.sampled_from([{}, {"system_fingerprint": "f"}])),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(_responses(), st.lists(st.integers(0, 300), max_size=6))
def test_an_answer_comes_back_whole_and_streamed(response: ChatResponse, cuts: list[int]) -> None:
    request = asked(prompt="x", stream_options={"include_usage": True})
    body = COMPLETIONS.render_response(response, request)
    assert COMPLETIONS.parse_response(body) == response
    Completion.model_validate(json.loads(body))
    renderer = COMPLETIONS.stream_renderer(request)
    stream = b"".join(renderer.feed(event) for event in _taken_apart(response)) + renderer.done()
    places = sorted(min(cut, len(stream)) for cut in cuts)
    cutter, parser = SseCutter(), COMPLETIONS.stream_parser()
    pieces = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    assert assemble([e for piece in pieces for sse in cutter.feed(piece) for e in parser.feed(sse)]) == response
    assert parser.done


def _taken_apart(response: ChatResponse) -> list[StreamEvent]:
    events: list[StreamEvent] = [
        Started(id=response.id, created_s=response.created_s, model=response.model, dialect=response.dialect,
                extra=response.extra)
    ]  # fmt: skip
    for choice in response.choices:
        for at, letter in enumerate(choice.message.text):
            token = {"content": [choice.logprobs["content"][at]]} if choice.logprobs else None
            events.append(Delta(index=choice.index, text=letter, logprobs=token))
        if choice.finish:
            events.append(Finished(index=choice.index, reason=choice.finish))
    return [*events, Counted(usage=response.usage)] if response.usage else events


def test_what_has_no_word_here_is_left_out_and_errors_are_said() -> None:
    renderer = COMPLETIONS.stream_renderer(asked(prompt="x"))
    assert renderer.feed(Delta(reasoning="hm")) == b""
    assert renderer.feed(ToolDelta(name="f")) == b""
    assert renderer.feed(Counted(usage=Usage())) == b""
    assert b'"finish_reason":"stop"' in renderer.feed(Finished(reason="tool_calls"))
    [failed] = COMPLETIONS.stream_parser().feed(renderer.feed(Failed(message="boom", code="c")))
    assert failed == Failed(message="boom", kind="server_error", code="c")
    with pytest.raises(UpstreamFailed):
        COMPLETIONS.parse_response(b'{"choices": [{}]}')


def test_sampling_without_logprobs_stays_so() -> None:
    assert asked(prompt="x").sampling == Sampling()
