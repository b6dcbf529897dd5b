"""Engine: one llama.cpp server on one GGUF file, as a process of its own.

    python -m volant.serve.engine ENGINE_DIR

Reads ENGINE_DIR/engine.json, serves the OpenAI chat API on a free loopback port, says where in address.json once it
answers, and ends with its parent (`volant.core.lifeline`) or at SIGTERM. Knows llama.cpp's settings; knows nothing of
tasks, keys or routes. Nothing that a caller says reaches a log: see `_silence`.
"""

from __future__ import annotations

import hashlib
import http.client
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from volant.core import lifeline
from volant.core.errors import BadInput, Unavailable, VolantError
from volant.core.extras import need
from volant.serve import planner
from volant.serve.files import (
    FAILURE,
    LOAD_LOG,
    Address,
    EngineSpec,
    Failure,
    read_previous,
    read_spec,
    retire_address,
    write_address,
    write_failure,
)

log = logging.getLogger("volant.serve.engine")

HEALTHY_WITHIN_S = 60.0
STOP_WITHIN_S = 5.0  # after SIGTERM; an answer that takes longer is cut
ERRORS_ONLY = 1  # llama.cpp's verbosity


def main(arguments: list[str]) -> int:
    """Serve until told to stop. Exit codes: 0 after SIGTERM, the error's own otherwise, 113 when the parent is gone."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m volant.serve.engine ENGINE_DIR\n")
        return 2
    folder = Path(arguments[0]).resolve()
    lifeline.watch()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        run(folder)
    except VolantError as error:
        log.error("%s: %s", error.code, error)
        if folder.is_dir():
            write_failure(folder, Failure(code=error.code, message=error.message, hint=error.hint))
        return error.exit_code
    return 0


def run(folder: Path) -> None:
    """Load, serve, announce, wait for SIGTERM or SIGINT. Raises VolantError when it cannot start."""
    spec = read_spec(folder)
    retire_address(folder)
    (folder / FAILURE).unlink(missing_ok=True)
    model = (folder / spec.model).resolve()
    _require_file(model, "model_file_missing", spec.model)
    spec = _fitting(spec, planner.facts(model), planner.available_bytes())
    digest = _sha256(model)
    previous = read_previous(folder)
    server = _start(folder, spec, model, _port(spec, previous.port if previous else 0))
    port = int(str(server.listening_address).rpartition(":")[2])
    stopped = _stop_on_signals()
    _wait_healthy(spec.host, port)
    write_address(folder, Address(port=port, pid=os.getpid(), model_sha256=digest, host=spec.host, alias=spec.alias))
    log.info("serving %s on %s:%d", spec.alias, spec.host, port)
    stopped.wait()
    retire_address(folder)
    log.info("stopping")
    logging.shutdown()
    threading.Timer(STOP_WITHIN_S, os._exit, args=(0,)).start()  # llama.cpp waits for what it is answering
    del server
    os._exit(0)


def parameters(xllamacpp: ModuleType, spec: EngineSpec, model: Path, template: str, port: int) -> Any:
    """llama.cpp's settings for a specification: loopback, quiet, and without what looks into other callers' text."""
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(model)
    wanted.model_alias = {spec.alias}
    wanted.hostnames = [spec.host]
    wanted.port = port
    wanted.n_ctx = spec.context * spec.parallel
    wanted.n_parallel = spec.parallel
    wanted.n_threads_http = spec.parallel + 4  # a connection holds a thread; health needs one too
    wanted.cpuparams.n_threads = spec.threads
    wanted.cpuparams_batch.n_threads = spec.threads
    wanted.chat_template = template
    wanted.fit_params = False  # never change what was asked for to make it fit: the planner has said that it does
    wanted.cache_ram_mib = 0  # no store of earlier prompts beside the slots
    wanted.endpoint_slots = False
    wanted.ui = False
    wanted.offline = True
    wanted.cors_origins = "null"  # no web page may read what this port says
    wanted.cors_origins_explicit = True
    wanted.verbosity = ERRORS_ONLY
    return wanted


def _start(folder: Path, spec: EngineSpec, model: Path, port: int) -> Any:
    """Start llama.cpp's server, on any port where the wanted one was taken in between. Raises BadInput, Unavailable."""
    xllamacpp = need("xllamacpp", "serve")
    template = _template(folder, spec)
    load_log = folder / LOAD_LOG
    for attempt in dict.fromkeys((port, spec.port)):
        with _native_output_to(load_log):
            try:
                server = xllamacpp.Server(parameters(xllamacpp, spec, model, template, attempt))
            except RuntimeError:
                server = None
        if server is not None:
            _silence()
            return server
        said = load_log.read_text(encoding="utf-8", errors="replace")
        if "couldn't bind" not in said:
            raise _refusal(said, model)
    raise Unavailable(
        "engine_port_taken", f"port {spec.port} on {spec.host} is in use", hint="choose another, or 0 for a free one"
    )


