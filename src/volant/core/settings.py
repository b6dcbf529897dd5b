"""Settings: what a boot needs, from `volant.toml`, the environment and flags, validated once, all errors at once.

Flags win over the environment (`VOLANT_PORT`), which wins over the file (`[server] port`), which wins over the
defaults. The rest of the file is the project's documents (tasks, deployments, monitors, gates, loops, policy).
Pure: reading the file is the caller's work.
"""

from __future__ import annotations

import difflib
import hashlib
import ipaddress
import typing
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from volant.core import deployment_rules
from volant.core.addresses import Allowed
from volant.core.errors import BadInput
from volant.core.nouns import Documents, Noun, VariantSpec
from volant.core.people_settings import PeopleSettings, people_problems
from volant.core.prompts import check_spec, parse_reference


class ServerSettings(Noun, frozen=True, kw_only=True):
    """Boot settings: frozen for the life of a process. Table `[server]`."""

    host: str = "127.0.0.1"  # address to listen on
    port: int = 8321  # TCP port; 0 takes a free one and prints it
    data_dir: str = "volant-data"  # everything Volant keeps
    workers: int = 1  # gateway processes
    database_url: str = ""  # empty: SQLite in data_dir; else a SQLAlchemy URL of PostgreSQL
    engine_threads: int = 1  # threads of each embedded engine
    max_body_bytes: int = 8 * 1024 * 1024  # a larger request is refused with 413
    max_upload_bytes: int = 512 * 1024 * 1024  # a larger file is refused with 413
    drain_s: float = 10.0  # how long a stop waits for requests in flight
    run_nice: int = 10  # niceness of training and evaluation while models serve
    disk_floor_mb: int = 64  # below this much free disk, writes are refused before they tear
    disk_ceiling_mb: int = 0  # the most that the data directory may hold; 0: as much as the disk has
    backup_dir: str = ""  # where backups go; empty: beside the data directory, as DATA-backups
    upgrade_copy_days: int = 7  # the copy of the databases made before an upgrade is kept so long; 0: make none
    log_level: str = "info"  # debug, info, warning, error
    log_format: str = "text"  # text for people, json for machines: one object a line
    log_to: str = "files"  # files in data_dir/logs, or stderr, as containers and systemd want it
    log_max_bytes: int = 64 * 1024 * 1024  # a log file that grew larger is moved to NAME.1 and begun anew
    access_log: str = "control"  # a line per request: control (API and console), all (chat as well), off
    allowed_hosts: tuple[
        str, ...
    ] = ()  # Host names that are answered; none given: this machine's own on loopback, else any
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks whose X-Forwarded-For and -Proto are believed
    drain_delay_s: float = 0.0  # at a stop, how long /readyz says 503 first while everything is still answered
    max_connections: int = 4096  # open client connections of one gateway process; more are answered 503 and closed
    max_headers: int = 100  # header lines of one request; more are refused with 431
    max_header_bytes: int = 64 * 1024  # request line and headers together; more are refused with 431
    max_url_bytes: int = 8 * 1024  # a longer path and query is refused with 414
    max_json_depth: int = 200  # objects and lists inside one another; deeper JSON is refused with 400
    max_listeners: int = 64  # open streams of live events (server-sent events) of the API; more are refused with 503
    header_timeout_s: float = 15.0  # a request whose head is not whole after this is closed
    body_timeout_s: float = 30.0  # a body must be there after this, plus a second per KiB
    write_timeout_s: float = 60.0  # a client that has not read anything for so long is closed
    keep_alive_s: float = 75.0  # a connection without a request is closed after this
    fetch_allow: tuple[
        str, ...
    ] = ()  # hosts, addresses or networks inside that callers' URLs of images and documents may lead to
    fetch_max_bytes: int = 20 * 1024 * 1024  # what the URLs of one request may give together
    fetch_total_bytes: int = 64 * 1024 * 1024  # what those of all requests under way may, in each worker
    fetch_s: float = 20.0  # how long fetching them may take
    region: str = ""  # where this server is; deployments of the same region are asked before others
    environment: str = "default"  # a label on what this installation is
    public_url: str = ""  # the address that people open, e.g. https://volant.example.com; empty: the one they asked
    otlp_url: str = (
        ""  # an OpenTelemetry collector that gets spans and metrics, e.g. http://127.0.0.1:4318; empty: none
    )
    otlp_headers_env: str = ""  # environment variable with its headers, as name=value,name=value
    otlp_content: bool = False  # send what was asked and answered too, as far as it is recorded
    otlp_metrics_s: float = 15.0  # seconds between two sendings of metrics; 0: spans only
    people: PeopleSettings = PeopleSettings()  # how people sign in; a table of its own, [people]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong in a file: `path` is where, `sentence` what and what to do."""

    path: str
    sentence: str


