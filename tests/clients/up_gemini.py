"""The stand-in of Gemini: generateContent, its stream, countTokens, embedContent and batchEmbedContents.

Strict by google-genai's types (unknown fields: 400 INVALID_ARGUMENT). The model is a gemini-3: a function call of the
present turn goes back with its thoughtSignature (or the documented word for calls made elsewhere), or is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pydantic
from google.genai import types
from tests.clients import brain
from tests.clients.brain import CACHED, INPUT, OUTPUT, Answer, Media, Refused, View, answer, decoded, pieces, signature
from tests.clients.upstream import Reply, Routes, Seen, sse

KEY = "sk-upstream-gemini"
DIMENSIONS = 8
MADE_ELSEWHERE = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
TOP = {
    "contents": list[types.Content],
    "systemInstruction": types.Content,
    "generationConfig": types.GenerationConfig,
    "tools": list[types.Tool],
    "toolConfig": types.ToolConfig,
    "safetySettings": list[types.SafetySetting],
    "cachedContent": str,
    "labels": dict[str, str],
    "serviceTier": str,
    "store": bool,
}
OWN = {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"}
EMBED = {
    "model": str,
    "content": types.Content,
    "taskType": str,
    "title": str,
    "outputDimensionality": int,
    "embedContentConfig": dict[str, Any],
}


def routes() -> Routes:
    model = r"/gemini/(?:v1|v1beta)/models/(?P<model>[^/:]+)"
    return [
        ("POST", model + ":generateContent", _guarded(generate)),
        ("POST", model + ":streamGenerateContent", _guarded(stream)),
        ("POST", model + ":countTokens", _guarded(count)),
        ("POST", model + ":embedContent", _guarded(embed)),
        ("POST", model + ":batchEmbedContents", _guarded(embed_many)),
    ]


WORDS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
         429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}  # fmt: skip


def _error(status: int, message: str) -> dict[str, Any]:
    details = []
    if status == 429:
        details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"}]
    word = WORDS.get(status, "INTERNAL")
    return {"error": {"code": status, "message": message, "status": word, "details": details}}


def _guarded(operation: Any) -> Any:
    def handle(seen: Seen) -> Reply:
        try:
            if seen.headers.get("x-goog-api-key") != KEY and seen.query.get("key") != KEY:
                raise Refused(400, "API key not valid. Please pass a valid API key.")
            return operation(seen)
        except Refused as error:
            return Reply(_error(error.status, error.message), error.status)

    return handle


def _checked(body: Any, fields: dict[str, Any], required: str) -> None:
    """Raises Refused for what google-genai's types do not declare."""
    if not isinstance(body, dict):
        raise Refused(400, "the body is not an object")
    for name, value in body.items():
        if name not in fields:
            raise Refused(400, f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
        try:
            pydantic.TypeAdapter(fields[name]).validate_python(value)
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(step) for step in (name, *first["loc"]))
            raise Refused(400, f"Invalid JSON payload received at {where}: {first['msg']}") from None
    if required not in body:
        raise Refused(400, f"* {required} is not specified")


def _camel(value: Any) -> Any:
    """The server takes snake_case names as well, and the SDK sends some; what callers wrote themselves stays."""
    if isinstance(value, dict):
        return {
            (made := re.sub(r"_([a-z])", lambda found: found[1].upper(), name)): one if made in OWN else _camel(one)
            for name, one in value.items()
        }
    return [_camel(one) for one in value] if isinstance(value, list) else value


# ---------------------------------------------------------------- generating
def generate(seen: Seen) -> Reply:
    body = _camel(seen.body)
    _checked(body, TOP, "contents")
    return Reply(_whole(answer(read(body)), body, seen.match["model"]))


def stream(seen: Seen) -> Reply:
    body = _camel(seen.body)
    _checked(body, TOP, "contents")
    if seen.query.get("alt") != "sse":
        raise Refused(400, "the stand-in streams with alt=sse only")
    return Reply(frames=_chunks(answer(read(body)), body, seen.match["model"]))


def count(seen: Seen) -> Reply:
    body = _camel(seen.body)
    _checked(
        body, {"contents": list[types.Content], "generateContentRequest": dict[str, Any]}, next(iter(body), "contents")
    )
    inner = body.get("generateContentRequest")
    if inner is not None:
        if not inner.get("model", "").startswith("models/"):
            raise Refused(400, "generateContentRequest.model: is required")
        _checked({name: value for name, value in inner.items() if name != "model"}, TOP, "contents")
    view = read(inner or body)
    return Reply({"totalTokens": INPUT + len(view.system) + len(view.tools), "cachedContentTokenCount": 0})


