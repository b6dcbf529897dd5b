"""Gemini's log-probabilities: logprobsResult, to and from the words of `core.chat` (OpenAI's)."""

from __future__ import annotations

from typing import Any

from volant.dialects.fields import Json, listed, want


def from_logprobs_result(result: Json) -> Json:
    """`{"content": [{token, logprob, bytes, top_logprobs}]}`. Raises BadInput `invalid_field`."""
    chosen = listed(result.get("chosenCandidates"), "logprobsResult.chosenCandidates")
    tops = listed(result.get("topCandidates"), "logprobsResult.topCandidates")
    content = []
    for at, token in enumerate(chosen):
        top = want(tops[at], dict, "logprobsResult.topCandidates").get("candidates") if at < len(tops) else None
        others = [_token(one) for one in listed(top, "logprobsResult.topCandidates.candidates")]
        content.append({**_token(token), "top_logprobs": others})
    return {"content": content}


def _token(raw: object) -> Json:
    one = want(raw, dict, "logprobsResult")
    token = str(one.get("token") or "")
    return {"token": token, "logprob": float(one.get("logProbability") or 0.0), "bytes": list(token.encode())}


def to_logprobs_result(logprobs: Any) -> Json | None:
    """logprobsResult; None where there are none."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not content:
        return None
    return {
        "chosenCandidates": [_theirs(one) for one in content],
        "topCandidates": [{"candidates": [_theirs(top) for top in one.get("top_logprobs") or ()]} for one in content],
    }


def _theirs(one: Json) -> Json:
    return {"token": one.get("token", ""), "logProbability": one.get("logprob", 0.0)}