ENVIRONMENT_PREFIX = "VOLANT_"
LISTS = ("allowed_hosts", "trusted_proxies", "fetch_allow")  # in the environment: words with commas between them
_NOT_SETTINGS = {"VOLANT_API_KEY", "VOLANT_URL", "VOLANT_MASTER_KEY", "VOLANT_TEST_DATA", "VOLANT_STRICT",
                 "VOLANT_TORCH", "VOLANT_PARENT_FD", "VOLANT_CONFIG", "VOLANT_PROJECT", "VOLANT_STORY_DATA",
                 "VOLANT_CHROMIUM", "VOLANT_SCREENSHOTS", "VOLANT_SKIP_INSTALL"}  # fmt: skip


def load(
    file: Mapping[str, Any], environment: Mapping[str, str], flags: Mapping[str, Any], *, origin: str = "volant.toml"
) -> tuple[ServerSettings, Documents]:
    """Merge and validate. Raises BadInput `settings_invalid` that lists every problem with its path."""
    problems: list[Problem] = []
    file = dict(file)
    server = dict(file.pop("server", {}) or {})
    people = _struct(PeopleSettings, file.pop("people", {}), f"{origin}: people", problems, strict=False)
    names = {field.name for field in msgspec.structs.fields(ServerSettings)} - {"people"}
    if "people" in server:
        problems.append(Problem(path=f"{origin}: server.people", sentence="is a table of its own: write [people]"))
    for name in names:
        value = environment.get(ENVIRONMENT_PREFIX + name.upper())
        if value is not None:
            server[name] = _words(value) if name in LISTS else value
    for name in environment:
        known = name.removeprefix(ENVIRONMENT_PREFIX).lower() in names
        if name.startswith(ENVIRONMENT_PREFIX) and not known and name not in _NOT_SETTINGS:
            problems.append(Problem(path=f"${name}", sentence="no such setting" + _near(name[7:].lower(), names)))
    server.update({name: value for name, value in flags.items() if value is not None})
    settings = _struct(ServerSettings, server, f"{origin}: server", problems, strict=False)
    documents = _struct(Documents, file, f"{origin}:", problems, strict=True)
    if settings is not None:
        problems += _ranges(settings, origin)
    if people is not None:
        problems += [Problem(path=f"{origin}: people{path}", sentence=text) for path, text in people_problems(people)]
    if documents is not None:
        problems += check_references(documents, origin)
    if problems or settings is None or documents is None:
        lines = "\n".join(f"  - {problem.path}: {problem.sentence}" for problem in problems)
        raise BadInput(
            "settings_invalid",
            f"{len(problems)} problem{'s' if len(problems) != 1 else ''} in the settings:\n{lines}",
            where=origin,
            hint="correct them and run the command again; nothing was changed",
        )
    return msgspec.structs.replace(settings, people=people), documents


