"""Body: the caller's JSON made the upstream's, touching as little as possible.

Values that are not ours to read stay raw bytes: the model is rewritten, the limit of output gets its provider's name, a
variant's parameters are put in where the caller said nothing, our `volant` object is taken out, a system message is put
first or a rendered prompt around, and a stream is asked for its usage. Everything else goes through as it came. Pure.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TypeVar

import msgspec

from volant.core.chat import ChatRequest
from volant.core.embeddings import EmbeddingRequest
from volant.core.errors import BadInput
from volant.core.json_depth import is_deeper
from volant.dialects import find
from volant.gateway.doors import CHAT, Entrance
from volant.gateway.plan import Place, VariantPlan
from volant.gateway.values import value_at, value_of
from volant.providers.fetching import Media

T = TypeVar("T")
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODER = msgspec.json.Encoder()
_ASK_USAGE = msgspec.Raw(b'{"include_usage":true}')
_SAME = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}  # either says the limit
_LIMITS = frozenset({"max_tokens", "max_output_tokens", "maxOutputTokens"})
_COUNTS = frozenset({"n", "best_of", "candidateCount", "candidate_count"})
_BRACKET = ord("[")
_STREAM_ONLY = ("stream", "stream_options")


class Asked(msgspec.Struct, kw_only=True):
    """The caller's request as far as the gateway reads it."""

    raw: bytes  # as it came
    fields: dict[str, msgspec.Raw]
    model: str
    stream: bool
    include_usage: bool  # the caller wants the usage chunk
    wants_json: bool | None = None  # by its `response_format`; None: it names none
    entrance: Entrance = CHAT
    embedding: EmbeddingRequest | None = None  # what the guards made of it; None: nothing
    media: dict[str, Media] = {}  # what its URLs gave, as far as they were fetched
    _chat: ChatRequest | None = None
    _unread: BadInput | None = None  # why it could not be read

    def own(self) -> bytes:
        """The body as it came, without our own object."""
        if "volant" not in self.fields:
            return self.raw
        return _ENCODER.encode({name: value for name, value in self.fields.items() if name != "volant"})

    def chat(self) -> ChatRequest:
        """A chat request, or one to count, in normalised words: read when it is first asked for, once.

        Raises BadInput with the path of the field that its dialect does not know.
        """
        if self._unread is not None:
            raise self._unread
        if self._chat is None:
            try:
                self._chat = msgspec.structs.replace(self._read(), stream=self.stream)
            except BadInput as error:
                self._unread = error
                raise
        return self._chat

    def known(self) -> ChatRequest | None:
        """As `chat`; None for what its dialect, as we know it, does not: newer words, or wrong ones. A place of the
        same dialect may understand it."""
        try:
            return self.chat()
        except BadInput:
            return None

    def _read(self) -> ChatRequest:
        entrance, model = self.entrance, self.entrance.model or self.model
        if entrance.kind == "count_tokens/gemini":  # a body of its own around the request
            request: ChatRequest = import_module("volant.dialects.gemini_extra").parse_count(self.own(), model)
            return request
        return find(entrance.dialect).parse_request(self.own(), model, self.stream)


