"""Prompting: a prompt rendered around the caller's messages, by a real gateway; and what a canary's prompt may do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openai
import pytest
from gateway_stack import BUDGET, HELLO, KEY, Stack, task
from hypothesis import given
from hypothesis import strategies as st

from volant.core.nouns import BoundPrompt, PromptMessage, PromptVariable, Split, TaskSpec, VariantSpec
from volant.core.prompts import body_hash
from volant.gateway import body
from volant.gateway.plan import compile_plans

SYSTEM = "Help {{ name }}{% if plan %} on plan {{ plan }}{% endif %}."
NAME = {"name": PromptVariable(), "plan": PromptVariable(required=False)}


def bound(*messages: tuple[str, str], number: int = 1, **variables: PromptVariable) -> BoundPrompt:
    spoken = tuple(PromptMessage(role=role, template=text) for role, text in messages)  # type: ignore[arg-type]
    label = f"helpdesk@{number}"
    return BoundPrompt(
        version_id=f"prv_{number}", label=label, hash=body_hash(spoken, variables), messages=spoken, variables=variables
    )


def prompted(name: str = "help", prompt: str = "helpdesk@production", **more: Any) -> TaskSpec:
    variant = VariantSpec(name="v1", deployments=("main",), prompt=prompt)
    return TaskSpec(name=name, variants=(variant, *more.pop("further", ())), **more)


def begin(stack: Stack, *prompts: BoundPrompt, **more: Any) -> None:
    stack.add_mock("main")
    names = ("helpdesk@production", "helpdesk@next")
    held = {"default": dict(zip(names, prompts, strict=False))}
    stack.publish([more.pop("spec", prompted())], [stack.target("main")], prompts=held, **more)
    stack.start()


def upstream(stack: Stack, name: str = "main") -> Any:
    return json.loads(stack.mocks[name].last_body)


# ---------------------------------------------------------------- what the model sees
def test_the_prompt_stands_around_the_callers_messages_and_the_record_says_so(stack: Stack) -> None:
    prompt = bound(("system", SYSTEM), ("placeholder", ""), ("user", "In {{ name }}'s words?"), **NAME)
    begin(stack, prompt)
    answer = stack.client().chat.completions.with_raw_response.create(
        model="help",
        messages=[{"role": "user", "content": "where is my card?"}],
        extra_body={"volant": {"variables": {"name": "{{ Ann }} \"'<&>"}, "tags": {"item": "i"}}},
    )
    said = [
        {"role": "system", "content": "Help {{ Ann }} \"'<&>."},
        {"role": "user", "content": "where is my card?"},
        {"role": "user", "content": "In {{ Ann }} \"'<&>'s words?"},
    ]
    assert upstream(stack)["messages"] == said
    assert "volant" not in upstream(stack)
    assert answer.headers["x-volant-prompt"] == "helpdesk@1"
    record = stack.records(1)[0]
    assert record.prompt_version_id == "prv_1"
    assert json.loads(record.input)["messages"] == said
    assert json.loads(record.input)["volant"] == {"variables": {"name": "{{ Ann }} \"'<&>"}}


def test_streams_and_empty_messages_are_rendered_too(stack: Stack) -> None:
    begin(stack, bound(("user", "Say {{ name }}."), **NAME))
    stream = stack.client().chat.completions.create(
        model="help", messages=[], stream=True, extra_body={"volant": {"variables": {"name": "hello"}}}
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert upstream(stack)["messages"] == [{"role": "user", "content": "Say hello."}]


@pytest.mark.parametrize(
    ("variables", "code", "says"),
    [
        ({}, "prompt_variable_missing", "'name'"),
        ({"name": "A", "naem": "B"}, "prompt_variable_unknown", "'naem'"),
        ({"name": 7}, "prompt_variable_invalid", "must be of type string, not number"),
        ({"name": "x" * 100_001}, "prompt_variable_invalid", "100000 are the most"),
    ],
)
def test_wrong_variables_are_a_400_in_openais_shape(
    stack: Stack, variables: dict[str, Any], code: str, says: str
) -> None:
    begin(stack, bound(("system", SYSTEM), **NAME))
    with pytest.raises(openai.BadRequestError) as caught:
        stack.client().chat.completions.create(
            model="help", messages=[], extra_body={"volant": {"variables": variables}}
        )
    assert caught.value.code == code
    assert says in caught.value.message
    assert stack.mocks["main"].stats["requests"] == 0


def test_variables_without_a_prompt_are_refused_and_a_prompt_that_is_gone_says_so(stack: Stack) -> None:
    stack.add_mock("main")
    stack.publish([task("plain", ["main"]), prompted("lost", "gone@1")], [stack.target("main")])
    stack.start()
    status, said, _ = stack.chat({**HELLO, "model": "plain", "volant": {"variables": {"a": 1}}})
    assert (status, said["error"]["code"]) == (400, "prompt_variable_unknown")
    assert stack.chat({**HELLO, "model": "plain", "volant": {"variables": {}}})[0] == 200
    status, said, _ = stack.chat({**HELLO, "model": "lost"})
    assert (status, said["error"]["code"]) == (503, "prompt_unusable")
    assert "gone@1" in said["error"]["message"]


def test_a_moved_label_is_heard_without_a_restart(stack: Stack) -> None:
    begin(stack, bound(("system", "One.")))
    assert stack.chat(HELLO)[0] == 200
    assert upstream(stack)["messages"][0]["content"] == "One."
    held = {"default": {"helpdesk@production": bound(("system", "Two."), number=2)}}
    stack.publish([prompted()], [stack.target("main")], prompts=held)
    _, _, headers = stack.chat(HELLO)
    assert upstream(stack)["messages"][0]["content"] == "Two."
    assert headers["x-volant-prompt"] == "helpdesk@2"
    assert [record.prompt_version_id for record in stack.records(2)] == ["prv_1", "prv_2"]


# ---------------------------------------------------------------- rollouts
def _canary(stack: Stack, candidate: BoundPrompt, mode: str = "canary") -> None:
    second = VariantSpec(name="v2", deployments=("second",), prompt="helpdesk@next")
    spec = prompted(further=(second,))
    stack.add_mock("main")
    stack.add_mock("second")
    split = Split(rollout_id="rol_1", candidate="v2", share=1.0, mode=mode, salt="s")  # type: ignore[arg-type]
    held = {"default": {"helpdesk@production": bound(("system", SYSTEM), **NAME), "helpdesk@next": candidate}}
    stack.publish([spec], [stack.target("main"), stack.target("second")], prompts=held, splits={"help": split})
    stack.start()


def test_a_candidates_prompt_may_ask_for_more_and_callers_may_give_it_before(stack: Stack) -> None:
    _canary(stack, bound(("system", "For {{ tone }}."), number=2, tone=PromptVariable()))
    ok = {**HELLO, "volant": {"variables": {"name": "Ann", "tone": "kind"}}}
    assert stack.chat(ok)[0] == 200
    assert upstream(stack, "second")["messages"][0]["content"] == "For kind."
    assert stack.chat({**HELLO, "volant": {"variables": {"name": "Ann"}}})[0] == 200, "live answers for it"
    assert upstream(stack)["messages"][0]["content"] == "Help Ann."
    first, second = stack.records(2)
    assert (first.prompt_version_id, first.canary_failed) == ("prv_2", False)
    assert (second.prompt_version_id, second.canary_failed, second.fallback) == ("prv_1", True, True)


def test_a_shadow_whose_prompt_cannot_be_rendered_is_a_failed_copy(stack: Stack) -> None:
    _canary(stack, bound(("system", "For {{ tone }}."), number=2, tone=PromptVariable()), "shadow")
    assert stack.chat({**HELLO, "volant": {"variables": {"name": "Ann"}}})[0] == 200
    records = {record.arm: record for record in stack.records(2)}
    assert (records["shadow"].canary_failed, records["shadow"].error_code) == (True, "prompt_variable_missing")
    assert (records["live"].status, records["live"].prompt_version_id) == (200, "prv_1")
    assert stack.mocks["second"].stats["requests"] == 0


# ---------------------------------------------------------------- money, privacy, slimness
def test_a_budget_counts_what_the_prompt_adds(stack: Stack) -> None:
    stack.add_mock("main")
    target = stack.target("main", usd_per_input_token=0.001)
    held = {"default": {"helpdesk@production": bound(("system", "{{ name }}"), **NAME)}}
    stack.publish([prompted()], [target], prompts=held)
    stack.control.budget_usd = 5.0
    stack.start()
    small = stack.chat({**HELLO, "volant": {"variables": {"name": "A"}}}, key=BUDGET)
    large = stack.chat({**HELLO, "volant": {"variables": {"name": "A" * 20_000}}}, key=BUDGET)
    assert (small[0], large[0]) == (200, 429)


def test_what_redaction_blanks_it_blanks_in_variables_of_any_name(stack: Stack) -> None:
    prompt = bound(("system", "Mail: {{ id }}"), id=PromptVariable())
    begin(stack, prompt, spec=prompted(redact=True))
    said = {**HELLO, "volant": {"variables": {"id": "jane@example.com"}}}
    assert stack.chat(said, key=KEY)[0] == 200
    record = stack.records(1)[0]
    assert b"jane@example.com" not in record.input
    assert set(json.loads(record.input)["volant"]["variables"]) == {"id"}


def test_a_gateway_without_prompts_never_loads_jinja(stack: Stack) -> None:
    stack.simple()
    stack.start()
    assert stack.chat(HELLO)[0] == 200
    assert stack.process is not None
    maps = Path(f"/proc/{stack.process.pid}/maps").read_text()
    assert "markupsafe" not in maps
    held = {"default": {"helpdesk@production": bound(("system", "One."))}}
    stack.publish([prompted()], [stack.target("main")], prompts=held)
    assert "markupsafe" in Path(f"/proc/{stack.process.pid}/maps").read_text(), "this test can fail"


# ---------------------------------------------------------------- pure
@given(st.lists(st.fixed_dictionaries({"role": st.just("user"), "content": st.text()}), max_size=3), st.text())
def test_messages_are_put_together_as_json(messages: list[dict[str, str]], text: str) -> None:
    raw = json.dumps(messages, indent=1).encode()
    part = json.dumps({"role": "system", "content": text}).encode()
    for before, after in ((part, b""), (b"", part), (part, part), (b"", b"")):
        made = json.loads(bytes(body._between(before, after, raw)))
        assert made == [*([json.loads(before)] if before else []), *messages, *([json.loads(after)] if after else [])]


def test_templates_are_compiled_once_and_forgotten_with_their_last_use() -> None:
    from volant.core.nouns import Route, Snapshot

    def snapshot(*prompts: BoundPrompt) -> Snapshot:
        held = {f"helpdesk@{number}": one for number, one in enumerate(prompts, 1)}
        variants = tuple(VariantSpec(name=name, deployments=(), prompt=name) for name in held)
        spec = TaskSpec(name="t", variants=variants)
        return Snapshot(
            revision=1, config_hash="", routes={"p": {"t": Route(task=spec, live=variants[0].name)}}, targets={},
            keys={}, subject_keys={}, prompts={"p": held},
        )  # fmt: skip

    templates: dict[str, Any] = {}
    one, two = bound(("system", "One.")), bound(("system", "Two."), number=2)
    compile_plans(snapshot(one, two), {}, templates)
    kept = templates[one.hash]
    assert len(templates) == 2
    plans = compile_plans(snapshot(one), {}, templates)
    assert templates == {one.hash: kept}
    assert plans.tasks["p"]["t"].live.prompt is not None
    assert plans.tasks["p"]["t"].live.prompt.compiled is kept