def check_references(documents: Documents, origin: str = "") -> list[Problem]:
    """Names that point nowhere, and names given twice."""
    problems: list[Problem] = []
    deployments = {d.name for d in documents.deployments}
    tasks = {t.name for t in documents.tasks}
    monitors = {m.name for m in documents.monitors}
    gates = {g.name for g in documents.gates}

    def need(path: str, name: str, known: set[str], noun: str) -> None:
        if name not in known:
            problems.append(
                Problem(path=f"{origin}: {path}", sentence=f"there is no {noun} {name!r}" + _near(name, known))
            )

    for kind in ("deployments", "tasks", "prompts", "monitors", "gates"):
        names = [item.name for item in getattr(documents, kind)]
        problems += [
            Problem(path=f"{origin}: {kind}", sentence=f"the name {name!r} is given twice; names must differ")
            for name in sorted({n for n in names if names.count(n) > 1})
        ]
    for task in documents.tasks:
        if not task.variants:
            problems.append(Problem(path=f"{origin}: tasks.{task.name}", sentence="needs at least one variant"))
        for variant in task.variants:
            for deployment in (*variant.deployments, *variant.fallbacks, *variant.context_fallbacks):
                need(f"tasks.{task.name}.variants.{variant.name}", deployment, deployments, "deployment")
            if variant.prompt and (words := _wrong_prompt(variant)):
                path = f"{origin}: tasks.{task.name}.variants.{variant.name}.prompt"
                problems.append(Problem(path=path, sentence=words))
    for spec in documents.prompts:
        try:
            check_spec(spec)
        except BadInput as error:
            place = f" ({error.where})" if error.where else ""
            problems.append(Problem(path=f"{origin}: prompts.{spec.name}", sentence=f"{error.message}{place}"))
    problems += [
        Problem(path=f"{origin}: {path}", sentence=words) for path, words in deployment_rules.problems(documents)
    ]
    for alias, task_name in documents.aliases.items():
        need(f"aliases.{alias}", task_name, tasks, "task")
        if alias in tasks:
            problems.append(Problem(path=f"{origin}: aliases.{alias}", sentence="a task has this name itself"))
    for monitor in documents.monitors:
        need(f"monitors.{monitor.name}.task", monitor.task, tasks, "task")
    if (days := documents.policy.retention_days) < 1:
        words = f"must be 1 day or more, is {days}: every text and every record would go at the next sweep"
        problems.append(Problem(path=f"{origin}: policy.retention_days", sentence=words))
    problems += [
        Problem(path=f"{origin}: retention.{name}", sentence=f"days must not be negative, is {days}; 0: for ever")
        for name, days in msgspec.structs.asdict(documents.retention).items()
        if days < 0
    ]
    for loop in documents.loops:
        need(f"loops.{loop.task}.task", loop.task, tasks, "task")
        need(f"loops.{loop.task}.monitor", loop.monitor, monitors, "monitor")
        need(f"loops.{loop.task}.gate", loop.gate, gates, "gate")
    return problems


def _wrong_prompt(variant: VariantSpec) -> str:
    """What is wrong with a variant's prompt, as far as the file can say; whether it exists the server knows."""
    if variant.system:
        return "a variant has a prompt or a system message, not both: put the message into the prompt"
    try:
        parse_reference(variant.prompt)
    except BadInput as error:
        return f"{error.message}: {error.hint}"
    return ""


