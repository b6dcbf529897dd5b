"""The vendors' npm SDKs: one Node process runs a plan of asks, and pytest reads what each was told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.clients.asks import Ask, Told

HERE = Path(__file__).parent / "node"
CLIENTS = {  # npm client → the door that it knocks at
    "node-openai-chat": "chat",
    "node-openai-responses": "responses",
    "node-anthropic": "anthropic",
    "node-genai": "gemini",
    "vercel-openai": "responses",
    "vercel-openai-chat": "chat",
    "vercel-anthropic": "anthropic",
    "vercel-google": "gemini",
}


@dataclass
class Planned:
    """One ask of one npm client."""

    id: str
    client: str
    base_url: str
    key: str
    model: str
    ask: Ask | dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "client": self.client, "baseUrl": self.base_url, "key": self.key, "model": self.model,
                "ask": self.ask.as_json() if isinstance(self.ask, Ask) else self.ask}  # fmt: skip


def installed() -> None:
    """Skips by name without the packages; under VOLANT_STRICT=1 installs them, and without Node fails."""
    if (HERE / "node_modules" / "openai").is_dir() and shutil.which("node"):
        return
    if os.environ.get("VOLANT_STRICT") != "1":
        pytest.skip("the npm clients are not installed: `npm ci` in tests/clients/node (needs Node.js)")
    subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=HERE, check=True)


def run(plan: list[Planned]) -> dict[str, Told | None]:
    """What each was told; None where the SDK has no word for what is asked."""
    answers = run_plainly(plan)
    return {name: None if "cannot" in got else Told(**got) for name, got in answers.items()}


def run_plainly(plan: list[Planned]) -> dict[str, Any]:
    """What each was told, as JSON."""
    given = json.dumps([one.as_json() for one in plan])
    done = subprocess.run(["node", "run.mjs"], cwd=HERE, input=given, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stderr[-4000:]
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers
