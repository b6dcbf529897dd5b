"""The pages have the shape that readers rely on, and say nothing that a stranger's machine would not understand."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from volant import __version__

STAGE_PAGES = ("data", "train", "evaluate", "gate", "rollout", "serve", "gateway", "prompts", "monitor", "checks")
STAGE_HEADINGS = (("What", "What it is"), ("Picture",), ("Use",), ("Configure",), ("Limits",))


def _table(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_table", root / "bench" / "table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_table"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


# ---------------------------------------------------------------- README, changelog, decisions
def test_readme_shows_what_was_measured(pages: dict[str, Any], root: Path, tmp_path: Path) -> None:
    """The figures of the results as they are, or as they were committed: a run may have measured them again since."""
    table = _table(root)
    text = pages["README.md"].text
    _committed_results(root, tmp_path)
    wanted = [table.markdown(table.read(folder)) for folder in (table.RESULTS, tmp_path)]
    assert any(table.replaced(text, one) == text for one in wanted), (
        "README's figures are not those of bench/results: make bench ARGS='--write README.md'"
    )


def _committed_results(root: Path, into: Path) -> None:
    """Write bench/results as git has it; nothing outside a checkout."""
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "HEAD", "bench/results"], cwd=root, capture_output=True, text=True
    )
    for name in listed.stdout.split():
        shown = subprocess.run(["git", "show", f"HEAD:{name}"], cwd=root, capture_output=True, check=True)
        (into / Path(name).name).write_bytes(shown.stdout)


def test_every_headline_is_found(root: Path) -> None:
    table = _table(root)
    results = {result.name: result for result in table.read(table.RESULTS)}
    shown = {(result.name, row["name"]) for result, row in table.headlines(list(results.values()))}
    for name, patterns in table.HEADLINES.items():
        if name in results:
            assert sum(1 for result, _ in shown if result == name) >= len(patterns), (
                f"{name}: a pattern matches nothing"
            )


def test_every_result_is_explained(pages: dict[str, Any], root: Path) -> None:
    table = _table(root)
    text = pages["docs/benchmarks.md"].text
    for result in table.read(table.RESULTS):
        assert f"| `{result.name}` | `{result.command}` |" in text, f"docs/benchmarks.md has no row for {result.name}"


def test_readme_lists_the_floors(pages: dict[str, Any], root: Path) -> None:
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    rows = [line for line in pages["README.md"].text.splitlines() if re.match(r"\| \d \|", line)]
    assert len(rows) == len(layers)
    for row, layer in zip(rows, layers, strict=True):
        wanted = {package.strip().removeprefix("volant.") for package in re.split(r"[|:]", layer)}
        found = set(re.findall(r"`(\w+)/?`", row.split("|")[2]))
        assert found == wanted, f"README's row {row!r} and the contract's {layer!r} differ"


def test_readme_has_what_a_stranger_looks_for(pages: dict[str, Any]) -> None:
    readme = pages["README.md"]
    assert {"Measured", "Floors", "Limits"} <= set(readme.headings)
    for command in ("make demo", "make test"):
        assert any(command in block.text for block in readme.blocks if block.language == "sh")
    assert any("base_url=" in block.text for block in readme.blocks if block.language == "python")


def test_changelog_has_this_version(pages: dict[str, Any]) -> None:
    headings = pages["CHANGELOG.md"].headings
    assert headings[0] == "Changelog"
    assert any(heading == "Unreleased" or heading.startswith(__version__) for heading in headings), headings


def test_decisions_are_numbered_and_complete(pages: dict[str, Any]) -> None:
    decisions = sorted(name for name in pages if name.startswith("docs/decisions/") and "index" not in name)
    numbers = [
        int(match[1]) for name in decisions if (match := re.match(r"docs/decisions/(\d{4})-[a-z0-9-]+\.md$", name))
    ]
    assert decisions
    assert len(numbers) == len(decisions), "a decision's file is named NNNN-title.md"
    assert len(set(numbers)) == len(numbers), f"two decisions have one number: {numbers}"
    for name, number in zip(decisions, numbers, strict=True):
        headings = pages[name].headings
        assert headings[0].startswith(f"{int(number)}. "), f"{name}: its title begins with its number: {headings[0]!r}"
        assert headings[1:5] == ["Context", "Decision", "Consequences", "Measured"], f"{name}: {headings}"


@pytest.mark.parametrize("stage", STAGE_PAGES)
def test_stage_page_has_the_five_headings(stage: str, pages: dict[str, Any]) -> None:
    page = pages.get(f"docs/{stage}.md")
    assert page is not None, f"there is no docs/{stage}.md"
    for names in STAGE_HEADINGS:
        assert set(names) & set(page.headings), f"{page.name} has no heading {names[0]!r}: {page.headings}"


# ---------------------------------------------------------------- words
FORBIDDEN = {  # written in pieces, so that this file does not find itself
    "a package registry's host": "|".join(
        (r"py" r"pi\.org", r"python" r"hosted\.org", r"npm" r"js\.(?:org|com)", r"download\.py" r"torch\.org",
         r"deb\.deb" r"ian\.org", r"crates" r"\.io")
    ),
    "a path of one machine": r"(?<![\w.])/wo" r"rk/|/ro" r"ot/|/ho" r"me/[a-z]",
}  # fmt: skip
SHARED = r"\.\./sha" r"red|(?<!\w)sha" r"red/"  # .ci/run looks there; nothing else may


def _tracked(root: Path) -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    return [root / name for name in done.stdout.split("\0") if name and (root / name).is_file()]


def test_no_file_names_a_place_of_one_machine(root: Path) -> None:
    found = []
    for place in _tracked(root):
        if place.suffix in (".csv", ".gguf", ".png"):
            continue
        text = place.read_text(encoding="utf-8", errors="replace")
        name = str(place.relative_to(root))
        rules = dict(FORBIDDEN) if name == ".ci/run" else {**FORBIDDEN, "a folder beside the project": SHARED}
        for what, pattern in rules.items():
            if match := re.search(pattern, text):
                line = text[: match.start()].count("\n") + 1
                found.append(f"{name}:{line}: {match[0]!r} ({what})")
    assert not found, found


# ---------------------------------------------------------------- the table itself
def test_table_refuses_what_is_no_result(root: Path, tmp_path: Path) -> None:
    table = _table(root)
    (tmp_path / "x.json").write_text(
        '{"name": "x", "machine": {}, "commit": "c", "date": "d", "rows": [{"name": "r"}]}'
    )
    with pytest.raises(table.NotAResult, match="row 0 has no value, unit"):
        table.read(tmp_path)
    assert table.main(["--results", str(tmp_path)]) == 2


def test_table_prints_every_row(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = _table(root)
    row = dict.fromkeys(table.FIELDS) | {"name": "speed", "value": 1234.5, "unit": "1/s", "goal": ">= 2000"}
    result = {"name": "x", "machine": {"cores": 2}, "commit": "c", "date": "d", "rows": [{**row, "holds": False}]}
    (tmp_path / "x.json").write_text(json.dumps(result))
    assert table.main(["--results", str(tmp_path)]) == 0
    assert table.main(["--results", str(tmp_path), "--strict"]) == 1
    printed = capsys.readouterr()
    assert "1,234" in printed.out
    assert "NO" in printed.out
    assert "does not hold: x: speed" in printed.err
