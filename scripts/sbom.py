"""Write the software bill of materials (CycloneDX 1.6, JSON) from the two locks: constraints.txt and the console's.

    python scripts/sbom.py [--out sbom.json]

Every pinned package is a component with its package URL; of Python packages that are installed in the pinned version,
licence and dependencies are written too; of the console's, licence and checksum from its lock. The same locks give the
same file: no time, no random serial number.
"""

from __future__ import annotations

import argparse
import base64
import importlib.metadata
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
_NAMESPACE = uuid.UUID("8d6f0c1e-5b0a-4c0e-9d5e-2f6f3a1b7c11")  # of our serial numbers


def main(arguments: list[str]) -> int:
    """Exit code 0: written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "sbom.json")
    out = parser.parse_args(arguments).out
    bom = build(ROOT)
    out.write_text(rendered(bom) + "\n")
    print(f"wrote {out}: {len(bom.components)} components")
    return 0


def rendered(bom: Bom) -> str:
    """As CycloneDX 1.6 JSON, without the moment of its making."""
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string()
    made = json.loads(text)
    made["metadata"].pop("timestamp", None)
    return json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True)


def build(root: Path) -> Bom:
    """The whole bill."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    pins = python_pins((root / "constraints.txt").read_text())
    needed = closure(project["dependencies"])
    bom = Bom()
    licences = LicenseFactory()
    us = Component(
        name=project["name"], version=project["version"], type=ComponentType.APPLICATION, bom_ref="volant",
        purl=PackageURL("pypi", name=project["name"], version=project["version"]),
        licenses=[licences.make_from_string(project["license"])],
    )  # fmt: skip
    bom.metadata.component = us
    made = {name: _python(name, version, required=name in needed) for name, version in pins.items()}
    made_console = [_npm(*one) for one in console_pins(root / "console" / "package-lock.json")]
    for component in (*made.values(), *made_console):
        bom.components.add(component)
    bom.register_dependency(us, [made[name] for name in _direct(project) if name in made] + made_console)
    for name, component in made.items():
        bom.register_dependency(component, [made[one] for one in sorted(_requires(name, pins[name])) if one in made])
    seed = json.dumps([sorted(pins.items()), sorted(str(one.purl) for one in made_console)])
    bom.serial_number = uuid.uuid5(_NAMESPACE, seed)
    return bom


# ---------------------------------------------------------------- Python
def python_pins(text: str) -> dict[str, str]:
    """Name → version of a constraints file. Raises ValueError for a line that pins nothing."""
    found = {}
    for line in (one.partition("#")[0].strip() for one in text.splitlines()):
        if not line:
            continue
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.+!_-]+)", line)
        if match is None:
            raise ValueError(f"constraints.txt: {line!r} is no pin")
        found[canonicalize_name(match[1])] = match[2]
    return found


def closure(requirements: list[str]) -> set[str]:
    """What the core needs, directly or not, as far as it is installed here."""
    found: set[str] = set()
    waiting = [canonicalize_name(Requirement(one).name) for one in requirements]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _requires(name)
    return found


def _direct(project: dict[str, object]) -> list[str]:
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict)
    lines = [*project["dependencies"], *(line for one in extras.values() for line in one)]  # type: ignore[misc]
    return sorted({canonicalize_name(Requirement(line).name) for line in lines})


def _requires(name: str, version: str = "") -> set[str]:
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return set()
    if version and found.version.partition("+")[0] != version.partition("+")[0]:
        return set()
    environment = {**default_environment(), "extra": ""}
    needs = [Requirement(line) for line in found.requires or ()]
    return {
        canonicalize_name(one.name)
        for one in needs
        if one.marker is None or one.marker.evaluate(environment)  # type: ignore[arg-type]
    }


def _python(name: str, version: str, *, required: bool) -> Component:
    licence = _licence(name, version)
    return Component(
        name=name, version=version, type=ComponentType.LIBRARY, bom_ref=f"pypi:{name}",
        purl=PackageURL("pypi", name=name, version=version),
        scope=ComponentScope.REQUIRED if required else ComponentScope.OPTIONAL,
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        properties=[Property(name="volant:lock", value="constraints.txt")],
    )  # fmt: skip


def _licence(name: str, version: str) -> str:
    """An SPDX expression or a name; empty where the package says none in a line."""
    try:
        facts = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
    if facts["Version"].partition("+")[0] != version.partition("+")[0]:
        return ""
    said = facts.get("License-Expression") or facts.get("License") or ""
    if said and "\n" not in said and len(said) < 100:
        return str(said)
    classified = [one.rpartition("::")[2].strip() for one in facts.get_all("Classifier", []) if "License ::" in one]
    return classified[0] if classified else ""


# ---------------------------------------------------------------- the console
def console_pins(lock: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """(name, entry) of every package that is built into the console; what only builds it is left out."""
    if not lock.exists():
        return
    seen = set()
    for place, entry in json.loads(lock.read_text())["packages"].items():
        name = place.rpartition("node_modules/")[2]
        if name and not entry.get("dev") and not entry.get("devOptional") and (name, entry["version"]) not in seen:
            seen.add((name, entry["version"]))
            yield name, entry


def _npm(name: str, entry: dict[str, object]) -> Component:
    version = str(entry["version"])
    scope, _, short = name.rpartition("/")
    hashes = []
    algorithm, _, digest = str(entry.get("integrity", "")).partition("-")
    if algorithm == "sha512":
        hashes.append(HashType(alg=HashAlgorithm.SHA_512, content=base64.b64decode(digest).hex()))
    licence = str(entry.get("license", ""))
    return Component(
        name=short, group=scope or None, version=version, type=ComponentType.LIBRARY, bom_ref=f"npm:{name}@{version}",
        purl=PackageURL("npm", namespace=scope or None, name=short, version=version), hashes=hashes,
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        properties=[Property(name="volant:lock", value="console/package-lock.json")],
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