def parse(raw: bytes, max_depth: int = 200, entrance: Entrance = CHAT) -> Asked:
    """Read a request. Raises BadInput `invalid_json` with the position, `json_too_deep` or `invalid_field`."""
    if is_deeper(raw, max_depth):
        raise BadInput("json_too_deep", f"the body nests deeper than {max_depth} levels", where="body")
    try:
        if not raw.isascii():
            raw.decode()
        fields = _FIELDS.decode(raw)
    except msgspec.ValidationError as error:
        raise BadInput("invalid_json", f"the body must be a JSON object: {error}", where="body") from None
    except msgspec.DecodeError as error:
        raise BadInput("invalid_json", f"the body is not valid JSON: {error}", where="body") from None
    except UnicodeDecodeError as error:
        raise BadInput("invalid_json", f"the body is not UTF-8 (byte {error.start})", where="body") from None
    wants_json = _names_json(value_of(fields, "response_format")) if "response_format" in fields else None
    if entrance.dialect != CHAT.dialect:
        stream = entrance.stream if entrance.stream is not None else _get(fields, "stream", bool, False)
        model = entrance.model or _get(fields, "model", str, "")
        if entrance.dialect == "openai_responses" and _get(fields, "background", bool, False):
            raise BadInput(
                "not_supported",
                "an answer in the background cannot be limited, recorded or retried here",
                where="background",
                hint="leave it out; ask for a stream where the answer takes long",
            )
        return Asked(
            raw=raw,
            fields=fields,
            model=model,
            stream=stream,
            include_usage=True,
            wants_json=wants_json,
            entrance=entrance,
        )
    messages = fields.get("messages")
    if messages is None or memoryview(messages)[0] != _BRACKET:
        raise BadInput(
            "invalid_field", "`messages` must be a list of messages", where="messages", hint="see docs/gateway.md"
        )
    stream = _get(fields, "stream", bool, False)
    options = _get(fields, "stream_options", dict, {}) if stream else {}
    return Asked(
        raw=raw,
        fields=fields,
        model=entrance.model or _get(fields, "model", str, ""),
        stream=stream,
        include_usage=bool(options.get("include_usage")),
        wants_json=wants_json,
        entrance=entrance,
    )


def refuse_twins(raw: bytes) -> None:
    """Where guards read a request, no object of it may hold a name twice: they read the last value, and a provider
    perhaps the first. Raises BadInput `invalid_json`.
    """

    def once(pairs: list[tuple[str, object]]) -> None:
        names = {name for name, _ in pairs}
        if len(names) < len(pairs):
            raise BadInput(
                "invalid_json",
                "an object of the body holds a name twice, and a guard could read one value and the model the other",
                where="body",
                hint="send each name once",
            )

    json.loads(raw, object_pairs_hook=once, parse_int=len, parse_float=len)


def render(asked: Asked, variant: VariantPlan, place: Place, *, stream: bool | None = None) -> bytes:
    """The body for one place. `stream` False asks for a whole answer whatever the caller wanted."""
    fields = dict(asked.fields)
    fields["model"] = place.model_json
    fields.pop("volant", None)
    for name, value in variant.defaults.items():
        if name not in fields and _SAME.get(name, name) not in fields:
            fields[name] = value
    limit = place.capabilities.limit_field
    if limit not in fields and (given := fields.pop(_SAME.get(limit, ""), None)) is not None:
        fields[limit] = given
    if variant.said is not None:
        fields["messages"] = _between(*variant.said, bytes(fields["messages"]))
    elif variant.system:
        fields["messages"] = _with_system(variant.system, bytes(fields["messages"]))
    if stream is False:
        for name in _STREAM_ONLY:
            fields.pop(name, None)
    elif asked.stream and not asked.include_usage and place.stream_usage:
        fields["stream_options"] = _ask_usage(fields.get("stream_options"))
    return _ENCODER.encode(fields)


def recorded_input(asked: Asked, variant: VariantPlan | None = None) -> bytes:
    """What the record keeps of the request: as it came, without our own object.

    With a prompt, the messages as the model saw them, and the variables: what came and what was made of it.
    """
    if variant is not None and variant.said is not None:
        fields = dict(asked.fields)
        fields["messages"] = _between(*variant.said, bytes(fields["messages"]))
        ours = _FIELDS.decode(fields.pop("volant", b"{}"))
        if "variables" in ours:
            fields["volant"] = msgspec.Raw(_ENCODER.encode({"variables": ours["variables"]}))
        return _ENCODER.encode(fields)
    return asked.own()


def asks_json(asked: Asked, variant: VariantPlan) -> bool:
    """Does the request, as the upstream sees it, ask for an answer in JSON? Never raises: it was read at the start."""
    if asked.entrance.operation != "chat":
        return False
    if asked.entrance.dialect != CHAT.dialect:
        request = asked.known()
        shape = request.output_format if request is not None else None
        if shape is not None:
            return shape.kind != "text"
    return asks_json_by_default(variant) if asked.wants_json is None else asked.wants_json


def asks_json_by_default(variant: VariantPlan) -> bool:
    """Does the variant, where the request names no format?"""
    return _names_json(value_of(variant.defaults, "response_format"))


