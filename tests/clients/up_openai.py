"""Stand-ins that speak OpenAI's chat completions, completions, embeddings and moderations: OpenAI, Azure, a compatible.

OpenAI and Azure take what the SDK's types declare and nothing else; the newer models (gpt-5…) take no `max_tokens`.
The compatible one (vLLM's manners) ignores what it does not know, shows its thinking as `reasoning_content`, and takes
`max_tokens`.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from typing import Any

from openai.types import completion_create_params, embedding_create_params, moderation_create_params
from openai.types.chat import completion_create_params as chat_params
from tests.clients import brain
from tests.clients.brain import CACHED, INPUT, Answer, Media, Refused, View, answer, decoded, pieces, vector
from tests.clients.strict import complaints
from tests.clients.upstream import Reply, Routes, Seen, sse

KEY = "sk-upstream-openai"
LIMITS = {"x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499", "x-request-id": "req_openai"}
DIMENSIONS = 8


def routes() -> Routes:
    """OpenAI under /openai/v1, Azure under /azure, the compatible one under /compatible/v1."""
    azure = r"/azure/openai/(?:v1|deployments/(?P<deployment>[^/]+))"
    made: Routes = []
    for prefix, kind in ((r"/openai/v1", "openai"), (azure, "azure"), (r"/compatible/v1", "compatible")):
        for path, operation in (
            ("/chat/completions", chat),
            ("/completions", completions),
            ("/embeddings", embeddings),
            ("/moderations", moderations),
        ):
            made.append(("POST", prefix + path, guarded(operation, kind)))
    return made


def guarded(operation: Any, kind: str) -> Any:
    """The operation behind its key, with errors as OpenAI words them."""

    def handle(seen: Seen) -> Reply:
        try:
            _authorised(seen, kind)
            return operation(seen, kind)
        except Refused as error:
            return refusal(error)

    return handle


def _authorised(seen: Seen, kind: str) -> None:
    if kind == "azure":
        if seen.headers.get("api-key") != KEY:
            raise Refused(401, "Access denied due to invalid subscription key")
        if seen.match.get("deployment") and not seen.query.get("api-version"):
            raise Refused(404, "Resource not found")
    elif seen.headers.get("authorization") != f"Bearer {KEY}":
        raise Refused(401, "Incorrect API key provided")
    if not seen.headers.get("content-type", "").startswith("application/json"):
        raise Refused(400, "you must send application/json")


KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


def refusal(error: Refused) -> Reply:
    """An error as OpenAI says it."""
    kind = KINDS.get(error.status, "invalid_request_error" if error.status < 500 else "server_error")
    code = {401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(error.status)
    body = {"error": {"message": error.message, "type": kind, "param": error.param or None, "code": code}}
    headers = dict(LIMITS)
    if error.status in (429, 503):
        headers |= {"retry-after": "1", "retry-after-ms": "300"}
    return Reply(body, error.status, headers)


def checked(body: Any, kind: Any) -> None:
    """Raises Refused for the first thing that the SDK's own types do not declare."""
    if not isinstance(body, dict):
        raise Refused(400, "the body is not an object")
    for said in complaints(body, kind):
        path, _, why = said.partition(": ")
        raise Refused(400, f"Invalid value at {path.lstrip('.')}: {why}", path.lstrip(".").partition(".")[0])


# ---------------------------------------------------------------- chat
def chat(seen: Seen, kind: str) -> Reply:
    body = seen.body
    if kind != "compatible":
        streams = isinstance(body, dict) and body.get("stream")
        name = "CompletionCreateParamsStreaming" if streams else "CompletionCreateParamsNonStreaming"
        checked(_without_annotations(body), getattr(chat_params, name))
        _newer(body)
    view = chat_view(body)
    made = answer(view)
    if kind == "compatible" and "reasoning_effort" in body:
        made.thought = brain.THINKING
    model = str(body["model"])
    if body.get("stream"):
        return Reply(frames=chat_frames(made, body, model, kind), headers=LIMITS)
    choice = {"index": 0, "message": _message(made, kind), "finish_reason": finish(made)}
    choice["logprobs"] = logprobs(made.text, body) if body.get("logprobs") else None
    choices = [choice | {"index": at} for at in range(body.get("n") or 1)]
    return Reply(
        {"id": "chatcmpl-1", "object": "chat.completion", "created": 1795423771, "model": model,
         "choices": choices, "usage": usage(made), "system_fingerprint": "fp_1"},
        headers=LIMITS,
    )  # fmt: skip


def _without_annotations(body: Any) -> Any:
    """An answer's message goes back as it came, `annotations` and all, though the SDK's types do not say so."""
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        return body
    messages = [{k: v for k, v in one.items() if k != "annotations"} for one in body["messages"]]
    return body | {"messages": messages}


