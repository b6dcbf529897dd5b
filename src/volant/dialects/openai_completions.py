"""OpenAI completions (the legacy ones): between the wire and `core.chat`, both ways.

A prompt is one user message here, several prompts are several; a provider of this dialect gets them as they were.
Other providers are asked in a chat, which the caller is told, because a chat template changes what the model reads.
Prompts of token ids reach a provider of this dialect only: nothing of ours can read, guard or record them.
Source: OpenAI API reference, "Create completion" (read November 2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Counted,
    Delta,
    Failed,
    Finished,
    FinishReason,
    Json,
    Message,
    Part,
    Sampling,
    Started,
    StreamEvent,
    TextPart,
)
from volant.dialects.dialect import Dialect, Losses
from volant.dialects.fields import bad, decode, listed, maybe, number, want, words
from volant.dialects.fitting import fit, naturalise
from volant.dialects.logprobs import checked
from volant.dialects.openai_envelope import ChunkParser, parse_whole, render_usage
from volant.dialects.openai_errors import error_body, parse_error, render_error
from volant.dialects.sse import DONE, event_of
from volant.dialects.unsaid import has_word, instead

NAME = "openai_completions"
TITLE = "OpenAI completions"
_NUMBERS = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
_COUNTS = ("top_k", "max_tokens", "seed", "n")
_SEVERAL = "prompt"  # in `extra`: there are several prompts; other dialects refuse it by this name
TOKENS = "prompt of token ids"  # in `extra`: the prompt as it came; likewise
_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length", "content_filter": "content_filter"}


# ---------------------------------------------------------------- request
def parse_request(body: bytes, model: str, stream: bool | None) -> ChatRequest:
    """The request in `body`. Raises BadInput `invalid_json` with the position, or `invalid_field` with the path."""
    rest = dict(want(decode(body), dict, "body"))
    take = rest.pop
    said = take("model", None)
    prompt = take("prompt", None)
    prompts = [prompt] if isinstance(prompt, str) else listed(prompt, "prompt")
    if any(isinstance(one, int | list) for one in prompts):
        prompts = _counted(prompts)
        rest[TOKENS] = prompt
    elif len(prompts) > 1:
        rest[_SEVERAL] = "several"
    options = want(take("stream_options", None) or {}, dict, "stream_options")
    logprobs = maybe(take("logprobs", None), int, "logprobs")
    stop = take("stop", None)
    found: Json = {name: number(take(name, None), name) for name in _NUMBERS}
    found |= {name: maybe(take(name, None), int, name) for name in _COUNTS}
    return ChatRequest(
        model=model or want(said, str, "model"),
        messages=tuple(
            Message(role="user", parts=(TextPart(text=want(one, str, f"prompt[{at}]")),))
            for at, one in enumerate(prompts)
        ),
        sampling=Sampling(
            stop=(stop,) if isinstance(stop, str) else tuple(want(word, str, "stop") for word in listed(stop, "stop")),
            logprobs=None if logprobs is None else True,
            top_logprobs=logprobs,
            **found,
        ),
        stream=bool(maybe(take("stream", None), bool, "stream")),
        include_usage=bool(options.get("include_usage")),
        user=words(take("user", None), "user"),
        extra={name: value for name, value in rest.items() if value is not None},
        dialect=NAME,
    )


def _counted(prompts: list[Any]) -> list[str]:
    """What stands for prompts of token ids where people read them. Raises BadInput for what is none."""
    several = [prompts] if isinstance(prompts[0], int) else prompts
    for at, one in enumerate(several):
        if not one or any(want(token, int, f"prompt[{at}]") < 0 for token in want(one, list, f"prompt[{at}]")):
            raise bad(f"prompt[{at}]", "holds something that is no token id")
    return [f"[{len(one)} token ids]" for one in several]


def render_request(request: ChatRequest, capabilities: Capabilities, losses: Losses) -> bytes:
    """The request as one provider takes it. Raises BadInput `not_supported` for what is no plain prompt."""
    request = naturalise(fit(request, capabilities, losses), (NAME,), losses)
    for field, value in (("tools", request.tools), ("response_format", request.output_format)):
        if value:
            losses.refuse(field)
    if request.reasoning is not None:
        losses.drop("reasoning")
    extra = dict(request.extra)
    several, tokens = extra.pop(_SEVERAL, None), extra.pop(TOKENS, None)
    prompts = _prompts(request, losses)
    sampling = request.sampling
    wire: Json = {"model": request.model, "prompt": tokens or (prompts if several else "\n\n".join(prompts))}
    wire |= {name: value for name in (*_NUMBERS, *_COUNTS) if (value := getattr(sampling, name)) is not None}
    if sampling.logprobs:
        wire["logprobs"] = sampling.top_logprobs or 0
    if sampling.stop:
        wire["stop"] = list(sampling.stop)
    if request.stream:
        wire["stream"] = True
    if request.include_usage:
        wire["stream_options"] = {"include_usage": True}
    if request.user:
        wire["user"] = request.user
    return msgspec.json.encode(wire | extra)


def _prompts(request: ChatRequest, losses: Losses) -> list[str]:
    prompts = []
    for message in request.messages:
        if message.role not in ("user", "system", "developer") or any(
            not isinstance(part, TextPart) for part in message.parts
        ):
            losses.refuse("messages", "it completes one text; turns of a model or a tool and images are none")
        if message.role != "user":
            losses.drop("system", "put before the prompt")
        prompts.append(message.text)
    return prompts


# ---------------------------------------------------------------- answer
def parse_response(body: bytes) -> ChatResponse:
    """The answer in `body`. Raises UpstreamFailed `invalid_answer` where it is none."""
    return parse_whole(body, NAME, "completion", _parse_choice)


def _parse_choice(raw: object, path: str) -> Choice:
    choice = want(raw, dict, path)
    text = want(choice.get("text"), str, f"{path}.text")
    return Choice(
        index=int(choice.get("index") or 0),
        message=Message(role="assistant", parts=(TextPart(text=text),) if text else ()),
        finish=_finish_of(choice),
        logprobs=_parse_logprobs(choice.get("logprobs")),
    )


def _finish_of(choice: Mapping[str, Any]) -> FinishReason | None:
    said = choice.get("finish_reason")
    return _FINISH.get(str(said), "stop") if said else None


def _parse_logprobs(raw: object) -> Json | None:
    """Lists beside each other, as a list of tokens as chats have it."""
    if not isinstance(raw, dict):
        return None
    tops = listed(raw.get("top_logprobs"), "logprobs.top_logprobs")
    chances = listed(raw.get("token_logprobs"), "logprobs.token_logprobs")
    content = []
    for at, token in enumerate(listed(raw.get("tokens"), "logprobs.tokens")):
        top = tops[at] if at < len(tops) and isinstance(tops[at], dict) else {}
        content.append(
            {
                "token": token,
                "logprob": chances[at] if at < len(chances) else None,
                "bytes": None,
                "top_logprobs": [{"token": one, "logprob": chance, "bytes": None} for one, chance in top.items()],
            }
        )
    return checked({"content": content}, "logprobs")


def _render_logprobs(logprobs: Any, offset: int) -> Json | None:
    if not isinstance(logprobs, dict) or logprobs.get("content") is None:
        return None
    tokens = logprobs["content"]
    offsets = []
    for token in tokens:
        offsets.append(offset)
        offset += len(str(token.get("token") or ""))
    return {
        "tokens": [token.get("token") for token in tokens],
        "token_logprobs": [token.get("logprob") for token in tokens],
        "top_logprobs": [
            {top["token"]: top.get("logprob") for top in token.get("top_logprobs") or ()} for token in tokens
        ],
        "text_offset": offsets,
    }


def render_response(response: ChatResponse, request: ChatRequest) -> bytes:
    """The body of an answer."""
    wire: Json = {
        "id": response.id,
        "object": "text_completion",
        "created": response.created_s,
        "model": response.model,
        "choices": [
            _render_choice(choice.index, _words(choice), choice.finish, _render_logprobs(choice.logprobs, 0))
            for choice in response.choices
        ],
    }
    if response.usage is not None:
        wire["usage"] = render_usage(response.usage)
    return msgspec.json.encode(wire | response.extra if response.dialect == NAME else wire)


def _words(choice: Choice) -> str:
    return choice.message.text + _others(choice.message.parts)


def _others(parts: Iterable[Part]) -> str:
    return "".join(instead(part, TITLE) for part in parts if not has_word(part, NAME))


def _render_choice(index: int, text: str, finish: FinishReason | None, logprobs: Json | None) -> Json:
    said = "content_filter" if finish == "error" else finish if finish in (None, *_FINISH) else "stop"
    return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": said}


# ---------------------------------------------------------------- stream
class StreamParser(ChunkParser):
    """Reads a stream of completion chunks."""

    dialect = NAME

    def _choice(self, choice: Json) -> Iterator[StreamEvent]:
        index = int(choice.get("index") or 0)
        text, logprobs = words(choice.get("text"), "choices.text"), _parse_logprobs(choice.get("logprobs"))
        if text or logprobs:
            yield Delta(index=index, text=text, logprobs=logprobs)
        if finish := _finish_of(choice):
            yield Finished(index=index, reason=finish)


class StreamRenderer:
    """Turns `core.chat` events into SSE events of one stream; words only: this dialect has no place for thinking."""

    def __init__(self, request: ChatRequest) -> None:
        self._include_usage = request.include_usage
        self._base: Json = {"id": "", "object": "text_completion", "created": 0, "model": ""}
        self._said: dict[int, int] = {}  # choice → characters so far

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event; empty for what this dialect has no word for."""
        if isinstance(event, Started):
            self._base |= {"id": event.id, "created": event.created_s, "model": event.model}
            self._base |= event.extra if event.dialect == NAME else {}
        elif isinstance(event, Delta) and (event.text or event.logprobs or event.parts):
            before, text = self._said.get(event.index, 0), event.text + _others(event.parts)
            self._said[event.index] = before + len(text)
            return self._choice(event.index, text, None, _render_logprobs(event.logprobs, before))
        elif isinstance(event, Finished):
            return self._choice(event.index, "", event.reason, None)
        elif isinstance(event, Counted) and self._include_usage:
            return event_of(msgspec.json.encode({**self._base, "choices": [], "usage": render_usage(event.usage)}))
        elif isinstance(event, Failed):
            return event_of(error_body(event.message, kind=event.kind, code=event.code or None))
        return b""

    def done(self) -> bytes:
        """The end of the stream."""
        return DONE

    def _choice(self, index: int, text: str, finish: FinishReason | None, logprobs: Json | None) -> bytes:
        choice = _render_choice(index, text, finish, logprobs)
        return event_of(msgspec.json.encode({**self._base, "choices": [choice]}))


# ---------------------------------------------------------------- the dialect
DIALECT = Dialect(
    name=NAME,
    title=TITLE,
    parse_request=parse_request,
    render_request=render_request,
    parse_response=parse_response,
    render_response=render_response,
    stream_parser=StreamParser,
    stream_renderer=StreamRenderer,
    parse_error=parse_error,
    render_error=render_error,
)
