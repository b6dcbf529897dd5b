"""init: write a commented volant.toml to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from volant.cli import settings_file, show
from volant.cli.options import AsJson
from volant.core.errors import Conflict

TEMPLATE = """\
# volant.toml: what this server is, and what it serves. Editors check it against docs/volant.schema.json.
# Check your changes with `volant diff`, make them hold with `volant apply`.

[server]                        # read once, when `volant up` starts; environment (VOLANT_PORT) and flags win
host = "127.0.0.1"
port = 8321
data_dir = "volant-data"
workers = 1                     # gateway processes

# A deployment is a reachable place that serves a model.
[[deployments]]
name = "stand-in"
provider = "mock"               # answers by itself on loopback, for trying out: `python -m volant.providers.mock`
model = "mock"
base_url = "http://127.0.0.1:9101/v1"

# [[deployments]]
# name = "openai-mini"
# provider = "openai"           # or any OpenAI-compatible URL with base_url
# model = "gpt-4o-mini"
# api_key_env = "OPENAI_API_KEY"   # or api_key_ref = "openai" after `volant key secret openai`

# A task is what applications ask for: they send its name as `model`.
[[tasks]]
name = "helpdesk-intent"
description = "Which product a customer's question is about"
redact = false                  # true: personal data is redacted before anything is written

[[tasks.variants]]              # one way to do it: prompt + model + parameters
name = "first"
deployments = ["stand-in"]
parameters = { temperature = 0, max_tokens = 24 }

# A monitor watches live answers; a loop says what happens when it fires.
# [[monitors]]
# name = "corrections"
# task = "helpdesk-intent"
# measure = "corrected_share"
# threshold = 0.25
#
# [[gates]]
# name = "standard"
# known_margin = 0.06
#
# [[loops]]
# task = "helpdesk-intent"
# monitor = "corrections"
# recipe = "sft"
# gate = "standard"

[policy]
retention_days = 365
on_full_disk = "serve"          # or "refuse": rather no answer than one that is not recorded
"""


def add(app: typer.Typer) -> None:
    app.command()(init)


def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path(settings_file.DEFAULT),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a commented settings file to start from.

    Example: `volant init && volant up`
    """
    if file.exists() and not force:
        raise Conflict("file_exists", "there is a file already", where=str(file), hint="add --force to replace it")
    file.write_text(TEMPLATE)

    def human() -> None:
        show.line(f"Wrote [bold]{file}[/bold]. Next: edit it, then `volant up`; later `volant diff`, `volant apply`.")

    show.result({"file": str(file)}, as_json, human)
