"""Capabilities: what a provider's API can take and do. Data, so that nobody writes `if provider == ...`."""

from __future__ import annotations

import msgspec


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """True: it can. A request that needs what is False is refused with a clear error, or loses it with a warning."""

    streaming: bool = True
    stream_usage: bool = True  # understands stream_options.include_usage
    tools: bool = True
    parallel_tools: bool = True  # several calls in one turn, and the switch for it
    json_object: bool = True
    json_schema: bool = True
    images: bool = True
    image_urls: bool = True  # fetches https: URLs by itself; else the gateway does
    files: bool = False  # PDFs and other documents
    file_urls: bool = False  # fetches https: URLs of documents by itself; else the gateway does
    audio: bool = False
    logprobs: bool = True
    seed: bool = True
    choices: bool = True  # n > 1
    penalties: bool = True  # frequency and presence
    sampling: bool = True  # temperature, top_p
    top_k: bool = True
    stop: bool = True
    reasoning: bool = True  # takes a wish for effort or budget
    short_call_ids: bool = False  # refuses long ids of tool calls, such as those that carry a signature
    cache_points: bool = False  # takes marks of where its prompt cache may end (of dialects that have such marks)
    limit_field: str = "max_tokens"  # of chat completions; OpenAI's newer models refuse all but max_completion_tokens
    developer_role: bool = False  # takes role "developer" in chat completions; else it is sent as "system"
    reasoning_content: bool = True  # chat completions show the thinking, and take it back, as `reasoning_content`
