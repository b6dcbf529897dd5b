"""Clients that stand on the SDKs: LangChain, the tool `llm`, and Codex's raw requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
import tiktoken
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel
from tests.clients import npm, settings
from tests.clients.asks import LONG, RESULTS, SAID
from tests.clients.brain import CACHED, INPUT, OUTPUT, vector
from tests.clients.conftest import Volant


# ---------------------------------------------------------------- LangChain
class Person(BaseModel):
    """A person."""

    name: str
    age: int


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return RESULTS["weather"]


@tool
def time(city: str) -> str:
    """The time in a city."""
    return RESULTS["time"]


def chain(volant: Volant, target: str, **more: Any) -> ChatOpenAI:
    return ChatOpenAI(
        base_url=volant.base_url("chat"), api_key=volant.key, model=settings.task(target), max_retries=0, **more
    )


@pytest.mark.parametrize("target", settings.TARGETS)
def test_langchain_chats_and_streams(target: str, volant: Volant) -> None:
    model = chain(volant, target, stream_usage=True)
    answer = model.invoke([SystemMessage("Be brief."), HumanMessage("who")])
    assert answer.content == "system: Be brief."
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["input_tokens"] == INPUT
    assert answer.usage_metadata["output_tokens"] == OUTPUT
    assert answer.usage_metadata["input_token_details"]["cache_read"] == CACHED
    chunks = list(model.stream(LONG))
    assert "".join(str(chunk.content) for chunk in chunks) == SAID
    assert len(chunks) > 3
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["total_tokens"] == INPUT + OUTPUT


@pytest.mark.parametrize("target", settings.TARGETS)
def test_langchain_calls_tools(target: str, volant: Volant) -> None:
    model = chain(volant, target).bind_tools([weather, time])
    asked: list[Any] = [HumanMessage('call weather {"city": "Zürich"}\ncall time {"city": "Oslo"}')]
    answer = model.invoke(asked)
    assert [(call["name"], call["args"]) for call in answer.tool_calls] == [
        ("weather", {"city": "Zürich"}),
        ("time", {"city": "Oslo"}),
    ]
    tools = {"weather": weather, "time": time}
    results = [
        ToolMessage(tools[call["name"]].invoke(call["args"]), tool_call_id=call["id"]) for call in answer.tool_calls
    ]
    last = model.invoke([*asked, answer, *results])
    assert last.content == "weather gave 21 degrees; time gave 12:00"
    streamed = None
    for chunk in model.stream(asked):
        streamed = chunk if streamed is None else streamed + chunk
    assert streamed is not None
    assert [call["args"] for call in streamed.tool_calls] == [{"city": "Zürich"}, {"city": "Oslo"}]


@pytest.mark.parametrize("target", settings.TARGETS)
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_langchain_reads_structured_answers(method: str, target: str, volant: Volant) -> None:
    asked = "say hello" if method == "json_schema" else 'call Person {"name": "Ada", "age": 36}'
    got = chain(volant, target).with_structured_output(Person, method=method).invoke(asked)
    assert got in (Person(name="Ada", age=36),) or method == "function_calling", got
    assert isinstance(got, Person)


@pytest.mark.parametrize("target", ["openai", "azure", "compatible", "gemini"])
def test_langchain_embeds(target: str, volant: Volant) -> None:
    embeddings = OpenAIEmbeddings(
        base_url=volant.base_url("chat"),
        api_key=volant.key,
        model=settings.task(target),
        check_embedding_ctx_length=False,
        max_retries=0,
    )
    assert embeddings.embed_documents(["one", "two"]) == [vector("one", 8), vector("two", 8)]
    assert embeddings.embed_query("one") == vector("one", 8)


class _Bytes:
    """In place of tiktoken's tables, which are fetched from a network: every byte is a token."""

    @staticmethod
    def encoding(name: str) -> tiktoken.Encoding:
        ranks = {bytes([one]): one for one in range(256)}
        return tiktoken.Encoding(name, pat_str=r"(?s).+", mergeable_ranks=ranks, special_tokens={})


