"""Package: the built console is in the wheel and in the sdist, and the lockfile names no host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.console.conftest import ROOT, _missing

from volant.api.console import BUILT


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel and an sdist of this checkout."""
    if not (BUILT / "index.html").is_file():
        _missing("the console is not built", "make console")
    tools, out = tmp_path_factory.mktemp("tools"), tmp_path_factory.mktemp("packages")
    install = [sys.executable, "-m", "pip", "install", "-q", "--target", str(tools), "hatchling>=1.25"]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    made = subprocess.run(
        build, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(tools)}, capture_output=True, text=True, timeout=300
    )
    assert made.returncode == 0, made.stderr[-3000:]
    return out


def test_wheel_and_sdist_hold_every_file_of_the_build(packages: Path) -> None:
    files = {str(one.relative_to(BUILT)) for one in BUILT.rglob("*") if one.is_file() and one.name != ".stamp"}
    assert "index.html" in files
    with zipfile.ZipFile(next(packages.glob("*.whl"))) as wheel:
        names = wheel.namelist()
    assert {f"volant/_console/{one}" for one in files} <= set(names)
    assert not [name for name in names if name.startswith("console/") or "node_modules" in name]
    with tarfile.open(next(packages.glob("*.tar.gz"))) as sdist:
        names = [name.partition("/")[2] for name in sdist.getnames()]
    assert {f"src/volant/_console/{one}" for one in files} <= set(names)
    assert "console/package-lock.json" in names
    assert not [name for name in names if "node_modules" in name]


def test_nothing_is_fetched_from_elsewhere() -> None:
    lock = (ROOT / "console" / "package-lock.json").read_text()
    assert not re.findall(r'"resolved"|https?://', lock)
    if not (BUILT / "index.html").is_file():
        _missing("the console is not built", "make console")
    page = (BUILT / "index.html").read_text()
    assert not re.findall(r"<script(?![^>]*\bsrc=)", page), "a script stands in the page"
    assert not re.findall(r'(?:src|href)="(?!/)', page), "the page asks another host"
    for style in BUILT.rglob("*.css"):
        assert not re.findall(r"url\(\s*['\"]?(?:https?:)?//", style.read_text()), style.name