def _names_json(shape: object) -> bool:
    return isinstance(shape, dict) and shape.get("type") in ("json_object", "json_schema")


def output_limit(asked: Asked, variant: VariantPlan, otherwise: int) -> int:
    """The most output tokens that this request may take: what it says, else its variant, else `otherwise`, for each of
    its answers. What is no number above 0 says nothing: some servers take -1 for no limit at all."""
    if asked.entrance.operation != "chat":
        return 0
    limits: list[object]
    counts: list[object]
    if asked.entrance.dialect != CHAT.dialect:
        request, prompts = asked.known(), 1
        if request is None:
            limits, counts = _told(asked, _LIMITS), _told(asked, _COUNTS) or [None]
            prompt = value_of(asked.fields, "prompt")
            prompts = len(prompt) if isinstance(prompt, list) else 1
        else:
            limits, counts = [request.sampling.max_tokens], [request.sampling.n, request.extra.get("best_of")]
            if asked.entrance.dialect == "openai_completions":
                prompts = len(request.messages)
    else:
        fields = asked.fields
        limits = [value_of(fields, name) for name in _SAME if name in fields]
        if "n" not in fields and "n" not in variant.defaults:  # nearly always
            return _longest(limits) or (0 if _any(limits) else variant.max_tokens) or otherwise
        counts, prompts = [value_of(fields, "n")], 1
    if counts[0] is None and "n" in variant.defaults:
        counts.append(value_of(variant.defaults, "n"))
    most = _longest(limits) or (0 if _any(limits) else variant.max_tokens) or otherwise
    return most * max(1, *map(_above_0, counts)) * max(1, prompts)


def _longest(limits: list[object]) -> int:
    return _above_0(limits[0]) if len(limits) == 1 else max(map(_above_0, limits), default=0)


def _any(limits: list[object]) -> bool:
    return limits.count(None) < len(limits)


def _told(asked: Asked, names: frozenset[str]) -> list[object]:
    """What stands under these names in a request that cannot be read: in the body, or in Gemini's configuration."""
    values: list[object] = [value_of(asked.fields, name) for name in names if name in asked.fields]
    for wrapper in ("generationConfig", "generation_config"):
        inside = value_of(asked.fields, wrapper)
        if isinstance(inside, dict):
            values += [inside[name] for name in names if name in inside]
    return values


def _above_0(value: object) -> int:
    """A number of things, whole or written as 5.0; 0 where none is said. No larger than floats can count.

    Raises BadInput for a number in quotes and the like: some servers take it for one, and no ceiling could hold.
    """
    if isinstance(value, _NUMBERS):
        return int(min(max(value, 0), 1 << 53)) if value == value else 0
    if value is None:
        return 0
    raise BadInput(
        "invalid_field",
        f"the limit of output, or the count of answers, is of type {type(value).__name__}; it must be a number",
        where="max_tokens",
        hint="a budget or limit holds here, so that it must be known what the request may take",
    )


_NUMBERS = (int, float)


def _between(before: bytes, after: bytes, messages: bytes) -> msgspec.Raw:
    """The caller's list of messages between two runs of messages, each without brackets and maybe empty."""
    own = messages.strip()[1:-1].strip()
    return msgspec.Raw(b"[" + b",".join(part for part in (before, own, after) if part) + b"]")


def _with_system(system: bytes, messages: bytes) -> msgspec.Raw:
    rest = messages.lstrip()[1:].lstrip()
    comma = b"" if rest.startswith(b"]") else b","
    return msgspec.Raw(b"[" + system + comma + rest)


def _ask_usage(options: msgspec.Raw | None) -> msgspec.Raw:
    if options is None:
        return _ASK_USAGE
    return msgspec.Raw(_ENCODER.encode({**(msgspec.json.decode(options) or {}), "include_usage": True}))


def _get(fields: dict[str, msgspec.Raw], name: str, kind: type[T], default: T) -> T:
    raw = fields.get(name)
    if raw is None:
        return default
    value = value_at(raw, name)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise BadInput(
            "invalid_field",
            f"`{name}` is of type {type(value).__name__}; it must be of type {kind.__name__}",
            where=name,
        )
    return value