def settings_hash(value: msgspec.Struct) -> str:
    """A short stable hash of a settings or documents tree; stands on every inference and run."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:16]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `volant.toml`, for editors."""
    schemas, components = msgspec.json.schema_components(
        (ServerSettings, PeopleSettings, Documents), ref_template="#/$defs/{name}"
    )
    components["ServerSettings"]["properties"].pop("people")  # a table of its own
    documents = dict(components["Documents"])
    documents["properties"] = {"server": schemas[0], "people": schemas[1], **documents["properties"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "volant.toml",
        **documents,
        "$defs": components,
    }


def _ranges(settings: ServerSettings, origin: str) -> list[Problem]:
    return [
        Problem(path=f"{origin}: server.{name}", sentence=f"{sentence}, is {getattr(settings, name)!r}")
        for name, holds, sentence in _rules(settings)
        if not holds
    ]


def _rules(settings: ServerSettings) -> list[tuple[str, bool, str]]:
    """(setting, whether it holds, what it must be)."""
    choices = {
        "log_level": ("debug", "info", "warning", "error"),
        "log_format": ("text", "json"),
        "log_to": ("files", "stderr"),
        "access_log": ("off", "control", "all"),
    }
    least = {
        "engine_threads": 1, "max_body_bytes": 1024, "drain_s": 0, "drain_delay_s": 0, "log_max_bytes": 1 << 16,
        "max_connections": 1, "max_headers": 10, "max_header_bytes": 1024, "max_url_bytes": 256, "max_json_depth": 10,
        "max_listeners": 0, "header_timeout_s": 1, "body_timeout_s": 1, "write_timeout_s": 1, "keep_alive_s": 1,
        "disk_ceiling_mb": 0, "upgrade_copy_days": 0, "otlp_metrics_s": 0,
        "fetch_max_bytes": 1024, "fetch_total_bytes": 1024, "fetch_s": 1,
    }  # fmt: skip
    rules = [
        ("port", 0 <= settings.port <= 65535, "must be between 0 and 65535"),
        ("workers", 1 <= settings.workers <= 64, "must be between 1 and 64"),
        ("run_nice", 0 <= settings.run_nice <= 19, "must be between 0 and 19"),
        ("otlp_url", _is_origin(settings.otlp_url, paths=True), "must be like http://127.0.0.1:4318, or empty"),
        ("public_url", _is_origin(settings.public_url), "must be like https://volant.example.com, or empty"),
        ("trusted_proxies", all(map(_is_network, settings.trusted_proxies)), "must be IP addresses or networks"),
        ("fetch_allow", _are_places(settings.fetch_allow), "must be host names, *.names, IP addresses or networks"),
    ]
    rules += [
        (name, getattr(settings, name) in words, f"must be {', '.join(words[:-1])} or {words[-1]}")
        for name, words in choices.items()
    ]
    rules += [(name, getattr(settings, name) >= low, f"must be at least {low}") for name, low in least.items()]
    return rules


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _are_places(entries: tuple[str, ...]) -> bool:
    try:
        Allowed.parse(entries)
    except ValueError:
        return False
    return True


def _is_origin(text: str, *, paths: bool = False) -> bool:
    if not text:
        return True
    parts = urlsplit(text)
    whole = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query
    return whole and (paths or parts.path in ("", "/"))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _struct(kind: type[Any], value: Any, path: str, problems: list[Problem], *, strict: bool) -> Any:
    """Convert `value` to the struct `kind`; appends every problem found and gives None when there was one."""
    if not isinstance(value, Mapping):
        problems.append(Problem(path=path, sentence=f"must be a table, is {type(value).__name__}"))
        return None
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    before = len(problems)
    made: dict[str, Any] = {}
    problems.extend(
        Problem(path=_join(path, name), sentence="no such setting" + _near(name, set(fields)))
        for name in value
        if name not in fields
    )
    for name, field in fields.items():
        if name not in value:
            if field.required:
                problems.append(Problem(path=_join(path, name), sentence="is required and missing"))
            continue
        made[name] = _value(field.type, value[name], _join(path, name), problems, strict=strict)
    return kind(**made) if len(problems) == before else None


def _value(kind: Any, value: Any, path: str, problems: list[Problem], *, strict: bool) -> Any:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(kind, value, path, problems, strict=strict)
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        if not isinstance(value, list | tuple):
            problems.append(Problem(path=path, sentence=f"must be a list, is {type(value).__name__}"))
            return None
        return tuple(
            _value(arguments[0], item, _join(path, _label(item, index)), problems, strict=strict)
            for index, item in enumerate(value)
        )
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        shown = f" {value!r}" if isinstance(value, int | float | bool) else ""
        problems.append(Problem(path=path, sentence=f"{str(error)[:1].lower()}{str(error)[1:]}{shown}"))
        return None


def _label(item: Any, index: int) -> str:
    name = item.get("name") if isinstance(item, Mapping) else None
    return name if isinstance(name, str) else str(index)


def _join(path: str, name: str) -> str:
    return f"{path} {name}" if path.endswith(":") else f"{path}.{name}"


def _near(name: str, known: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
