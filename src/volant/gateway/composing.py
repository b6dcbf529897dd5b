"""Composing: a request with what its variant adds, in normalised words. Pure.

The variant's parameters stand in the words of chat completions; they count where the caller said nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from volant.core.chat import ChatRequest, Sampling
from volant.dialects.openai_chat import parse_request
from volant.gateway.plan import VariantPlan

_ENCODER = msgspec.json.Encoder()


def composed(request: ChatRequest, variant: VariantPlan) -> ChatRequest:
    """The request with what the variant adds: parameters where the caller said nothing, system message or prompt."""
    if variant.defaults:
        request = _merged(request, basis_of(variant))
    if variant.said is not None:
        before, after = (_messages(part) for part in variant.said)
        request = msgspec.structs.replace(request, messages=(*before, *request.messages, *after))
    elif variant.system:
        request = msgspec.structs.replace(request, messages=(*_messages(variant.system), *request.messages))
    return request


def basis_of(variant: VariantPlan) -> ChatRequest:
    """The variant's parameters, read once as a request that says nothing else."""
    if variant.basis is None:
        fields: dict[str, Any] = {**variant.defaults, "model": "", "messages": []}
        variant.basis = parse_request(_ENCODER.encode(fields))
    return variant.basis


def _merged(request: ChatRequest, basis: ChatRequest) -> ChatRequest:
    """`request`, and where it says nothing `basis`."""
    sampling = {
        name: value if (value := getattr(request.sampling, name)) not in (None, ()) else getattr(basis.sampling, name)
        for name in Sampling.__struct_fields__
    }
    names = ("tools", "tool_choice", "parallel_tool_calls", "output_format", "reasoning", "user", "metadata")
    others = {name: getattr(request, name) or getattr(basis, name) for name in names}
    if request.parallel_tool_calls is not None:
        others["parallel_tool_calls"] = request.parallel_tool_calls
    return msgspec.structs.replace(request, sampling=Sampling(**sampling), **others)


def _messages(fragment: bytes) -> tuple[Any, ...]:
    """Messages of JSON without the brackets around them."""
    return parse_request(b'{"model":"","messages":[%b]}' % fragment).messages if fragment else ()
