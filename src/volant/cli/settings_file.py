"""Settings file: find and read `volant.toml`, and merge it with environment and flags."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from volant.core import settings
from volant.core.errors import BadInput, NotFound, VolantError
from volant.core.nouns import Documents
from volant.core.settings import ServerSettings

DEFAULT = "volant.toml"


def find(config: str, environment: Mapping[str, str]) -> Path | None:
    """The file that is meant; None when none was named and ./volant.toml is not there. Raises NotFound."""
    named = config or environment.get("VOLANT_CONFIG", "")
    place = Path(named or DEFAULT)
    if place.is_file():
        return place
    if named:
        raise NotFound(
            "config_missing", "there is no such settings file", where=named, hint="`volant init` writes a commented one"
        )
    return None


def load(
    config: str, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> tuple[ServerSettings, Documents, Path | None]:
    """File, environment and flags as one. Raises BadInput with every problem at once."""
    place = find(config, environment)
    made, documents = settings.load(read(place) if place else {}, environment, flags, origin=str(place or DEFAULT))
    return made, documents, place


def read(place: Path) -> dict[str, Any]:
    """The TOML. Raises BadInput with line and column."""
    try:
        return tomllib.loads(place.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            "toml_invalid", str(error), where=str(place), hint="see https://toml.io for the format"
        ) from None


def data_dir(environment: Mapping[str, str], config: str = "") -> str:
    """The data directory that the settings file names; empty where there is none or it cannot be read."""
    try:
        place = find(config, environment)
        server = read(place).get("server", {}) if place else {}
    except VolantError:
        return ""  # the commands that need the file say what is wrong with it
    named = server.get("data_dir", "") if isinstance(server, Mapping) else ""
    return named if isinstance(named, str) else ""