@pytest.mark.parametrize("target", ["openai", "azure", "compatible", "gemini"])
def test_langchain_embeds_tokens_unless_told_otherwise(
    target: str, volant: Volant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cuts texts up by itself and sends token ids: every server of OpenAI's kind takes them, Gemini none."""
    monkeypatch.setattr(tiktoken, "encoding_for_model", _Bytes.encoding)
    monkeypatch.setattr(tiktoken, "get_encoding", _Bytes.encoding)
    embeddings = OpenAIEmbeddings(
        base_url=volant.base_url("chat"), api_key=volant.key, model=settings.task(target), max_retries=0
    )
    if target == "gemini":
        with pytest.raises(openai.BadRequestError, match="it takes texts, not token ids"):
            embeddings.embed_documents(["one"])
        return
    assert embeddings.embed_documents(["ab", "c"]) == [vector("tokens:97,98", 8), vector("tokens:99", 8)]


@pytest.mark.parametrize("target", settings.TARGETS)
def test_completions_of_tokens(target: str, volant: Volant) -> None:
    with openai.OpenAI(base_url=volant.base_url("chat"), api_key=volant.key, max_retries=0) as client:
        if target in ("openai", "azure", "compatible"):
            answer = client.completions.create(model=settings.task(target), prompt=list(b"say hello"))
            assert answer.choices[0].text == "hello"
            return
        with pytest.raises(openai.BadRequestError, match="token ids") as caught:
            client.completions.create(model=settings.task(target), prompt=list(b"say hello"))
        assert caught.value.param is None or "prompt" in caught.value.message


# ---------------------------------------------------------------- Azure's clients
@pytest.fixture(scope="module")
def by_azure(volant: Volant) -> Iterator[openai.AzureOpenAI]:
    with openai.AzureOpenAI(
        azure_endpoint=volant.server.url, api_key=volant.key, api_version="2024-10-21", max_retries=0
    ) as client:
        yield client


@pytest.mark.parametrize("target", settings.TARGETS)
def test_azures_client_asks_by_deployment(target: str, by_azure: openai.AzureOpenAI) -> None:
    """Its paths name the deployment, which is a task here; its key stands in `api-key`."""
    task = settings.task(target)
    messages: Any = [{"role": "user", "content": LONG}]
    whole = by_azure.chat.completions.create(model=task, messages=messages)
    assert whole.choices[0].message.content == SAID
    pieces = by_azure.chat.completions.create(model=task, messages=messages, stream=True)
    assert "".join(one.choices[0].delta.content or "" for one in pieces if one.choices) == SAID
    assert by_azure.responses.create(model=task, input=LONG).output_text == SAID
    assert by_azure.completions.create(model=task, prompt=LONG, max_tokens=2000).choices[0].text == SAID


@pytest.mark.parametrize("target", ["openai", "azure", "compatible", "gemini"])
def test_azures_client_embeds(target: str, by_azure: openai.AzureOpenAI) -> None:
    answer = by_azure.embeddings.create(model=settings.task(target), input=["one", "two"])
    assert [one.embedding for one in answer.data] == [vector("one", 8), vector("two", 8)]


def test_azures_client_lists_and_is_refused(volant: Volant, by_azure: openai.AzureOpenAI) -> None:
    assert settings.task("openai") in {one.id for one in by_azure.models.list()}
    messages: Any = [{"role": "user", "content": "say hello"}]
    with pytest.raises(openai.NotFoundError, match="no-such-task"):
        by_azure.chat.completions.create(model="no-such-task", messages=messages)
    stranger = openai.AzureOpenAI(
        azure_endpoint=volant.server.url, api_key="vk_nobody", api_version="2024-10-21", max_retries=0
    )
    with stranger, pytest.raises(openai.AuthenticationError):
        stranger.chat.completions.create(model="at-openai", messages=messages)


# ---------------------------------------------------------------- llm
@pytest.fixture(scope="module")
def llm_home(volant: Volant, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tool `llm`, told of Volant's tasks as its manual says."""
    home = tmp_path_factory.mktemp("llm")
    lines = [
        f"- model_id: {name}-by-volant\n  model_name: {name}\n  api_base: {volant.base_url('chat')}\n"
        "  api_key_name: volant\n  supports_tools: true\n  supports_schema: true\n"
        for name in (settings.task(target) for target in settings.TARGETS)
    ]
    (home / "extra-openai-models.yaml").write_text("\n".join(lines))
    (home / "keys.json").write_text(json.dumps({"volant": volant.key}))
    return home


def llm(home: Path, *words: str) -> str:
    environment = dict(os.environ) | {"LLM_USER_PATH": str(home)}
    command = [str(Path(sys.executable).with_name("llm")), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("target", settings.TARGETS)
def test_llm_streams(target: str, llm_home: Path) -> None:
    assert llm(llm_home, "-m", f"{settings.task(target)}-by-volant", LONG) == SAID


@pytest.mark.parametrize("target", ["openai", "anthropic", "gemini"])
def test_llm_asks_for_a_schema(target: str, llm_home: Path) -> None:
    said = llm(llm_home, "-m", f"{settings.task(target)}-by-volant", "--schema", "name, age int", "say hello")
    assert json.loads(said) == {"name": "Ada", "age": 36}


def test_llm_without_a_stream_and_with_a_system_prompt(llm_home: Path) -> None:
    said = llm(llm_home, "-m", "at-anthropic-by-volant", "--no-stream", "-s", "Be brief.", "who")
    assert said == "system: Be brief."


# ---------------------------------------------------------------- Codex
def codex(prompt: str, model: str, **more: Any) -> dict[str, Any]:
    """A request as the Codex CLI writes it: stateless, streamed, with tools and a cache key."""
    return {
        "model": model,
        "instructions": "You are Codex.",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": prompt}]}],
        "tools": [
            {
                "type": "function",
                "name": "shell",
                "description": "Runs a command",
                "strict": False,
                "parameters": {
                    "type": "object",
                    "properties": {"command": {"type": "array", "items": {"type": "string"}}},
                    "required": ["command"],
                    "additionalProperties": False,
                },
            }
        ],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "session-1",
    } | more


def events_of(volant: Volant, body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream, each with the name on its event line."""
    headers = {"authorization": f"Bearer {volant.key}", "accept": "text/event-stream", "originator": "codex_cli_rs"}
    found = []
    with httpx2.stream("POST", f"{volant.base_url('responses')}/responses", headers=headers, json=body) as answer:
        text = "".join(answer.iter_text())
        assert answer.status_code == 200, text
        assert answer.headers["content-type"].startswith("text/event-stream")
    for block in text.strip().split("\n\n"):
        lines = dict(line.partition(": ")[::2] for line in block.splitlines())
        found.append((lines["event"], json.loads(lines["data"])))
    return found


@pytest.mark.parametrize("target", settings.TARGETS)
def test_codex_runs_a_turn_with_a_tool(target: str, volant: Volant) -> None:
    body = codex('call shell {"command": ["ls", "-l"]}', settings.task(target))
    events = events_of(volant, body)
    assert [name for name, _ in events] == [data["type"] for _, data in events]
    assert [data["sequence_number"] for _, data in events] == list(range(len(events)))
    assert events[0][0] == "response.created"
    assert events[-1][0] == "response.completed"
    done = [data["item"] for name, data in events if name == "response.output_item.done"]
    call = next(item for item in done if item["type"] == "function_call")
    assert (call["name"], json.loads(call["arguments"])) == ("shell", {"command": ["ls", "-l"]})
    assert events[-1][1]["response"]["output"] == done
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "total 0"}
    body["input"] += [*done, result]
    events = events_of(volant, body)
    said = "".join(data["delta"] for name, data in events if name == "response.output_text.delta")
    assert said == "shell gave total 0"
    assert events[-1][1]["response"]["usage"]["input_tokens"] == INPUT


# ---------------------------------------------------------------- npm, beside chats
ONE, TWO = vector("one", 8), vector("two", 8)
NPM: dict[str, tuple[str, str, str, dict[str, Any], dict[str, Any]]] = {  # client, door, task, ask, told
    **{
        f"{client} embeds at {target}": (
            client, door, settings.task(target),
            {"operation": "embed", "texts": ["one", "two"]}, {"vectors": [ONE, TWO]},
        )
        for client, door in (("other-openai", "chat"), ("other-vercel-openai", "chat"),
                             ("other-genai", "gemini"), ("other-vercel-google", "gemini"))
        for target in ("openai", "azure", "compatible", "gemini")
        if (client, target) != ("other-genai", "gemini")  # which joins the texts for a model called so
    },
    **{
        f"{client} counts at {target}": (
            client, door, settings.task(target), {"operation": "count", "texts": ["say hello"]}, {"tokens": INPUT}
        )
        for client, door in (("other-anthropic", "anthropic"), ("other-genai", "gemini"))
        for target in ("anthropic", "gemini")
    },
    **{
        f"other-openai completes at {target}": (
            "other-openai", "chat", settings.task(target),
            {"operation": "completions", "texts": ["say hello"]}, {"text": "hello"},
        )
        for target in settings.TARGETS
    },
    **{
        f"other-azure answers at {target}": (
            "other-azure", "root", settings.task(target), {"operation": "chat", "texts": ["say hello"]},
            {"text": "hello"},
        )
        for target in settings.TARGETS
    },
    "other-azure embeds": (
        "other-azure", "root", "at-openai", {"operation": "embed", "texts": ["one", "two"]}, {"vectors": [ONE, TWO]},
    ),
    "other-openai moderates": (
        "other-openai", "chat", "at-openai", {"operation": "moderations", "texts": ["I hate you", "good morning"]},
        {"flagged": [True, False]},
    ),
}  # fmt: skip
LISTS = {"other-openai": ("chat", ""), "other-anthropic": ("anthropic", ""), "other-genai": ("gemini", "models/")}


@pytest.fixture(scope="module")
def by_npm(volant: Volant) -> dict[str, Any]:
    npm.installed()
    plan = [
        npm.Planned(name, client, volant.base_url(door), volant.key, model, ask)
        for name, (client, door, model, ask, _) in NPM.items()
    ]
    plan += [
        npm.Planned(client, client, volant.base_url(door), volant.key, "", {"operation": "models"})
        for client, (door, _) in LISTS.items()
    ]
    return npm.run_plainly(plan)


@pytest.mark.parametrize("name", NPM)
def test_npm_beside_chats(name: str, by_npm: dict[str, Any]) -> None:
    got = by_npm[name]
    wanted = NPM[name][4]
    assert {field: got.get(field) for field in wanted} == wanted, got


@pytest.mark.parametrize("client", LISTS)
def test_npm_lists_models(client: str, by_npm: dict[str, Any]) -> None:
    prefix = LISTS[client][1]
    assert {f"{prefix}{settings.task(target)}" for target in settings.TARGETS} <= set(by_npm[client]["models"])
