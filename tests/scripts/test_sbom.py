"""The bill of materials: valid CycloneDX, complete against both locks, the same every time."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def sbom() -> Any:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "scripts" / "sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["sbom"] = module
    spec.loader.exec_module(module)
    return module


def test_it_is_valid_complete_and_reproducible(sbom: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sbom.json"
    assert sbom.main(["--out", str(out)]) == 0
    text = out.read_text()
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert problem is None, problem
    found = {one["purl"] for one in json.loads(text)["components"]}
    for line in (ROOT / "constraints.txt").read_text().split():
        name, _, version = line.partition("==")
        assert any(purl.startswith(f"pkg:pypi/{name.lower().replace('_', '-').replace('.', '-')}@") or
                   purl.startswith(f"pkg:pypi/{name.lower()}@") for purl in found), line  # fmt: skip
        assert any(purl.endswith(f"@{version.replace('+', '%2B')}") for purl in found), line
    lock = json.loads((ROOT / "console" / "package-lock.json").read_text())
    for name in lock["packages"][""]["dependencies"]:
        assert any(purl.startswith(f"pkg:npm/{name.replace('@', '%40')}@") for purl in found), name
    assert not any("/vite@" in purl for purl in found), "what only builds the console is not in it"
    assert sbom.rendered(sbom.build(ROOT)) + "\n" == text
    assert "https://registry" not in text


def test_required_is_what_the_core_needs(sbom: Any) -> None:
    scopes = {one.name: one.scope.value for one in sbom.build(ROOT).components if one.purl.type == "pypi"}
    assert scopes["fastapi"] == scopes["starlette"] == "required"
    assert scopes["torch"] == scopes["pytest"] == "optional"


def test_a_line_that_pins_nothing_is_refused(sbom: Any) -> None:
    with pytest.raises(ValueError, match="is no pin"):
        sbom.python_pins("fastapi>=1")
