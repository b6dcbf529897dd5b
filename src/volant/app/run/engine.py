"""An engine for the length of a run: a model is evaluated as it will be served, not as it was trained."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from volant.core import lifeline
from volant.serve import engine_client, planner
from volant.serve.files import Address, EngineSpec


@contextmanager
def serving(folder: Path, gguf: Path, alias: str, threads: int, parallel: int) -> Iterator[Address]:
    """An engine on `gguf`, healthy; it ends with the block, and with this process however that ends.

    Raises Unavailable with the engine's own reason when it does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spec = EngineSpec(
        model=str(gguf), alias=alias, threads=threads, context=planner.facts(gguf).context, parallel=parallel
    )
    (folder / "engine.json").write_bytes(msgspec.json.encode(spec))
    mine, theirs = os.pipe()
    environment = {**os.environ, lifeline.VARIABLE: str(mine)}
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "volant.serve.engine", str(folder)],
            env=environment,
            pass_fds=(mine,),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    os.close(mine)
    try:
        yield engine_client.wait_healthy(folder, alive=lambda: process.poll() is None)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(theirs)
