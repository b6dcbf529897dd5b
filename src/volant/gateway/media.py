"""Media: what a request names by URL, fetched where the place that is asked would not fetch it.

Knows when to look; who fetches, and from where not, is `providers.fetching`. What came is kept with the request, so
that the next place costs no second fetch. A request that is relayed is looked into only where its place fetches no
pictures, such as an engine in the operator's own network, which must be led nowhere by a caller: any other provider
gets what its own dialect says, as it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from volant.core.chat import ChatRequest, FilePart, ImagePart
from volant.gateway.body import Asked
from volant.gateway.call import Job
from volant.gateway.plan import Place
from volant.gateway.values import value_at
from volant.providers.fetching import Fetch, Media, inline_media


async def with_media(job: Job, place: Place, fetch: Fetch) -> Job:
    """The job with its URLs' content in their place, as far as `place` does not fetch. Else the job as it is.

    Raises BadInput for a URL that may not or cannot be fetched, or a request that cannot be read; another place may
    take it.
    """
    asked = job.asked
    request = job.edited or asked.chat()  # what names a URL and cannot be read goes to nobody who might follow it

    async def once(urls: Iterable[str]) -> Mapping[str, Media]:
        if missing := [url for url in urls if url not in asked.media]:
            asked.media |= await fetch(missing)
        return asked.media

    inlined = await inline_media(request, place.capabilities, once)
    if inlined is request and (job.edited is not None or not _leads_elsewhere(request, place)):
        return job
    return msgspec.structs.replace(job, edited=inlined)  # where something still leads elsewhere, its dialect says no


def may_name_urls(asked: Asked, place: Place, edited: ChatRequest | None) -> bool:
    """Is it worth a look? Quick, for every request. Raises BadInput for one that cannot be read."""
    able, entrance = place.capabilities, asked.entrance
    if entrance.operation not in ("chat", "count_tokens") or (able.image_urls and able.file_urls):
        return False
    way = place.way(entrance.kind)
    if edited is None and way is not None and way.wire.dialect == entrance.dialect:
        return not able.image_urls and may_hold_urls(asked.raw) and _holds_url(value_at(asked.raw, "body"))
    return way is not None


def may_hold_urls(raw: bytes) -> bool:
    """Could a field of that JSON be called so? No letter can be spelled otherwise but with an escape."""
    return b"url" in raw or b"\\u" in raw


def _holds_url(node: Any, name: str = "") -> bool:
    """Does something lead elsewhere, as any dialect and any engine would say it?"""
    if isinstance(node, str):
        return name.endswith("url") and node[:5].lower() != "data:"
    if isinstance(node, dict):
        return any(_holds_url(value, key) for key, value in node.items())
    return isinstance(node, list) and any(_holds_url(item, name) for item in node)


def _leads_elsewhere(request: ChatRequest, place: Place) -> bool:
    parts = (part for message in request.messages for part in message.parts)
    return not place.capabilities.image_urls and any(
        part.url and part.url[:5].lower() != "data:" for part in parts if isinstance(part, ImagePart | FilePart)
    )
