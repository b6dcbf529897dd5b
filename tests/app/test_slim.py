"""What each process carries: no torch in any server process, no SQLAlchemy, FastAPI or DBOS in the gateway's or the
supervisor's; and the core works where no extra is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import volant
from volant.cli.client import Client

HEAVY = {"torch", "transformers", "trl", "peft", "accelerate", "datasets", "pandas", "scipy", "polars", "duckdb"}
CONTROLS = {"sqlalchemy", "alembic", "fastapi", "starlette", "pydantic", "dbos"}
EXTRAS = [
    "torch", "transformers", "trl", "peft", "accelerate", "safetensors", "tokenizers", "xllamacpp", "gguf", "rensa",
    "ftfy", "phonenumbers", "stdnum", "py3langid", "sklearn", "scipy", "openai", "httpx", "pandas",
]  # fmt: skip


def loaded(imports: str) -> set[str]:
    """The top-level modules of a fresh process that imported this."""
    program = f"import sys, json\nimport {imports}\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("process", "forbidden"),
    [
        ("volant.app.control, volant.loop", HEAVY),
        ("volant.app.gateway", HEAVY | CONTROLS),
        ("volant.cli.commands.up", HEAVY | CONTROLS),
        ("volant.serve.engine", HEAVY | CONTROLS),
    ],
)
def test_a_server_process_carries_no_more_than_it_needs(process: str, forbidden: set[str]) -> None:
    assert not loaded(process) & forbidden


def test_the_core_serves_without_any_extra(start_server: Any, tmp_path: Path) -> None:
    """Gateway, traces, keys and configuration; what needs an extra says which."""
    blocker = tmp_path / "blocked"
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text(f"import sys\nfor name in {EXTRAS!r}:\n    sys.modules[name] = None\n")
    source = str(Path(volant.__file__).parents[1])
    server = start_server(env={"PYTHONPATH": os.pathsep.join([str(blocker), source])})
    client = Client(server.url, server.key)
    deployment = {"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:9/v1"}
    task = {"name": "helpdesk", "variants": [{"name": "v", "deployments": ["d"]}]}
    client.post("/api/v1/documents/apply", {"deployments": [deployment], "tasks": [task]})
    assert client.get("/v1/models")["data"][0]["id"] == "helpdesk"
    assert client.get("/api/v1/inferences")["data"] == []
    log = (server.data / "logs" / "control.log").read_text()
    assert "Traceback" not in log
