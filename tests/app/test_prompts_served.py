"""Prompts end to end: OpenAI's client sends variables, a moved label is heard at once, `why` names the version."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from volant.cli.client import Client
from volant.core.errors import VolantError

PROMPT = {
    "name": "desk",
    "messages": [{"role": "system", "template": "Help {{ name }}. echo=1"}, {"role": "placeholder"},
                 {"role": "user", "template": "One: {{ name }}"}],
    "variables": {"name": {}},
    "labels": ["production"],
}  # fmt: skip
KINDER = {**PROMPT, "labels": [], "comment": "kinder", "messages": [
    {"role": "system", "template": "echo=1"}, {"role": "placeholder"}, {"role": "user", "template": "Two: {{ name }}"},
]}  # fmt: skip


@pytest.fixture
def upstream() -> Iterator[str]:
    """The stand-in provider in a process of its own; it echoes the last message."""
    command = [sys.executable, "-m", "volant.providers.mock", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    process.communicate(timeout=30)


def until(holds: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while True:
        try:
            found = holds()
        except (VolantError, openai.APIError):
            found = None
        if found:
            return found
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def test_a_moved_label_is_heard_by_a_running_gateway_and_why_names_the_version(
    start_server: Any, upstream: str, request: pytest.FixtureRequest
) -> None:
    server = start_server()
    control = Client(server.url, server.key)
    control.post("/api/v1/prompts", PROMPT)
    control.post("/api/v1/prompts", KINDER)
    deployment = {"name": "d", "provider": "mock", "model": "m", "base_url": upstream}
    variant = {"name": "v", "deployments": ["d"], "prompt": "desk@production"}
    documents = {"deployments": [deployment], "tasks": [{"name": "helpdesk", "variants": [variant]}]}
    control.post("/api/v1/documents/apply", documents)
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0)
    request.addfinalizer(client.close)

    def ask(name: str = "Ann") -> tuple[str, str]:
        answer = client.chat.completions.with_raw_response.create(
            model="helpdesk",
            messages=[{"role": "user", "content": "where is my card?"}],
            extra_body={"volant": {"variables": {"name": name}}},
        )
        return answer.parse().choices[0].message.content or "", answer.headers["x-volant-inference-id"]

    assert until(ask)[0] == "One: Ann"
    control.ask("PUT", "/api/v1/prompts/desk/labels/production", {"version": "2", "comment": "kinder"})
    until(lambda: ask()[0] == "Two: Ann")  # a second as it is designed, later on a busy machine
    said, inference = ask("{{ name }}")
    assert said == "Two: {{ name }}"

    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="helpdesk", messages=[{"role": "user", "content": "x"}])
    assert (caught.value.code, "'name'" in caught.value.message) == ("prompt_variable_missing", True)

    chain = until(lambda: control.get(f"/api/v1/why/{inference}"))
    version = next(node for node in chain["root"]["children"] if node["kind"] == "variant")["children"][0]
    assert version["kind"] == "prompt_version"
    assert "Prompt desk@2 was rendered" in version["sentence"]
    found = control.get(f"/api/v1/inferences/{inference}")["inference"]
    assert found["prompt_version_id"] == version["id"]
    payload = control.get(f"/api/v1/inferences/{inference}/payload")
    assert payload["input"]["volant"] == {"variables": {"name": "{{ name }}"}}
    assert payload["input"]["messages"][-1]["content"] == "Two: {{ name }}"
    everything = b"".join(place.read_bytes() for place in server.data.rglob("*") if place.is_file())
    assert b"where is my card" not in everything
