"""Commands in this process: their exit code, what they print, and what they say on stderr."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from volant.cli.main import main


@dataclass(frozen=True)
class Ran:
    """One command's end."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def error(self) -> Any:
        return json.loads(self.err)["error"]


Volant = Callable[..., Ran]


@pytest.fixture
def volant(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Volant:
    """Runs `volant ARGUMENTS` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("VOLANT_API_KEY", "VOLANT_URL", "VOLANT_DATA_DIR", "VOLANT_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, stdin: str | None = None) -> Ran:
        monkeypatch.setattr(sys, "argv", ["volant", *arguments])
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ran(ended.value.code if isinstance(ended.value.code, int) else 0, said.out, said.err)

    return run


@pytest.fixture
def at(volant: Volant, server: Any, monkeypatch: pytest.MonkeyPatch) -> Volant:
    """As `volant`, meaning the running server."""
    monkeypatch.setenv("VOLANT_DATA_DIR", str(server.data))
    return volant