def _refusal(said: str, model: Path) -> BadInput:
    """What llama.cpp said, as an error that a person can act on."""
    lines = [line.partition(" E ")[2].strip() or line.strip() for line in said.splitlines() if line.strip()]
    first = next((line for line in lines if "error" in line.lower() or "fail" in line.lower()), "no reason was given")
    if "template" in said:
        return BadInput("chat_template_invalid", f"llama.cpp cannot use the chat template: {first[:300]}",
                        where=str(model), hint="check the template with a Jinja renderer; docs/serve.md")  # fmt: skip
    return BadInput("model_file_broken", f"llama.cpp cannot load the model: {first[:300]}", where=str(model),
                    hint="export it again, and compare its SHA-256 with the registry's")  # fmt: skip


def _fitting(spec: EngineSpec, model: planner.ModelFacts, available: int | None) -> EngineSpec:
    """The specification with its context filled in. Raises BadInput for one that is too long, DoesNotFit for memory."""
    if spec.context > model.context:
        raise BadInput(
            "context_too_long", f"context is {spec.context}, the model was trained with {model.context} tokens",
            where="engine.json", hint=f"use at most {model.context}, or 0 for what the model has",
        )  # fmt: skip
    spec = msgspec.structs.replace(spec, context=spec.context or model.context)
    planner.require_fits(planner.plan(model, spec.context, spec.parallel), available)
    return spec


def _template(folder: Path, spec: EngineSpec) -> str:
    if not spec.chat_template:
        return ""
    place = folder / spec.chat_template
    _require_file(place, "chat_template_missing", spec.chat_template)
    return place.read_text(encoding="utf-8")


def _require_file(place: Path, code: str, named: str) -> None:
    if not place.is_file():
        raise BadInput(code, f"there is no file {named!r}", where=str(place),
                       hint="engine.json names files relative to its own folder, or by full path")  # fmt: skip


def _port(spec: EngineSpec, previous: int) -> int:
    """The port asked for; else the previous start's where it can be bound now; else 0, any."""
    if spec.port or not previous:
        return spec.port
    with socket.socket(socket.AF_INET6 if ":" in spec.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((spec.host, previous))
        except OSError:
            return 0
    return previous


def _stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set. Before this, while the model loads, they end the process as usual."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _wait_healthy(host: str, port: int) -> None:
    deadline = time.monotonic() + HEALTHY_WITHIN_S
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    raise Unavailable("engine_not_healthy", f"no healthy answer within {HEALTHY_WITHIN_S:.0f} s",
                      hint="is the machine overloaded? see load.log in the engine's folder")  # fmt: skip


@contextmanager
def _native_output_to(place: Path) -> Iterator[None]:
    """Send what llama.cpp writes to file descriptor 2 into a file."""
    sys.stderr.flush()
    kept = os.dup(2)
    with place.open("wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _silence() -> None:
    """From here on llama.cpp writes to nowhere: it quotes callers in its errors (a grammar that does not parse, say).

    Our own log goes on, on a copy of the descriptor.
    """
    own = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(own)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _sha256(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
