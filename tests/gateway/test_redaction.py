"""Redaction of payloads: every text a person wrote, and nothing of the structure."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.dialects.data_urls import document_of
from volant.dialects.openai_reading import Reading
from volant.gateway.redaction import redact_payload
from volant.gateway.validity import fault_of

pytestmark = pytest.mark.anyio


async def _blank(texts: list[str]) -> list[str]:
    return [text.replace("SECRET", "[X]") for text in texts]


async def test_texts_are_blanked_wherever_they_stand() -> None:
    payload = {
        "model": "SECRET-model",  # structure: a model's name is not a person's
        "messages": [
            {"role": "user", "content": "a SECRET", "name": "SECRET"},
            {"role": "user", "content": [{"type": "text", "text": "b SECRET"}]},
            {"role": "assistant", "tool_calls": [{"id": "SECRET", "function": {"name": "f", "arguments": "SECRET"}}]},
        ],
        "user": "SECRET",
        "metadata": {"id": "SECRET", "model": "SECRET"},
        "prediction": {"content": "SECRET"},
        "temperature": 0.5,
    }
    blanked = json.loads(await redact_payload(json.dumps(payload).encode(), _blank))
    assert blanked["model"] == "SECRET-model"
    assert blanked["messages"][0] == {"role": "user", "content": "a [X]", "name": "[X]"}
    assert blanked["messages"][1]["content"][0]["text"] == "b [X]"
    assert blanked["messages"][2]["tool_calls"][0]["function"]["arguments"] == "[X]"
    assert blanked["user"] == "[X]"
    assert blanked["metadata"] == {"id": "[X]", "model": "[X]"}
    assert blanked["prediction"] == {"content": "[X]"}
    assert blanked["temperature"] == 0.5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="SECRT ab"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet="abc"), inner, max_size=4),
)


@given(JSON)
def test_shape_stays_and_no_secret_is_left(tree: Any) -> None:
    import asyncio

    blanked = json.loads(asyncio.run(redact_payload(msgspec.json.encode(tree), _blank)))
    assert "SECRET" not in json.dumps(blanked)
    assert blanked == json.loads(json.dumps(tree).replace("SECRET", "[X]"))


async def test_what_cannot_be_read_is_not_kept() -> None:
    for payload in (b"SECRET not json", b'{"a": "SECRET', b"\xff\xfe"):
        assert b"SECRET" not in await redact_payload(payload, _blank)
    assert await redact_payload(b"", _blank) == b""


@pytest.mark.parametrize(
    ("reading", "json_wanted", "fault"),
    [
        (None, False, "invalid_output"),
        (Reading(content=""), False, "invalid_output"),
        (Reading(content=" \n\t"), False, "invalid_output"),
        (Reading(content="words"), False, ""),
        (Reading(content="words"), True, "invalid_output"),
        (Reading(content='{"a": 1}'), True, ""),
        (Reading(content='{"a": 1'), True, "invalid_output"),
        (Reading(content="", calls_tools=True), True, ""),
        (Reading(content="", refused=True), False, ""),
    ],
)
async def test_validity(reading: Reading | None, json_wanted: bool, fault: str) -> None:
    assert fault_of(reading, json=json_wanted) == fault


@pytest.mark.parametrize(
    "url",
    [
        "data:text/plain;base64,YSBTRUNSRVQ=",
        "data:text/plain;base64,YSBT\nRUNSRVQ",
        "DATA:text/csv;charset=utf-8,a%20SECRET",
        "data:application/json;base64,YSBTRUNSRVQ=",
        "data:,a SECRET",
    ],
)
async def test_documents_of_text_are_blanked_too(url: str) -> None:
    part = {"type": "file", "file": {"filename": "a.txt", "file_data": url}}
    blanked = json.loads(await redact_payload(json.dumps([part]).encode(), _blank))
    document = document_of(blanked[0]["file"]["file_data"])
    assert document is not None
    assert document[1] == "a [X]"
    picture = [{"image_url": {"url": "data:image/png;base64,YSBTRUNSRVQ="}}, "data:text/plain;base64,YSBi"]
    assert json.loads(await redact_payload(json.dumps(picture).encode(), _blank)) == picture
