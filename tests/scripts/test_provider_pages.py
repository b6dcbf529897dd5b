"""The page of each provider is the registry's: there for every one, current, and its example can be applied."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from volant.core import settings
from volant.core.capabilities import Capabilities
from volant.core.nouns import Target
from volant.providers import names, sheet_of
from volant.providers.endpoint import endpoint_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "providers"


@pytest.fixture(scope="module")
def provider_pages() -> object:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import provider_pages
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    return provider_pages


def test_every_provider_has_its_page_and_nobody_else() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == set(names())


@pytest.mark.parametrize("name", names())
def test_the_example_can_be_applied(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text()
    found = re.search(r"```toml\n(.*?)\n```", text, re.DOTALL)
    assert found
    _, documents = settings.load(tomllib.loads(found[1]), {}, {}, origin=name)
    [spec] = documents.deployments
    assert spec.provider == name
    base = spec.base_url or ("http://127.0.0.1:1/v1" if name == "local" else "")  # its address is state
    target = Target(name="d", provider=name, model=spec.model, base_url=base, options=spec.options, api_key="a:b")
    sheet = sheet_of(name, spec.base_url, spec.options)
    for wire in sheet.wires:
        assert b"{" not in endpoint_of(target, sheet, wire).head


@pytest.mark.parametrize("name", names())
def test_the_page_says_what_the_sheet_says(name: str, provider_pages: object) -> None:
    text = (PAGES / f"{name}.md").read_text()
    sheet = sheet_of(name)
    assert text.startswith(f"# {sheet.title}\n")
    for wire in sheet.wires:
        assert f"`{wire.path}`" in text
    for ability, value in msgspec.structs.asdict(sheet.capabilities).items():
        said = f"`{value}`" if isinstance(value, str) else "yes" if value else "no"
        assert f"| `{ability}` | {said} |" in text, f"{name}: python scripts/generate.py"
    if sheet.key_env:
        assert (f'api_key_env = "{sheet.key_env}"' in text) is not sheet.key_optional
        assert f"`{sheet.key_env}`" in text
    assert len(Capabilities.__struct_fields__) == text.count("\n| `") - sum(
        line.startswith("| `") for line in text.partition("## What it can take")[0].splitlines()
    )
    expected = provider_pages.page(name, sheet, {})  # type: ignore[attr-defined]
    assert expected.partition("## What it can take")[0] == text.partition("## What it can take")[0]


def test_the_navigation_lists_them(provider_pages: object) -> None:
    lines = provider_pages.nav()  # type: ignore[attr-defined]
    assert lines in (ROOT / "mkdocs.yml").read_text()
    assert lines.count("\n") == len(names()) - 1
