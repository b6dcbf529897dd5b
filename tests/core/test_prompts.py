"""Prompts: references, what can be saved, and which variables render."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.errors import BadInput
from volant.core.nouns import PromptMessage, PromptVariable
from volant.core.prompts import Said, body_hash, check_body, check_label, complete, parse_reference

TEXT = st.text(max_size=200)


def messages(*texts: str) -> tuple[PromptMessage, ...]:
    return tuple(
        PromptMessage(role="user", template=text) if text else PromptMessage(role="placeholder") for text in texts
    )


def says(text: str, variables: dict[str, PromptVariable], **given: Any) -> str:
    return check_body(messages(text), variables).compiled.render(given).before[0]["content"]


# ---------------------------------------------------------------- references
def test_references_say_prompt_and_version() -> None:
    assert parse_reference("helpdesk@3") == ("helpdesk", 3, "")
    assert parse_reference("help-desk.v2@production") == ("help-desk.v2", 0, "production")
    assert str(parse_reference("a@latest")) == "a@latest"


@pytest.mark.parametrize(
    "text", ["", "a", "a@", "@3", "a@0", "a@-1", "A@3", "a b@3", "a@3@4", "a@Prod", "a@³", "a@" + "9" * 30]
)
def test_wrong_references_are_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_reference(text)
    assert caught.value.code == "bad_prompt_reference"


@pytest.mark.parametrize("label", ["latest", "3", "Production", "", "a" * 41, "a b"])
def test_wrong_labels_are_refused(label: str) -> None:
    with pytest.raises(BadInput):
        check_label(label)


# ---------------------------------------------------------------- saving
@pytest.mark.parametrize(
    ("texts", "variables", "code", "says"),
    [
        ((), {}, "prompt_invalid", "1 to 64 messages"),
        (("", ""), {}, "prompt_invalid", "one place only"),
        (("a",) * 65, {}, "prompt_invalid", "1 to 64"),
        (("x" * 65_000,) * 3, {}, "prompt_invalid", "131072 characters together"),
        (("a\n{{ b }}",), {}, "prompt_variable_undeclared", "'b' (prompt.messages[0], line 2)"),
        (("a", "\n{% if %}"), {}, "prompt_template_invalid", "Expected an expression"),
        (("a",), {"loop": PromptVariable()}, "prompt_invalid", "cannot name a variable"),
        (("a",), {"_a": PromptVariable()}, "prompt_invalid", "cannot name a variable"),
        (("a",), {"a b": PromptVariable()}, "prompt_invalid", "cannot name a variable"),
        (("a",), {"a": PromptVariable(default=1)}, "prompt_invalid", "the default must be of type string"),
        (("a",), {"a": PromptVariable(default="long", max_length=2)}, "prompt_invalid", "the default has 4 characters"),
    ],
)
def test_what_cannot_be_rendered_is_refused(
    texts: tuple[str, ...], variables: dict[str, PromptVariable], code: str, says: str
) -> None:
    with pytest.raises(BadInput) as caught:
        check_body(messages(*texts), variables)
    assert caught.value.code == code
    assert says in caught.value.message


def test_unused_variables_are_a_warning_and_the_hash_is_of_what_is_said() -> None:
    one = check_body(messages("{{ a }}"), {"a": PromptVariable(), "b": PromptVariable()})
    assert one.warnings == ("the variable 'b' is declared and not used",)
    swapped = body_hash(messages("{{ a }}"), {"b": PromptVariable(), "a": PromptVariable()})
    assert one.hash == swapped != body_hash(messages("{{ a }} "), {"a": PromptVariable(), "b": PromptVariable()})


# ---------------------------------------------------------------- variables
@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        (PromptVariable(), "text", ""),
        (PromptVariable(), 1, "type string, not number"),
        (PromptVariable(max_length=3), "four", "has 4 characters; 3 are the most"),
        (PromptVariable(type="number"), 1.5, ""),
        (PromptVariable(type="number"), True, "type number, not boolean"),
        (PromptVariable(type="number"), "1", "type number, not string"),
        (PromptVariable(type="number"), 10**301, "no number that can be written"),
        (PromptVariable(type="number"), float("nan"), "no number that can be written"),
        (PromptVariable(type="boolean"), 0, "type boolean, not number"),
        (PromptVariable(type="list"), ["a", {}], ""),
        (PromptVariable(type="list", max_length=1), ["a", "b"], "has 2 items"),
        (PromptVariable(type="list"), {}, "type list, not object"),
        (PromptVariable(type="object"), {"a": [1]}, ""),
        (PromptVariable(type="object", max_length=1), {"a": 1, "b": 2}, "has 2 entries"),
    ],
)
def test_values_fit_their_declaration(variable: PromptVariable, value: Any, problem: str) -> None:
    if not problem:
        assert complete({"x": variable}, {"x": value}) == {"x": value}
        return
    with pytest.raises(BadInput) as caught:
        complete({"x": variable}, {"x": value})
    assert (caught.value.code, caught.value.where) == ("prompt_variable_invalid", "volant.variables.x")
    assert problem in caught.value.message


def test_too_deep_and_too_long_values_are_refused() -> None:
    deep: Any = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(BadInput, match="nested too deeply"):
        complete({"x": PromptVariable(type="list")}, {"x": deep})
    wide = {"x": PromptVariable(type="list")}
    with pytest.raises(BadInput, match="bytes of JSON"):
        check_body(messages("a"), wide).compiled.render({"x": ["y" * 9000] * 200})


def test_defaults_fill_in_null_means_not_given_and_optional_prints_as_nothing() -> None:
    variables = {"a": PromptVariable(default="A"), "b": PromptVariable(required=False)}
    assert says("{{ a }}{{ b }}|{{ b is none }}", variables) == "A|True"
    assert says("{{ a }}{{ b }}", variables, a=None, b="B") == "AB"


def test_all_unknown_and_all_missing_variables_are_named() -> None:
    variables = {"a": PromptVariable(), "b": PromptVariable()}
    with pytest.raises(BadInput, match=r"missing variables: 'a', 'b'"):
        complete(variables, {})
    with pytest.raises(BadInput, match=r"unknown variables: 'y', 'z'"):
        complete(variables, {"z": 1, "y": 2})
    assert complete(variables, {"a": "1", "b": "2", "y": 3}, also={"y"}) == {"a": "1", "b": "2"}


# ---------------------------------------------------------------- rendering
def test_the_place_of_the_callers_messages() -> None:
    made = check_body(messages("one", "", "two"), {}).compiled.render({})
    assert made == Said(({"role": "user", "content": "one"},), ({"role": "user", "content": "two"},))
    assert check_body(messages("one", "two"), {}).compiled.render({}).after == ()


@given(TEXT, TEXT)
def test_any_text_comes_through_as_it_is(one: str, other: str) -> None:
    variables = {"a": PromptVariable(), "b": PromptVariable()}
    assert says("<{{ a }}|{{ b }}>", variables, a=one, b=other) == f"<{one}|{other}>"


@given(st.dictionaries(TEXT, TEXT, max_size=4), st.lists(TEXT, max_size=4))
def test_texts_inside_of_objects_and_lists_come_through_too(entries: dict[str, str], items: list[str]) -> None:
    variables = {"o": PromptVariable(type="object"), "l": PromptVariable(type="list")}
    text = "{% for k, v in o.items() %}{{ k }}={{ v }};{% endfor %}{% for i in l %}{{ i }},{% endfor %}"
    expected = "".join(f"{k}={v};" for k, v in entries.items()) + "".join(f"{i}," for i in items)
    assert says(text, variables, o=entries, l=items) == expected
