"""Files of an engine's folder: what to serve, where it answers, why it did not.

    engine.json            what to serve; written by whoever wants the engine
    address.json           where it answers; there while it does, or until the next start after a kill
    previous_address.json  where it answered last; a restarted engine takes the same port where that is free
    failure.json           why it could not start
    load.log               what llama.cpp said while it loaded (no prompt exists yet at that time)

Knows file names and forms; knows nothing of processes or HTTP.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TypeVar

import msgspec

from volant.core.errors import BadInput

ENGINE, ADDRESS, PREVIOUS = "engine.json", "address.json", "previous_address.json"
FAILURE, LOAD_LOG = "failure.json", "load.log"
_File = TypeVar("_File", bound=msgspec.Struct)


class EngineSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an engine serves and with how much of the machine."""

    model: str  # path of a GGUF file; relative to the engine's folder
    alias: str  # the model's name in requests and answers
    threads: int = 1  # of computation
    context: int = 0  # tokens of one request, question and answer together; 0: what the model was trained with
    parallel: int = 4  # requests computed at the same time, each with its own context (rounded up to 256)
    chat_template: str = ""  # path of a Jinja file that replaces the template in the GGUF file
    host: str = "127.0.0.1"
    port: int = 0  # 0: that of the previous start if it is free, else any free one


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where an engine answers."""

    port: int
    pid: int
    model_sha256: str
    host: str = "127.0.0.1"
    alias: str = ""

    @property
    def base_url(self) -> str:
        """The OpenAI-compatible URL, which ends before /chat/completions."""
        return f"http://{self.host}:{self.port}/v1"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why an engine did not start."""

    code: str
    message: str
    hint: str = ""


def read_spec(folder: Path) -> EngineSpec:
    """The specification, checked. Raises BadInput naming the field and what it should be."""
    place = folder / ENGINE
    try:
        spec = msgspec.json.decode(place.read_bytes(), type=EngineSpec)
    except FileNotFoundError:
        raise BadInput("engine_json_missing", "there is no engine.json", where=str(folder),
                       hint="write one: {\"model\": \"model.gguf\", \"alias\": \"my-model\"}") from None  # fmt: skip
    except msgspec.DecodeError as error:
        raise BadInput("engine_json_invalid", str(error), where=str(place), hint="see docs/serve.md") from None
    for name, low, high in (("threads", 1, 512), ("context", 0, 1 << 24), ("parallel", 1, 1024), ("port", 0, 65535)):
        if not low <= getattr(spec, name) <= high:
            raise BadInput("engine_json_invalid", f"{name} is {getattr(spec, name)}", where=str(place),
                           hint=f"{name} lies between {low} and {high}")  # fmt: skip
    return spec


def write_spec(folder: Path, spec: EngineSpec) -> None:
    """Say what the engine of this folder shall serve, and forget why an earlier start failed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FAILURE).unlink(missing_ok=True)
    _write(folder / ENGINE, msgspec.json.encode(spec))


def read_address(folder: Path) -> Address | None:
    """Where the engine says that it answers; None when it says nothing. It may have died since: ask it."""
    return _read(folder / ADDRESS, Address)


def read_previous(folder: Path) -> Address | None:
    """Where the engine answered before its last start."""
    return _read(folder / PREVIOUS, Address)


def read_failure(folder: Path) -> Failure | None:
    """Why the last start failed; None when it did not."""
    return _read(folder / FAILURE, Failure)


def write_address(folder: Path, address: Address) -> None:
    """Say, atomically, where the engine answers."""
    _write(folder / ADDRESS, msgspec.json.encode(address))


def write_failure(folder: Path, failure: Failure) -> None:
    """Say, atomically, why the engine did not start."""
    _write(folder / FAILURE, msgspec.json.encode(failure))


def retire_address(folder: Path) -> None:
    """Take back what an earlier process said, keeping its port in mind; no error where it said nothing."""
    if (folder / ADDRESS).exists():
        (folder / ADDRESS).replace(folder / PREVIOUS)


def _read(place: Path, kind: type[_File]) -> _File | None:
    try:
        return msgspec.json.decode(place.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _write(place: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".new-", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(place)