def read(body: dict[str, Any]) -> View:
    """A request as the model reads it. Raises Refused for results without calls, and thoughts of others."""
    config = body.get("generationConfig") or {}
    calling = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    allowed = calling.get("allowedFunctionNames") or []
    mode = {"ANY": "required", "NONE": "none"}.get(calling.get("mode", "AUTO"), "auto")
    view = View(
        system="\n".join(part.get("text", "") for part in (body.get("systemInstruction") or {}).get("parts", [])),
        tools=[one["name"] for tool in body.get("tools") or () for one in tool.get("functionDeclarations") or ()],
        choice=allowed[0] if mode == "required" and len(allowed) == 1 else mode,
        max_tokens=config.get("maxOutputTokens"),
        stop=list(config.get("stopSequences") or ()),
        thinks=bool(config.get("thinkingConfig")) and config["thinkingConfig"].get("thinkingBudget") != 0,
        schema=config.get("responseJsonSchema") or config.get("responseSchema"),
    )
    if view.schema and config.get("responseMimeType") != "application/json":
        raise Refused(400, "responseSchema needs responseMimeType application/json")
    view.json = config.get("responseMimeType") == "application/json" and not view.schema
    if config.get("logprobs") and not config.get("responseLogprobs"):
        raise Refused(400, "logprobs needs responseLogprobs")
    last_user = max((at for at, one in enumerate(body["contents"]) if _is_user(one)), default=-1)
    asked: list[dict[str, Any]] = []
    for at, content in enumerate(body["contents"]):
        _turn(content, view, asked, at > last_user)
    return view


def _is_user(content: dict[str, Any]) -> bool:
    return content.get("role", "user") == "user" and not any("functionResponse" in part for part in content["parts"])


def _turn(content: dict[str, Any], view: View, asked: list[dict[str, Any]], present: bool) -> None:
    parts = content.get("parts") or []
    if not parts:
        raise Refused(400, "contents.parts must not be empty.")
    if content.get("role", "user") not in ("user", "model"):
        raise Refused(400, "Please use a valid role: user, model.")
    if content.get("role") == "model":
        _model_turn(parts, view, asked, present)
        return
    if responses := [part["functionResponse"] for part in parts if "functionResponse" in part]:
        view.results = [_result(one, asked) for one in responses]
        if asked:
            raise Refused(400, "the number of function response parts must equal that of function call parts")
        return
    if asked:
        raise Refused(400, "a function response turn must come immediately after a function call turn")
    view.text = "\n".join(part["text"] for part in parts if "text" in part)
    view.earlier.append(f"user: {view.text}")
    view.media = [_media(part) for part in parts if "inlineData" in part or "fileData" in part]
    view.results = []


def _model_turn(parts: list[dict[str, Any]], view: View, asked: list[dict[str, Any]], present: bool) -> None:
    words = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    view.earlier.append(f"assistant: {words}")
    calls = [part for part in parts if "functionCall" in part]
    for part in parts:
        signed = part.get("thoughtSignature")
        if signed is not None and signed not in (signature("gemini", brain.THINKING), *MADE_ELSEWHERE):
            raise Refused(400, "Thought signature is not valid.")
    if calls and present and "thoughtSignature" not in calls[0]:
        raise Refused(400, f"Function call `{calls[0]['functionCall']['name']}` is missing a thought_signature.")
    asked.extend(part["functionCall"] for part in calls)
    view.results = []


def _result(response: dict[str, Any], asked: list[dict[str, Any]]) -> tuple[str, str]:
    for at, call in enumerate(asked):
        if call["name"] == response["name"] and (not response.get("id") or response["id"] == call.get("id")):
            del asked[at]
            given = response.get("response")
            if not isinstance(given, dict):
                raise Refused(400, "function_response.response: must be an object")
            values = [given["content"]] if "content" in given else list(given.values())
            text = values[0] if len(values) == 1 and isinstance(values[0], str) else json.dumps(given)
            return call["name"], f"{text}{' (failed)' if 'error' in given else ''}"
    raise Refused(400, f"no function call for the function response {response['name']!r}")


def _media(part: dict[str, Any]) -> Media:
    if "fileData" in part:
        if "/files/" not in part["fileData"]["fileUri"]:
            raise Refused(400, "Cannot fetch content from the provided URL.")
        return Media("url", b"", part["fileData"]["fileUri"])
    data = part["inlineData"]
    return Media(data["mimeType"], decoded(data["data"], "inlineData.data", url_safe=True), data.get("displayName", ""))


# ---------------------------------------------------------------- writing
def _finish(made: Answer) -> str:
    return "MAX_TOKENS" if made.cut else "SAFETY" if made.refused else "STOP"


