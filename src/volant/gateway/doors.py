"""Doors: which request line is whose. A path, and where that leaves it open a header, as dialect and operation.

    OpenAI      /v1/{chat/completions,completions,responses,embeddings,moderations,models}, and under /openai; all but
                models without /v1 too, for base URLs that were given without it
    Azure       /openai/deployments/TASK/{chat/completions,completions,embeddings}, /openai/{responses,models}
    Anthropic   /v1/messages, /v1/messages/count_tokens, and with /v1/models under /anthropic
    Gemini      {/v1beta,/v1alpha,/v1,}/models/MODEL:{generateContent,...}, /models, and under /gemini

At the root `/v1/models` exists in all three: `x-goog-api-key` says Gemini, `anthropic-version` Anthropic, neither
OpenAI. Pure. Knows neither keys nor bodies.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal
from urllib.parse import unquote

from volant.core.errors import NotFound, VolantError

Headers = list[tuple[bytes, bytes]]
Family = Literal["openai", "anthropic", "gemini"]


class MethodNotAllowed(VolantError):
    """The path exists, the method does not."""

    status: ClassVar[int] = 405


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What a request line asks for."""

    family: Family  # whose clients call: how errors and ids look
    operation: str  # "chat", "embeddings", "count_tokens", "moderations", "models"
    dialect: str  # of volant.dialects; of embeddings "openai" or "gemini"
    method: bytes = b"POST"
    model: str = ""  # where the path says it
    stream: bool | None = None  # likewise
    many: bool = False  # of Gemini's embeddings: a path for one text, and one for many
    sse: bool = True  # of Gemini: a stream as events, else as one JSON array
    key: str = ""  # of `?key=`: never logged
    refusal: VolantError | None = None  # nothing is here, or not by this method
    kind: str = field(init=False)  # operation and dialect in one word, as Place.ways has them

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", f"{self.operation}/{self.dialect}")


def _post(family: Family, operation: str, dialect: str) -> Entrance:
    return Entrance(family=family, operation=operation, dialect=dialect)


def _models(family: Family) -> Entrance:
    return Entrance(family=family, operation="models", dialect=family, method=b"GET")


CHAT = _post("openai", "chat", "openai_chat")
_OPENAI = {
    "/v1/chat/completions": CHAT,
    "/v1/completions": _post("openai", "chat", "openai_completions"),
    "/v1/responses": _post("openai", "chat", "openai_responses"),
    "/v1/embeddings": _post("openai", "embeddings", "openai"),
    "/v1/moderations": _post("openai", "moderations", "openai"),
}
_ANTHROPIC = {
    "/v1/messages": _post("anthropic", "chat", "anthropic"),
    "/v1/messages/count_tokens": _post("anthropic", "count_tokens", "anthropic"),
}
_GEMINI_VERBS: dict[str, Entrance] = {
    "generateContent": replace(_post("gemini", "chat", "gemini"), stream=False),
    "streamGenerateContent": replace(_post("gemini", "chat", "gemini"), stream=True),
    "countTokens": _post("gemini", "count_tokens", "gemini"),
    "embedContent": _post("gemini", "embeddings", "gemini"),
    "batchEmbedContents": replace(_post("gemini", "embeddings", "gemini"), many=True),
}
_GEMINI_VERSIONS = ("/v1beta/", "/v1alpha/", "/v1/")

EXACT: dict[bytes, Entrance] = {
    **{path.encode(): entrance for path, entrance in (_OPENAI | _ANTHROPIC).items()},
    **{f"/openai{path}".encode(): entrance for path, entrance in _OPENAI.items()},
    **{path.removeprefix("/v1").encode(): entrance for path, entrance in _OPENAI.items()},
    **{f"/anthropic{path}".encode(): entrance for path, entrance in _ANTHROPIC.items()},
    b"/openai/v1/models": _models("openai"),
    b"/anthropic/v1/models": _models("anthropic"),
    b"/gemini/v1beta/models": _models("gemini"),
    b"/gemini/v1/models": _models("gemini"),
}


def find(url: bytes, headers: Headers) -> Entrance | None:
    """The entrance of a path with its query; None where the path is not one of the gateway's own."""
    if (entrance := EXACT.get(url)) is not None:
        return entrance
    raw_path, _, query = url.partition(b"?")
    if not raw_path.startswith(_BEGINNINGS):
        return None
    path = unquote(raw_path.decode("latin-1"))
    entrance = EXACT.get(path.encode()) or _look(path, headers, b"key=" in query)
    return _with_query(entrance, query) if entrance is not None and query else entrance


