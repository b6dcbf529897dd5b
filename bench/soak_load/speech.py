"""Speech: a request in each dialect a client may speak, and what its answer says, byte by byte. Knows no network.

Each request carries a mark that the stand-in puts at both ends of its answer, so that nobody can get another's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "runs", "far", "away", "home")
CHUNKS = 6
MAX_TOKENS = 64


@dataclass(slots=True)
class Said:
    """What an answer says. `error`: its own code or kind, empty where it is well; `whole`: its end was said."""

    text: str = ""
    error: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """One dialect, as a client speaks it: where it asks, with which body, and how it reads."""

    name: str
    path: Callable[[str, bool], str]  # of a task, streamed or not
    headers: str  # with {key}
    body: Callable[[str, str, bool], dict[str, Any]]  # task, prompt, streamed
    whole: Callable[[Any], str]  # the words of a whole answer
    event: Callable[[str, Any, Said], None]  # one event of a stream, by its name, into what was said

    def request(self, host: str, key: str, task: str, prompt: str, stream: bool) -> bytes:
        """All bytes of it."""
        data = json.dumps(self.body(task, prompt, stream)).encode()
        return (
            f"POST {self.path(task, stream)} HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\n"
            f"content-type: application/json\r\n{self.headers.format(key=key)}\r\ncontent-length: {len(data)}\r\n\r\n"
        ).encode() + data

    def read(self, status: int, body: bytes, stream: bool) -> Said:
        """What came. Raises nothing: what cannot be read is an error "unreadable"."""
        try:
            if status != 200 or not stream:
                return self._read_whole(status, json.loads(body))
            said = Said()
            for name, data in events_of(body):
                if said.whole and data != "[DONE]":
                    said.error = said.error or "talks_on"
                self._take(name, data, said)
            return said
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            return Said(error=f"unreadable: {error!r}")

    def _take(self, name: str, data: str, said: Said) -> None:
        if data == "[DONE]":
            said.whole = True
            return
        try:
            parsed = json.loads(data)
        except ValueError:
            return  # a client would stop here; the error event is still to come
        if fault := error_of(parsed):
            said.error = said.error or fault
        else:
            self.event(name, parsed, said)

    def _read_whole(self, status: int, parsed: Any) -> Said:
        if status != 200 or (isinstance(parsed, dict) and parsed.get("error")):
            return Said(error=error_of(parsed) or f"status_{status}")
        return Said(text=self.whole(parsed), whole=True)


def expected(mark: str, chunks: int = CHUNKS) -> str:
    """The right answer to `prompt`."""
    return f"{mark} " + "".join((" " if at else "") + WORDS[at % len(WORDS)] for at in range(chunks)) + f" {mark}"


def prompt(mark: str, chunks: int = CHUNKS, *, delay_ms: int = 0, pad: int = 0) -> str:
    """What to ask. `pad`: bytes of further words."""
    said = f"Say something. mark={mark} chunks={chunks}" + (f" delay_ms={delay_ms}" if delay_ms else "")
    return said + "\nand a word more" * (pad // 16)


def events_of(body: bytes) -> Iterator[tuple[str, str]]:
    """Names and data of a stream of events."""
    for event in body.decode().replace("\r\n", "\n").split("\n\n"):
        name, data = "", []
        for line in event.split("\n"):
            field, _, value = line.partition(":")
            if field == "event":
                name = value.strip()
            elif field == "data":
                data.append(value.removeprefix(" "))
        if data:
            yield name, "\n".join(data)


def error_of(parsed: Any) -> str:
    """The code of an error, in whichever dialect; empty where it is none."""
    if not isinstance(parsed, dict):
        return ""
    error = parsed.get("error")
    if parsed.get("type") == "error" and not isinstance(error, dict):
        error = parsed
    if parsed.get("type") == "response.failed":
        error = (parsed.get("response") or {}).get("error") or {"code": "failed"}
    if not isinstance(error, dict) or not error:
        return ""
    return str(error.get("code") or error.get("type") or error.get("status") or "error")


# ---------------------------------------------------------------- the dialects
def _chat_event(_: str, parsed: Any, said: Said) -> None:
    for choice in parsed["choices"]:
        said.text += choice["delta"].get("content") or ""


def _responses_body(task: str, words: str, stream: bool) -> dict[str, Any]:
    return {"model": task, "input": words, "max_output_tokens": MAX_TOKENS, "stream": stream}


def _responses_whole(parsed: Any) -> str:
    return "".join(part["text"] for item in parsed["output"] if item["type"] == "message" for part in item["content"])


def _responses_event(name: str, parsed: Any, said: Said) -> None:
    if name == "response.output_text.delta":
        said.text += parsed["delta"]
    elif name == "response.completed":
        said.whole = True


def _messages_event(name: str, parsed: Any, said: Said) -> None:
    if name == "content_block_delta":
        said.text += parsed["delta"].get("text", "")
    elif name == "message_stop":
        said.whole = True


def _gemini_words(parsed: Any) -> str:
    parts = parsed["candidates"][0].get("content", {}).get("parts", [])
    return "".join(part.get("text", "") for part in parts)


def _gemini_event(_: str, parsed: Any, said: Said) -> None:
    if parsed.get("candidates"):
        said.text += _gemini_words(parsed)
        said.whole = False
        if parsed["candidates"][0].get("finishReason"):
            said.whole = True


def _talk(task: str, words: str, stream: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"model": task, "messages": [{"role": "user", "content": words}], "max_tokens": MAX_TOKENS}
    return body | ({"stream": True} if stream else {})


SPEECHES = (
    Speech(
        name="openai_chat",
        path=lambda _, __: "/v1/chat/completions",
        headers="authorization: Bearer {key}",
        body=_talk,
        whole=lambda parsed: parsed["choices"][0]["message"]["content"],
        event=_chat_event,
    ),
    Speech(
        name="openai_responses",
        path=lambda _, __: "/v1/responses",
        headers="authorization: Bearer {key}",
        body=_responses_body,
        whole=_responses_whole,
        event=_responses_event,
    ),
    Speech(
        name="anthropic",
        path=lambda _, __: "/v1/messages",
        headers="x-api-key: {key}\r\nanthropic-version: 2023-06-01",
        body=_talk,
        whole=lambda parsed: "".join(part["text"] for part in parsed["content"]),
        event=_messages_event,
    ),
    Speech(
        name="gemini",
        path=lambda task, stream: (
            f"/v1beta/models/{task}:" + ("streamGenerateContent?alt=sse" if stream else "generateContent")
        ),
        headers="x-goog-api-key: {key}",
        body=lambda _, words, __: {
            "contents": [{"role": "user", "parts": [{"text": words}]}],
            "generationConfig": {"maxOutputTokens": MAX_TOKENS},
        },
        whole=_gemini_words,
        event=_gemini_event,
    ),
)