def _usage(made: Answer) -> dict[str, Any]:
    return {
        "promptTokenCount": INPUT,
        "cachedContentTokenCount": CACHED,
        "candidatesTokenCount": OUTPUT,
        "totalTokenCount": INPUT + made.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": INPUT}],
    } | ({"thoughtsTokenCount": made.thinking} if made.thought else {})


def _parts(made: Answer, body: dict[str, Any]) -> list[dict[str, Any]]:
    shown = ((body.get("generationConfig") or {}).get("thinkingConfig") or {}).get("includeThoughts")
    parts: list[dict[str, Any]] = [{"text": made.thought, "thought": True}] if made.thought and shown else []
    if made.text:
        parts.append({"text": made.text})
    parts += [
        {"functionCall": {"id": call.id, "name": call.name, "args": json.loads(call.arguments)}} for call in made.calls
    ]
    first = next((part for part in parts if "functionCall" in part), None)
    if first is not None or made.thought:
        (first or parts[-1])["thoughtSignature"] = signature("gemini", brain.THINKING)
    return parts


def _head(model: str) -> dict[str, Any]:
    return {"modelVersion": model, "responseId": "gemini_response_1"}


def _whole(made: Answer, body: dict[str, Any], model: str) -> dict[str, Any]:
    candidate: dict[str, Any] = {
        "index": 0, "finishReason": _finish(made), "content": {"role": "model", "parts": _parts(made, body)}
    }  # fmt: skip
    config = body.get("generationConfig") or {}
    if config.get("responseLogprobs"):
        candidate |= {"avgLogprobs": -0.5, "logprobsResult": _logprobs(made.text, config.get("logprobs") or 0)}
    candidates = [candidate | {"index": at} for at in range(config.get("candidateCount") or 1)]
    return {"candidates": candidates, "usageMetadata": _usage(made)} | _head(model)


def _logprobs(text: str, alternatives: int) -> dict[str, Any]:
    words = text.split(" ")
    chosen = [{"token": word, "tokenId": at, "logProbability": -0.5} for at, word in enumerate(words)]
    others = [{"token": f"other{at}", "tokenId": 90 + at, "logProbability": -1.0 - at} for at in range(alternatives)]
    return {"chosenCandidates": chosen, "topCandidates": [{"candidates": others} for _ in words]}


def _chunks(made: Answer, body: dict[str, Any], model: str) -> Iterator[bytes]:
    parts = _parts(made, body)
    split: list[dict[str, Any]] = []
    config = body.get("generationConfig") or {}
    likely = config.get("responseLogprobs")
    for part in parts:
        if "text" in part:
            words = part["text"].split(" ")
            spoken = [f" {word}" if at else word for at, word in enumerate(words)]
            some = [{**part, "text": piece} for piece in (spoken if likely else pieces(part["text"], 6))]
            for one in some[:-1]:
                one.pop("thoughtSignature", None)
            split += some
        else:
            split.append(part)
    for at, part in enumerate(split or [{"text": ""}]):
        candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": [part]}}
        ends = at + 1 >= len(split)
        if likely and part.get("text") and not part.get("thought"):
            candidate["logprobsResult"] = _logprobs(part["text"].strip(), config.get("logprobs") or 0)
        if ends and made.breaks:
            yield sse(_error(503, "it broke off"))
            return
        if ends:
            candidate["finishReason"] = _finish(made)
        counted = _usage(made) if ends else {"promptTokenCount": INPUT, "totalTokenCount": INPUT}
        yield sse({"candidates": [candidate], "usageMetadata": counted} | _head(model))


# ---------------------------------------------------------------- embedding
def embed(seen: Seen) -> Reply:
    return Reply({"embedding": {"values": _vector(_camel(seen.body))}})


def embed_many(seen: Seen) -> Reply:
    body = _camel(seen.body)
    _checked(body, {"requests": list[dict[str, Any]]}, "requests")
    if not body["requests"]:
        raise Refused(400, "* BatchEmbedContentsRequest.requests: must not be empty")
    for one in body["requests"]:
        if one.get("model") != f"models/{seen.match['model']}":
            raise Refused(400, f"* requests.model: must be models/{seen.match['model']}, is {one.get('model')}")
    return Reply({"embeddings": [{"values": _vector(one)} for one in body["requests"]]})


def _vector(request: dict[str, Any]) -> list[float]:
    _checked(request, EMBED, "content")
    text = "".join(part["text"] for part in request["content"]["parts"])
    if not text:
        raise Refused(400, "content is empty")
    return brain.vector(text, request.get("outputDimensionality") or DIMENSIONS)
