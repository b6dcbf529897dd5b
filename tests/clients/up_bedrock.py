"""The stand-in of Amazon Bedrock's Converse: SigV4 checked by itself, a binary event stream, strict bodies.

Source: Bedrock Runtime API reference (Converse, ConverseStream), "Signature Version 4 signing process", and the
`vnd.amazon.eventstream` encoding (AWS general reference; read November 2026).
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from tests.clients.brain import CACHED, INPUT, WRITTEN, Answer, Media, Refused, View, answer, decoded, pieces, signature
from tests.clients.upstream import Reply, Routes, Seen

KEY_ID, SECRET, REGION = "AKIDVOLANTTEST", "bedrock/secret+key", "eu-west-1"
TOP = {"messages", "system", "inferenceConfig", "toolConfig", "guardrailConfig", "additionalModelRequestFields",
       "promptVariables", "additionalModelResponseFieldPaths", "requestMetadata", "performanceConfig", "serviceTier",
       "outputConfig"}  # fmt: skip
INFERENCE = {"maxTokens", "temperature", "topP", "stopSequences"}
BLOCKS = {"text", "image", "document", "video", "audio", "toolUse", "toolResult", "guardContent", "cachePoint",
          "reasoningContent", "citationsContent", "searchResult"}  # fmt: skip


def routes() -> Routes:
    model = r"/bedrock/model/(?P<model>[^/]+)"
    return [("POST", model + "/converse", _guarded(converse)), ("POST", model + "/converse-stream", _guarded(stream))]


KINDS = {400: "ValidationException", 403: "AccessDeniedException", 404: "ResourceNotFoundException",
         429: "ThrottlingException", 500: "InternalServerException", 503: "ServiceUnavailableException"}  # fmt: skip


def _guarded(operation: Any) -> Any:
    def handle(seen: Seen) -> Reply:
        try:
            check_signature(seen)
            return operation(seen)
        except Refused as error:
            kind = KINDS.get(error.status, "InternalServerException")
            return Reply({"message": error.message}, error.status, {"x-amzn-errortype": f"{kind}:http://internal/"})

    return handle


# ---------------------------------------------------------------- the signature
def check_signature(seen: Seen) -> None:
    """Raises Refused 403 where the request is not signed as AWS asks."""
    scheme, _, rest = seen.headers.get("authorization", "").partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if scheme != "AWS4-HMAC-SHA256" or not {"Credential", "SignedHeaders", "Signature"} <= fields.keys():
        raise Refused(403, "Missing Authentication Token")
    who, day, region, service, end = fields["Credential"].split("/")
    if (who, region, service, end) != (KEY_ID, REGION, "bedrock", "aws4_request"):
        raise Refused(403, f"Credential should be scoped to a valid region and service: {fields['Credential']}")
    names = fields["SignedHeaders"].split(";")
    at = seen.headers.get("x-amz-date", "")
    if "host" not in names or "x-amz-date" not in names or not at.startswith(day):
        raise Refused(403, "'host' and 'x-amz-date' must be signed")
    payload = hashlib.sha256(seen.raw).hexdigest()
    headers = "".join(f"{name}:{' '.join(seen.headers[name].split())}\n" for name in names)
    path = "/".join(quote(step, safe="-_.~") for step in seen.path.split("/"))
    canonical = "\n".join([seen.method, path, _query(seen.raw_query), headers, ";".join(names), payload])
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for step in (day, region, service, "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    if not hmac.compare_digest(hmac.new(key, text.encode(), "sha256").hexdigest(), fields["Signature"]):
        raise Refused(403, "The request signature we calculated does not match the signature you provided.")


def _query(raw: str) -> str:
    pairs = sorted(part.partition("=")[::2] for part in raw.split("&") if part)
    return "&".join(f"{quote(unquote(a), safe='-_.~')}={quote(unquote(b), safe='-_.~')}" for a, b in pairs)


# ---------------------------------------------------------------- reading
def _known(given: dict[str, Any], names: set[str], path: str) -> None:
    if unknown := given.keys() - names:
        raise Refused(400, f"Unknown field {path}{sorted(unknown)[0]}: extraneous key is not permitted")


def read(body: Any) -> View:
    """A request as the model reads it. Raises Refused for what Converse does not take."""
    if not isinstance(body, dict) or not body.get("messages"):
        raise Refused(400, "messages: is required")
    _known(body, TOP, "")
    config = body.get("inferenceConfig") or {}
    _known(config, INFERENCE, "inferenceConfig.")
    extra = body.get("additionalModelRequestFields") or {}
    _known(extra, {"thinking", "output_config", "top_k", "anthropic_beta"}, "additionalModelRequestFields.")
    view = View(max_tokens=config.get("maxTokens"), stop=list(config.get("stopSequences") or ()))
    view.must_begin_with_thought = (extra.get("thinking") or {}).get("type") == "enabled"
    output = body.get("outputConfig") or {}
    _known(output, {"effort", "textFormat"}, "outputConfig.")
    if output.get("effort", "low") not in ("low", "medium", "high", "xhigh", "max"):
        raise Refused(400, "outputConfig.effort: none of low, medium, high, xhigh, max")
    view.thinks = (extra.get("thinking") or {}).get("type") in ("enabled", "adaptive") or "effort" in output
    if budget := (extra.get("thinking") or {}).get("budget_tokens"):
        if not 1024 <= budget < (config.get("maxTokens") or 0):
            raise Refused(400, "max_tokens must be greater than thinking.budget_tokens")
        if config.get("temperature", 1) != 1:
            raise Refused(400, "temperature may only be set to 1 when thinking is enabled")
    view.system = "\n".join(block["text"] for block in body.get("system") or () if "text" in block)
    _tools(body, view)
    form = ((body.get("outputConfig") or {}).get("textFormat") or {}).get("structure", {}).get("jsonSchema")
    if form:
        view.schema = json.loads(form["schema"])
    asked: dict[str, str] = {}
    roles = [message["role"] for message in body["messages"]]
    if roles[0] != "user" or any(one == after for one, after in itertools.pairwise(roles)):
        raise Refused(400, f"A conversation must start with a user message and alternate: {roles}")
    for message in body["messages"]:
        _turn(message, view, asked)
    if asked:
        raise Refused(400, f"Expected toolResult blocks for: {', '.join(asked)}")
    return view


def _tools(body: dict[str, Any], view: View) -> None:
    config = body.get("toolConfig") or {}
    _known(config, {"tools", "toolChoice"}, "toolConfig.")
    for tool in config.get("tools") or ():
        _known(tool, {"toolSpec", "cachePoint", "systemTool"}, "toolConfig.tools.")
        if spec := tool.get("toolSpec"):
            _known(spec, {"name", "description", "inputSchema", "strict"}, "toolSpec.")
            if spec.get("description") == "" or "json" not in spec["inputSchema"]:
                raise Refused(400, "toolSpec: description must not be empty, inputSchema.json is required")
            view.tools.append(spec["name"])
    choice = config.get("toolChoice") or {"auto": {}}
    kind = next(iter(choice))
    view.choice = choice["tool"]["name"] if kind == "tool" else {"any": "required"}.get(kind, kind)


def _turn(message: dict[str, Any], view: View, asked: dict[str, str]) -> None:
    _known(message, {"role", "content"}, "messages.")
    blocks = message["content"]
    if not blocks:
        raise Refused(400, "messages.content: must not be empty")
    for block in blocks:
        _known(block, BLOCKS, "messages.content.")
        if len(block) != 1 or block.get("text", "x").strip() == "":
            raise Refused(400, "messages.content: one member a block, and no empty text")
    if message["role"] == "assistant":
        _assistant(blocks, view, asked)
    else:
        _user(blocks, view, asked)


def _assistant(blocks: list[dict[str, Any]], view: View, asked: dict[str, str]) -> None:
    view.earlier.append("assistant: " + "".join(block.get("text", "") for block in blocks))
    view.results = []
    for block in blocks:
        if call := block.get("toolUse"):
            if not isinstance(call["input"], dict):
                raise Refused(400, "toolUse.input: must be an object")
            asked[call["toolUseId"]] = call["name"]
        thought = block.get("reasoningContent", {}).get("reasoningText")
        if thought and thought.get("signature") != signature("bedrock", thought["text"]):
            raise Refused(400, "Invalid `signature` in `thinking` block")
    if view.must_begin_with_thought and asked and "reasoningContent" not in blocks[0]:
        raise Refused(400, "Expected `thinking` or `redacted_thinking`, but found `tool_use`")


def _user(blocks: list[dict[str, Any]], view: View, asked: dict[str, str]) -> None:
    words: list[str] = []
    media: list[Media] = []
    results: list[tuple[str, str]] = []
    for block in blocks:
        if "text" in block:
            words.append(block["text"])
        elif found := block.get("toolResult"):
            if found["toolUseId"] not in asked:
                raise Refused(400, f"unexpected toolUseId {found['toolUseId']}")
            text = "".join(one.get("text", "") or json.dumps(one.get("json", "")) for one in found["content"])
            failed = " (failed)" if found.get("status") == "error" else ""
            results.append((asked.pop(found["toolUseId"]), f"{text}{failed}"))
        elif found := block.get("image"):
            media.append(Media(f"image/{found['format']}", decoded(found["source"]["bytes"], "image")))
        elif found := block.get("audio"):
            media.append(Media(f"audio/{found['format']}", decoded(found["source"]["bytes"], "audio")))
        elif found := block.get("document"):
            if not found.get("name") or any(not (c.isalnum() or c in " -()[]") for c in found["name"]):
                raise Refused(400, "document.name: letters, digits, spaces, hyphens, parentheses and brackets only")
            media.append(Media(f"application/{found['format']}", decoded(found["source"]["bytes"], "document")))
    if media and not words and any(one.kind.startswith("application/") for one in media):
        raise Refused(400, "a text block is required beside a document")
    if asked:
        raise Refused(400, f"Expected toolResult blocks for: {', '.join(asked)}")
    if words or media:
        view.text, view.media = "\n".join(words), media
        view.earlier.append(f"user: {view.text}")
    view.results = results


# ---------------------------------------------------------------- writing
def converse(seen: Seen) -> Reply:
    made = answer(read(seen.body))
    message = {"role": "assistant", "content": _blocks(made)}
    return Reply(
        {
            "output": {"message": message},
            "stopReason": _reason(made),
            "usage": _usage(made),
            "metrics": {"latencyMs": 7},
        }
    )


def _blocks(made: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if made.thought:
        text = {"text": made.thought, "signature": signature("bedrock", made.thought)}
        blocks.append({"reasoningContent": {"reasoningText": text}})
    if made.text:
        blocks.append({"text": made.text})
    return blocks + [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": json.loads(call.arguments)}}
        for call in made.calls
    ]


def _reason(made: Answer) -> str:
    if made.refused:
        return "content_filtered"
    return (
        "tool_use" if made.calls else "max_tokens" if made.cut else "stop_sequence" if made.stopped_by else "end_turn"
    )


def _usage(made: Answer) -> dict[str, Any]:
    return {
        "inputTokens": INPUT - CACHED - WRITTEN, "outputTokens": made.output,
        "totalTokens": INPUT + made.output, "cacheReadInputTokens": CACHED, "cacheWriteInputTokens": WRITTEN,
    }  # fmt: skip


def stream(seen: Seen) -> Reply:
    made = answer(read(seen.body))
    return Reply(frames=_events(made), content_type="application/vnd.amazon.eventstream")


def _events(made: Answer) -> Iterator[bytes]:
    yield frame("messageStart", {"role": "assistant"})
    for at, block in enumerate(_blocks(made)):
        if "toolUse" in block:
            call = next(one for one in made.calls if one.id == block["toolUse"]["toolUseId"])
            start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
            yield frame("contentBlockStart", {"contentBlockIndex": at, "start": start})
            deltas: list[dict[str, Any]] = [{"toolUse": {"input": piece}} for piece in pieces(call.arguments, 4)]
        elif "text" in block:
            deltas = [{"text": piece} for piece in pieces(made.text)]
        else:
            deltas = [{"reasoningContent": {"text": piece}} for piece in pieces(made.thought)]
            deltas.append({"reasoningContent": {"signature": signature("bedrock", made.thought)}})
        for delta in deltas:
            yield frame("contentBlockDelta", {"contentBlockIndex": at, "delta": delta})
        if made.breaks:
            yield frame("modelStreamErrorException", {"message": "it broke off"}, "exception")
            return
        yield frame("contentBlockStop", {"contentBlockIndex": at})
    yield frame("messageStop", {"stopReason": _reason(made)})
    yield frame("metadata", {"usage": _usage(made), "metrics": {"latencyMs": 7}})


def frame(kind: str, payload: dict[str, Any], message: str = "event") -> bytes:
    """One message of the binary event stream: lengths, their CRC, headers, payload, CRC of all."""
    headers = b""
    named = {":message-type": message, f":{message}-type": kind, ":content-type": "application/json"}
    for name, value in named.items():
        headers += struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
    body = json.dumps(payload).encode()
    start = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    start += struct.pack("!I", zlib.crc32(start))
    whole = start + headers + body
    return whole + struct.pack("!I", zlib.crc32(whole))
