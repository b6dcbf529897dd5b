"""Dialects are found by name, once, and an unknown name says which there are."""

from __future__ import annotations

import pytest

from volant.core.errors import NotFound
from volant.dialects import find, find_embeddings
from volant.dialects.dialect import Dialect


def test_a_dialect_is_found_once() -> None:
    chat = find("openai_chat")
    assert isinstance(chat, Dialect)
    assert chat.name == "openai_chat"
    assert find("openai_chat") is chat


def test_an_unknown_dialect_names_those_that_exist() -> None:
    with pytest.raises(NotFound, match="nobody") as caught:
        find("nobody")
    assert "openai_chat" in caught.value.hint
    with pytest.raises(NotFound) as caught:
        find_embeddings("openai_chat")
    assert "gemini" in caught.value.hint
