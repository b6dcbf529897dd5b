"""Providers: reach a model. Three separate facts: wire dialect, connection, capability data.

    from volant.providers import names, sheet_of

registry  the `Provider` fact sheet, `@provider`, discovery
http      the HTTP/1.1 client that gateway and evals use (TCP, TLS, Unix sockets)
endpoint  a Target as an address and a request head
fetching  pictures and documents that callers give by URL, for providers that do not fetch
prices    what a token costs, dated (not imported by the gateway)
openai, anthropic, google, azure, bedrock, local, mock   one module each; a further provider is one more
presets   companies and engines that copy OpenAI's API, as data (docs/add-a-provider.md)
"""

from volant.providers.registry import Capabilities, Provider, Wire, find, names, provider, sheet_of

__all__ = ["Capabilities", "Provider", "Wire", "find", "names", "provider", "sheet_of"]
