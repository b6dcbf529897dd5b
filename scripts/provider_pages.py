"""A page for each provider, made from its fact sheet: nobody writes these by hand.

`pages()` gives every page below docs/providers, `rows()` the table of docs/providers.md and `nav()` the lines of
mkdocs.yml. `scripts/generate.py` writes them; tests/scripts/test_provider_pages.py holds them to the registry.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Mapping

from reference_api import table

from volant import dialects
from volant.core.capabilities import Capabilities
from volant.providers.registry import Provider, find, names

EMBEDDINGS = {"openai": "OpenAI embeddings", "gemini": "Gemini embeddings"}
OPERATIONS = {
    "chat": "chats",
    "embeddings": "embeddings",
    "count_tokens": "counting tokens",
    "moderations": "moderations",
}


def pages(comments: Mapping[str, str]) -> dict[str, str]:
    """Path of the page → its text. `comments`: field of Capabilities → what it means."""
    return {f"docs/providers/{name}.md": page(name, find(name), comments) for name in names()}


def page(name: str, sheet: Provider, comments: Mapping[str, str]) -> str:
    """One provider: what to know, how to connect, what it speaks, what it can take."""
    parts = [
        f"# {sheet.title}",
        wrapped(
            f"Provider `{name}`. This page is made from its fact sheet by `scripts/generate.py`; all of them: "
            "[providers](../providers.md)."
        ),
        wrapped(sheet.docs),
        "## Use",
        f"<!-- run: complete -->\n```toml\n{example(name, sheet)}\n```",
        "## Connection",
        table(("what", "value"), connection(sheet)),
        "## What it speaks",
        wrapped(
            "A client of any dialect reaches it. One that speaks a dialect of this table is relayed as it is; the "
            "others are translated to the first one for chats."
        ),
        table(("for", "dialect", "path"), wires(sheet)),
        "## What it can take",
        wrapped(
            "A deployment overrides any of these in its `options`, by the same name. What is missing is refused with a "
            "400, or left out and named in `x-volant-warning` where the answer is the same without it."
        ),
        table(("ability", "here", "what"), abilities(sheet, comments)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def wrapped(prose: str) -> str:
    """Paragraphs as lines of at most 120 characters."""
    fill = functools.partial(textwrap.fill, width=120, break_long_words=False, break_on_hyphens=False)
    return "\n\n".join(fill(paragraph) for paragraph in prose.split("\n\n"))


def example(name: str, sheet: Provider) -> str:
    """A whole volant.toml with one deployment of the provider."""
    lines = ["[[deployments]]", 'name = "first"', f'provider = "{name}"', 'model = "the-model"     # its name there']
    if not sheet.base_url and name != "local":
        lines.append('base_url = "http://127.0.0.1:8000/v1"')
    if sheet.key_env and not sheet.key_optional:
        lines.append(f'api_key_env = "{sheet.key_env}"')
    needed = {option: value or f"my-{option}" for option, value in sheet.options.items()}
    if needed:
        said = ", ".join(f'{option} = "{value}"' for option, value in needed.items())
        lines.append(f"options = {{ {said} }}")
    task = ["[[tasks]]", 'name = "ask"', "", "[[tasks.variants]]", 'name = "only"', 'deployments = ["first"]']
    return "\n".join([*lines, "", *task])


def usual_key(sheet: Provider) -> str:
    """The variable that usually holds its key."""
    return f"`{sheet.key_env}`{', if it wants one' if sheet.key_optional else ''}" if sheet.key_env else "none"


def connection(sheet: Provider) -> list[tuple[str, str]]:
    """Rows: address, key, headers, options, prices."""
    auth = f"`{sheet.auth_header}: {sheet.auth_value.replace('{key}', 'KEY')}`"
    if sheet.auth == "sigv4":
        auth = (
            "signed with an access key (AWS Signature Version 4), or a Bedrock API key as `authorization: Bearer KEY`"
        )
    own = f"`{sheet.base_url}`" if sheet.base_url else "the deployment's `base_url`"
    rows = [("address", own), ("key", auth), ("usual variable", usual_key(sheet))]
    if sheet.elsewhere:
        rows.append(("at another address", f"is [{find(sheet.elsewhere).title}]({sheet.elsewhere}.md)"))
    rows += [("sent with every request", f"`{header}: {value}`") for header, value in sheet.headers]
    rows += [
        (f"option `{option}`", f"`{value}` where the deployment says nothing" if value else "required")
        for option, value in sheet.options.items()
    ]
    prices = f"by the tables, as `{sheet.price_provider}`" if sheet.price_provider else "nothing per token"
    return [*rows, ("price", prices)]


def wires(sheet: Provider) -> list[tuple[str, str, str]]:
    """Rows: operation, dialect, path."""
    return [
        (OPERATIONS[wire.operation], title_of(wire.operation, wire.dialect), f"`{wire.path}`" + (
            f", streams `{wire.stream_path}`" if wire.stream_path else ""))
        for wire in sheet.wires
    ]  # fmt: skip


def title_of(operation: str, dialect: str) -> str:
    """What people call a dialect."""
    if operation == "embeddings":
        return EMBEDDINGS[dialect]
    return "OpenAI moderations" if operation == "moderations" else dialects.find(dialect).title


def abilities(sheet: Provider, comments: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Rows: each ability, whether it is there, what it means."""
    rows = []
    for name in Capabilities.__struct_fields__:
        value = getattr(sheet.capabilities, name)
        shown = f"`{value}`" if isinstance(value, str) else "yes" if value else "no"
        rows.append((f"`{name}`", shown, comments.get(name, "")))
    return rows


def rows() -> str:
    """The table of all providers."""
    found = []
    for name in names():
        sheet = find(name)
        chats = [title_of(wire.operation, wire.dialect) for wire in sheet.wires if wire.operation == "chat"]
        others = [OPERATIONS[wire.operation] for wire in sheet.wires if wire.operation != "chat"]
        price = "by the tables" if sheet.price_provider else "nothing per token"
        key = usual_key(sheet)
        link = f"[{sheet.title}](providers/{name}.md)"
        found.append((f"`{name}`", link, ", ".join(chats), ", ".join(dict.fromkeys(others)), key, price))
    return table(("provider", "reaches", "chats", "and", "usual key", "price"), found)


def nav() -> str:
    """The lines of the docs' navigation."""
    return "\n".join(f"          - {find(name).title}: providers/{name}.md" for name in names())
