"""Log-probabilities from providers: as OpenAI's chat completions have them, which is how `core.chat` keeps them."""

from __future__ import annotations

from volant.dialects.fields import Json, listed, number, want


def checked(raw: object, path: str) -> Json | None:
    """As they came, every token of them with its text. Raises BadInput `invalid_field`."""
    if raw is None:
        return None
    said = want(raw, dict, path)
    for at, one in enumerate(listed(said.get("content"), f"{path}.content")):
        here = f"{path}.content[{at}]"
        for top in (one, *listed(want(one, dict, here).get("top_logprobs"), f"{here}.top_logprobs")):
            token = want(top, dict, here)
            want(token.get("token"), str, f"{here}.token")
            number(token.get("logprob"), f"{here}.logprob")
    return said
