"""openapi.json, the schema of volant.toml and the reference pages are those of the code."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from volant.api.app import routes

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "scripts" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_generated_is_fresh(generate: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, f"{capsys.readouterr().out}\nrun `make openapi` and commit what it wrote"


def test_a_stale_page_is_noticed_and_its_own_words_stay(generate: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Mine\n\n{generate.BEGIN}\nold\n{generate.END}\n\nAlso mine.\n")
    spliced = generate.spliced(page, "new")
    assert spliced == f"# Mine\n\n{generate.BEGIN}\nnew\n{generate.END}\n\nAlso mine.\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="no line"):
        generate.spliced(page, "new")


def test_every_reference_in_openapi_leads_somewhere_and_operations_have_names() -> None:
    described = json.loads((ROOT / "openapi.json").read_text())
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    assert used <= set(described["components"]["schemas"])
    names = [one["operationId"] for methods in described["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+_[a-z_]+", name) for name in names)
    assert not any(path.startswith("/internal") for path in described["paths"])


def test_struct_fields_are_described_as_they_are_checked() -> None:
    schemas = routes().openapi()["components"]["schemas"]
    assert schemas["NewKey"]["required"] == ["name", "scopes"]
    assert schemas["NewKey"]["additionalProperties"] is False
    assert schemas["Error"]["properties"]["error"]["required"][0] == "code"
    node = schemas["Node"]["properties"]["children"]
    assert node["items"] == {"$ref": "#/components/schemas/Node"}
