"""Media: what a request names by URL, fetched where the place that is asked would not fetch it.

Knows when to look; who fetches, and from where not, is `providers.fetching`. What came is kept with the request, so
that the next place costs no second fetch. A request that is relayed is looked into only where its place sees no URLs
of pictures: any other provider gets what its own dialect says, as it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from volant.core.chat import ChatRequest
from volant.gateway.body import Asked
from volant.gateway.call import Job
from volant.gateway.plan import Place
from volant.providers.fetching import Fetch, Media, inline_media


async def with_media(job: Job, place: Place, fetch: Fetch) -> Job:
    """The job with its URLs' content in their place, as far as `place` does not fetch. Else the job as it is.

    Raises BadInput for a URL that may not or cannot be fetched; another place may take it.
    """
    asked = job.asked
    request = job.edited or asked.known()
    if request is None:  # its place may understand it
        return job

    async def once(urls: Iterable[str]) -> Mapping[str, Media]:
        if missing := [url for url in urls if url not in asked.media]:
            asked.media |= await fetch(missing)
        return asked.media

    inlined = await inline_media(request, place.capabilities, once)
    return job if inlined is request else msgspec.structs.replace(job, edited=inlined)


def may_name_urls(asked: Asked, place: Place, edited: ChatRequest | None) -> bool:
    """Is it worth a look? Quick, for every request."""
    able, entrance = place.capabilities, asked.entrance
    if entrance.operation not in ("chat", "count_tokens") or (able.image_urls and able.file_urls):
        return False
    way = place.way(entrance.kind)
    if edited is None and way is not None and way.wire.dialect == entrance.dialect:
        return not able.image_urls and b"image" in asked.raw and b"http" in asked.raw
    return way is not None