_BEGINNINGS = (
    b"/v1", b"/openai/v1/", b"/openai/deployments/", b"/openai/responses", b"/openai/models", b"/anthropic", b"/gemini",
    b"/models", b"/chat/completions", b"/completions", b"/responses", b"/embeddings", b"/moderations",
)  # fmt: skip


def wrong_method(entrance: Entrance, method: bytes) -> Entrance:
    """The same place, refusing."""
    if entrance.refusal is not None:
        return entrance
    said = f"this path takes {entrance.method.decode()}, not {method.decode('latin-1')[:20]}"
    return replace(entrance, refusal=MethodNotAllowed("method_not_allowed", said))


def family_of(url: bytes, headers: Headers) -> Family:
    """Whose clients would ask so: for errors about a request that is not understood any further."""
    entrance = find(url, headers)
    return entrance.family if entrance is not None else _by_headers(headers)


def _look(path: str, headers: Headers, has_key: bool) -> Entrance | None:
    for family, prefix in (("anthropic", "/anthropic/"), ("gemini", "/gemini/")):
        if path.startswith(prefix):
            below = path[len(prefix) - 1 :]
            found = _gemini(below) if family == "gemini" else _model_list(below, "anthropic")
            return found or _nothing(family, path)  # type: ignore[arg-type]  # of the two
    if path.startswith("/openai/"):
        return _azure(path) or _model_list(path.removeprefix("/openai"), "openai")
    family = _by_headers(headers)
    if path.startswith(("/v1beta/", "/v1alpha/")) or family == "gemini" or path.rpartition(":")[2] in _GEMINI_VERBS:
        found = _gemini(path)
        if found is not None and (found.operation != "models" or path.startswith("/v1")):
            return found
        if path.startswith("/models"):  # may be a page of ours
            return found if family == "gemini" or has_key else None
        return _nothing("gemini", path)
    if path.startswith("/models"):
        return _gemini(path) if has_key else None
    if (listed := _model_list(path, family)) is not None:
        return listed
    return _nothing("anthropic", path) if family == "anthropic" and path.startswith("/v1/") else None


def _azure(path: str) -> Entrance | None:
    """As its dated API has it: the deployment, which is a task here, in the path; `api-version` may say anything."""
    below = path.removeprefix("/openai")
    if below.startswith("/deployments/"):
        for operation in _AZURE:
            task = below.removeprefix("/deployments/").removesuffix(operation)
            if below.endswith(operation) and task:
                return replace(_OPENAI[f"/v1{operation}"], model=task)
        return _nothing("openai", path)
    return _OPENAI["/v1/responses"] if below == "/responses" else _model_list(f"/v1{below}", "openai")


_AZURE = ("/chat/completions", "/completions", "/embeddings")  # the longer one of two first


def _gemini(path: str) -> Entrance | None:
    """`path` begins after /gemini."""
    below = next((path[len(one) :] for one in _GEMINI_VERSIONS if path.startswith(one)), path[1:])
    if below == "models":
        return _models("gemini")
    collection, _, name = below.partition("/")
    if collection not in ("models", "tunedModels") or not name:
        return None
    model, _, verb = name.rpartition(":")
    if model and (entrance := _GEMINI_VERBS.get(verb)) is not None:
        return replace(entrance, model=model)
    return replace(_models("gemini"), model=name)


def _model_list(path: str, family: Family) -> Entrance | None:
    if path == "/v1/models":
        return _models(family)
    if path.startswith("/v1/models/") and len(path) > len("/v1/models/"):
        return replace(_models(family), model=path.removeprefix("/v1/models/"))
    return None


def _by_headers(headers: Headers) -> Family:
    names = {name for name, _ in headers}
    if b"x-goog-api-key" in names:
        return "gemini"
    return "anthropic" if b"anthropic-version" in names else "openai"


def _nothing(family: Family, path: str) -> Entrance:
    error = NotFound(
        "no_such_path", f"there is nothing at {path[:80]!r}", hint="docs/gateway.md lists the paths of each dialect"
    )
    return Entrance(family=family, operation="", dialect="", refusal=error)


def _with_query(entrance: Entrance, query: bytes) -> Entrance:
    said: dict[str, str] = {}
    for pair in query.decode("latin-1").split("&"):
        name, _, value = pair.partition("=")
        said[name] = unquote(value)
    key = said.get("key", "")
    sse = said.get("alt") == "sse" or entrance.dialect != "gemini"
    return replace(entrance, key=key, sse=sse)