def _newer(body: dict[str, Any]) -> None:
    if str(body["model"]).startswith("gpt-5") and "max_tokens" in body:
        raise Refused(400, "'max_tokens' is not supported with this model. Use 'max_completion_tokens'.", "max_tokens")
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        raise Refused(400, "'top_logprobs' needs 'logprobs'", "top_logprobs")
    if "stream_options" in body and not body.get("stream"):
        raise Refused(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    if body.get("parallel_tool_calls") is not None and not body.get("tools"):
        raise Refused(400, "'parallel_tool_calls' is only allowed when 'tools' are specified.", "parallel_tool_calls")
    if body.get("tool_choice") is not None and not body.get("tools"):
        raise Refused(400, "'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")


def chat_view(body: dict[str, Any]) -> View:
    """A chat request as the model reads it. Raises Refused for calls without results, and results without calls."""
    view = View(
        tools=[tool["function"]["name"] for tool in body.get("tools") or () if tool["type"] == "function"],
        choice=_choice(body.get("tool_choice")),
        parallel=body.get("parallel_tool_calls") is not False,
        max_tokens=body.get("max_completion_tokens", body.get("max_tokens")),
        stop=[body["stop"]] if isinstance(body.get("stop"), str) else list(body.get("stop") or ()),
        thinks=body.get("reasoning_effort") not in (None, "none"),
    )
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        view.schema = form["json_schema"].get("schema", {})
    view.json = form.get("type") == "json_object"
    asked: dict[str, str] = {}
    for message in body["messages"]:
        _turn(message, view, asked)
    if asked:
        raise Refused(400, f"tool_call_ids did not have response messages: {', '.join(asked)}", "messages")
    return view


def _turn(message: dict[str, Any], view: View, asked: dict[str, str]) -> None:
    role = message["role"]
    text, media = read_content(message.get("content"))
    if role in ("system", "developer"):
        view.system = f"{view.system}\n{text}".strip()
    elif role == "user":
        if asked:
            raise Refused(400, f"tool_call_ids did not have response messages: {', '.join(asked)}", "messages")
        view.earlier.append(f"user: {text}")
        view.text, view.media, view.results = text, media, []
    elif role == "assistant":
        view.earlier.append(f"assistant: {text}")
        view.results = []
        for call in message.get("tool_calls") or ():
            asked[call["id"]] = call["function"]["name"]
    elif role == "tool":
        if message["tool_call_id"] not in asked:
            raise Refused(400, "messages with role 'tool' must be a response to a preceeding message", "messages")
        view.results.append((asked.pop(message["tool_call_id"]), text))


def read_content(content: Any) -> tuple[str, list[Media]]:
    """Words and media of a message's content."""
    if content is None or isinstance(content, str):
        return content or "", []
    words, media = [], []
    for part in content:
        if part["type"] == "text":
            words.append(part["text"])
        elif part["type"] == "image_url":
            media.append(from_url(part["image_url"]["url"]))
        elif part["type"] == "input_audio":
            sound = part["input_audio"]
            media.append(Media(f"audio/{sound['format']}", decoded(sound["data"], "input_audio.data")))
        elif part["type"] == "file":
            file = part["file"]
            one = from_url(file["file_data"])
            media.append(Media(one.kind, one.data, file.get("filename", "")))
        elif part["type"] == "refusal":
            words.append(part["refusal"])
    return "".join(words), media


def from_url(url: str) -> Media:
    """A data: URL's bytes; of another URL the URL."""
    if not url.startswith("data:"):
        return Media("url", b"", url)
    head, _, data = url.partition(",")
    return Media(head.removeprefix("data:").partition(";")[0], decoded(data, "url"))


def _choice(choice: Any) -> str:
    if isinstance(choice, dict):
        return str(choice["function"]["name"]) if choice.get("type") == "function" else "auto"
    return str(choice or "auto")


def finish(made: Answer) -> str:
    return "tool_calls" if made.calls else "length" if made.cut else "content_filter" if made.refused else "stop"


def usage(made: Answer) -> dict[str, Any]:
    return {
        "prompt_tokens": INPUT,
        "completion_tokens": made.output,
        "total_tokens": INPUT + made.output,
        "prompt_tokens_details": {"cached_tokens": CACHED, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": made.thinking, "audio_tokens": 0},
    }


def _message(made: Answer, kind: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": made.text or None, "refusal": None, "annotations": []}
    if made.refused:
        message |= {"content": None, "refusal": made.text}
    if made.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in made.calls
        ]
    if kind == "compatible" and made.thought:
        message["reasoning_content"] = made.thought
    return message


def logprobs(text: str, body: dict[str, Any]) -> dict[str, Any]:
    """Every word is a token of log-probability -0.5; each alternative a little less likely."""
    others = [
        {"token": f"other{at}", "bytes": None, "logprob": -1.0 - at} for at in range(body.get("top_logprobs") or 0)
    ]
    return {
        "content": [
            {"token": word, "bytes": list(word.encode()), "logprob": -0.5, "top_logprobs": others}
            for word in text.split(" ")
        ],
        "refusal": None,
    }


def chat_frames(made: Answer, body: dict[str, Any], model: str, kind: str) -> Iterator[bytes]:
    """A stream of chunks, the last with usage where it is asked for."""
    counted = bool((body.get("stream_options") or {}).get("include_usage"))
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1795423771, "model": model}
    head |= {"usage": None} if counted else {}

    def chunk(delta: dict[str, Any], reason: str | None = None, more: dict[str, Any] | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason} | (more or {})
        return sse(head | {"choices": [choice]})

    yield chunk({"role": "assistant", "content": "", "refusal": None})
    if kind == "compatible":
        for piece in pieces(made.thought):
            yield chunk({"reasoning_content": piece})
    if body.get("logprobs"):
        for at, word in enumerate(made.text.split(" ")):
            yield chunk({"content": f" {word}" if at else word}, more={"logprobs": logprobs(word, body)})
    else:
        for piece in pieces(made.text):
            yield chunk({"refusal" if made.refused else "content": piece})
    if made.breaks:
        yield sse({"error": {"message": "it broke off", "type": "server_error", "param": None, "code": "broken"}})
        return
    for at, call in enumerate(made.calls):
        yield chunk(
            {"tool_calls": [
                {"index": at, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
            ]}
        )  # fmt: skip
        for piece in pieces(call.arguments, 4):
            yield chunk({"tool_calls": [{"index": at, "function": {"arguments": piece}}]})
    yield chunk({}, finish(made))
    if counted:
        yield sse(head | {"choices": [], "usage": usage(made)})
    yield b"data: [DONE]\n\n"


# ---------------------------------------------------------------- the others
def completions(seen: Seen, kind: str) -> Reply:
    body = seen.body
    if kind != "compatible":
        streams = isinstance(body, dict) and body.get("stream")
        name = "CompletionCreateParamsStreaming" if streams else "CompletionCreateParamsNonStreaming"
        checked(body, getattr(completion_create_params, name))
    given = body["prompt"]
    prompts = [given] if isinstance(given, str) or isinstance(given[0], int) else list(given)
    prompts = [one if isinstance(one, str) else bytes(one).decode() for one in prompts]  # here a byte is a token
    stop = [body["stop"]] if isinstance(body.get("stop"), str) else list(body.get("stop") or ())
    made = [answer(View(text=one, max_tokens=body.get("max_tokens"), stop=stop)) for one in prompts]
    head = {"id": "cmpl-1", "object": "text_completion", "created": 1795423771, "model": body["model"]}
    if body.get("stream"):
        return Reply(frames=_completion_frames(made, body, head), headers=LIMITS)
    choices = [
        {"index": at, "text": one.text, "logprobs": None, "finish_reason": finish(one)} for at, one in enumerate(made)
    ]
    return Reply(head | {"choices": choices, "usage": usage(made[0])}, headers=LIMITS)


def _completion_frames(made: list[Answer], body: dict[str, Any], head: dict[str, Any]) -> Iterator[bytes]:
    for at, one in enumerate(made):
        for piece in pieces(one.text):
            yield sse(head | {"choices": [{"index": at, "text": piece, "logprobs": None, "finish_reason": None}]})
        yield sse(head | {"choices": [{"index": at, "text": "", "logprobs": None, "finish_reason": finish(one)}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        yield sse(head | {"choices": [], "usage": usage(made[0])})
    yield b"data: [DONE]\n\n"


def embeddings(seen: Seen, kind: str) -> Reply:
    body = seen.body
    if kind != "compatible":
        checked(body, embedding_create_params.EmbeddingCreateParams)
    given = body["input"]
    inputs = [given] if isinstance(given, str) or (given and isinstance(given[0], int)) else list(given)
    if not inputs or any(not one for one in inputs):
        raise Refused(400, "'input' must not be empty", "input")
    vectors = [vector(embedded(one), body.get("dimensions") or DIMENSIONS) for one in inputs]
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": at, "embedding": packed_floats(one) if packed else one}
        for at, one in enumerate(vectors)
    ]
    counts = {"prompt_tokens": 4 * len(inputs), "total_tokens": 4 * len(inputs)}
    return Reply({"object": "list", "data": data, "model": body["model"], "usage": counts}, headers=LIMITS)


def embedded(given: str | list[int]) -> str:
    """What a vector is made of."""
    return given if isinstance(given, str) else f"tokens:{','.join(map(str, given))}"


def packed_floats(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def moderations(seen: Seen, kind: str) -> Reply:
    body = seen.body
    checked(body, moderation_create_params.ModerationCreateParams)
    texts = [body["input"]] if isinstance(body["input"], str) else list(body["input"])
    results = []
    for one in texts:
        text = one if isinstance(one, str) else one.get("text", "")
        bad = "hate" in text
        names = ["harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent",
                 "self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence",
                 "violence/graphic"]  # fmt: skip
        results.append(
            {"flagged": bad,
             "categories": {name: bad and name == "hate" for name in names},
             "category_scores": {name: 0.9 if bad and name == "hate" else 0.01 for name in names},
             "category_applied_input_types": {name: ["text"] for name in names}}
        )  # fmt: skip
    model = body.get("model", "omni-moderation-latest")
    return Reply({"id": "modr-1", "model": model, "results": results}, headers=LIMITS)
