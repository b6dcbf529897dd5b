"""Generate what is derived from the code: openapi.json, the schema of volant.toml, and the reference tables in docs.

    python scripts/generate.py            write what changed and name it
    python scripts/generate.py --check    change nothing; exit code 1 when something is stale

Pages keep their own words: only what stands between the two marks is replaced.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import typer.main

from volant.api.access import also_needed, permission_of
from volant.api.app import routes
from volant.api.problems import MethodNotAllowed
from volant.cli.main import build
from volant.core import errors, nouns, people_settings, settings
from volant.core.capabilities import Capabilities
from volant.core.errors import VolantError
from volant.registry.audit_actions import ACTIONS

sys.path.insert(0, str(Path(__file__).parent))
import provider_pages
from reference_api import routes_page, table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.clients.asks import ROWS, unsayable
from tests.clients.expectations import DOORS, TARGETS, Cell, cell

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"
NAV = "# generated: providers", "# generated: end"


def main(arguments: list[str]) -> int:
    """Exit code 0: all is fresh (now)."""
    wanted = {
        "openapi.json": json.dumps(routes().openapi(), indent=1, ensure_ascii=False) + "\n",
        "docs/volant.schema.json": json.dumps(settings.json_schema(), indent=1, ensure_ascii=False) + "\n",
    }
    pages = {"cli": commands, "api": api, "errors": error_codes, "settings": setting_tables, "audit": audit_actions}
    pages["operations"] = limits
    pages["compatibility"] = compatibility
    for name, text in ((name, make()) for name, make in pages.items()):
        wanted[f"docs/{name}.md"] = spliced(ROOT / "docs" / f"{name}.md", text)
    wanted["docs/decisions/index.md"] = spliced(ROOT / "docs" / "decisions" / "index.md", decisions())
    wanted |= provider_pages.pages(_comments(Capabilities))
    wanted["docs/providers.md"] = spliced(ROOT / "docs" / "providers.md", provider_pages.rows())
    wanted["mkdocs.yml"] = spliced(ROOT / "mkdocs.yml", provider_pages.nav(), *NAV)
    for page in sorted((ROOT / "docs").rglob("*.md")):
        if (text := pictured(page)) != page.read_text():
            wanted[str(page.relative_to(ROOT))] = text
    stale = [name for name, text in wanted.items() if not (ROOT / name).exists() or (ROOT / name).read_text() != text]
    if "--check" in arguments:
        for name in stale:
            print(f"{name} is stale: make openapi")
        return 1 if stale else 0
    for name in stale:
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(wanted[name])
        print(f"wrote {name}")
    return 0


def spliced(page: Path, text: str, first: str = BEGIN, last: str = END) -> str:
    """The page with `text` between its marks. Raises ValueError when it has none."""
    before, begin, rest = page.read_text().partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"{page} has no line {first} with a line {last} behind it")
    margin = before[before.rfind("\n") + 1 :]  # of the marks, where they are indented
    return f"{before}{first}\n{text.strip() if not margin else text}\n{margin}{last}{after}"


# ---------------------------------------------------------------- limits
def limits() -> str:
    """Every setting that limits what a client may take: those named max_..., and the times."""
    comments = _comments(settings.ServerSettings)
    rows = [
        (f"`{field.name}`", _default(field).removeprefix("default "), comments.get(field.name, ""))
        for field in msgspec.structs.fields(settings.ServerSettings)
        if field.name.startswith("max_") or field.name.endswith("_timeout_s") or field.name == "keep_alive_s"
    ]
    return table(("setting", "default", "what"), rows)


# ---------------------------------------------------------------- clients and providers
_DOORS = {"chat": "OpenAI chat completions", "responses": "OpenAI responses", "anthropic": "Anthropic messages",
          "gemini": "Gemini generateContent"}  # fmt: skip
_TARGETS = {"openai": "OpenAI", "azure": "Azure OpenAI", "compatible": "OpenAI-compatible", "anthropic": "Anthropic",
            "gemini": "Gemini", "bedrock": "Bedrock"}  # fmt: skip


def compatibility() -> str:
    """What each kind of client may ask of each provider: the promises that tests/clients hold to."""
    parts = []
    for door in DOORS:
        rows = [
            (row.title, *(_promise(cell(door, door, target, row.name)) for target in TARGETS))
            for row in ROWS
            if row.name != "broken" and row.name not in unsayable(door)
        ]
        parts += [f"### {_DOORS[door]}", table(("what", *(_TARGETS[target] for target in TARGETS)), rows)]
    return "\n\n".join(parts)


def _promise(one: Cell) -> str:
    named = ", ".join(f"`{name}`" for name in sorted(one.fields - {"max_tokens"}))
    return {
        "works": "yes",
        "warns": f"yes; {named}" if named else "yes",
        "hidden": f"not shown; {named}" if named else "not shown",
        "refused": f"**no**: {named}",
    }[one.kind]


# ---------------------------------------------------------------- decisions and pictures
def decisions() -> str:
    """Every decision by its title, in order."""
    places = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    titles = [place.read_text().partition("\n")[0].lstrip("# ") for place in places]
    return "\n".join(f"- [{title}]({place.name})" for place, title in zip(places, titles, strict=True))


def pictured(page: Path) -> str:
    """The page with the console's pictures in the places that it marks, where the pictures are there.

    A place is a line `<!-- console: NAME -->`, and an end `<!-- console: end -->` once it is filled.
    """

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        folder = ROOT / "docs" / "images" / "console"
        if not all((folder / f"{name}-{scheme}.png").exists() for scheme in ("light", "dark")):
            return found[0]
        to = "../" * (len(page.relative_to(ROOT / "docs").parts) - 1) + f"images/console/{name}"
        alt = f"The console: {name.replace('-', ' ')}"
        both = "\n".join(f"![{alt}]({to}-{scheme}.png#only-{scheme})" for scheme in ("light", "dark"))
        return f"<!-- console: {name} -->\n{both}\n<!-- console: end -->"

    place = r"<!-- console: ([\w-]+) -->(?:\n!\[.*\n!\[.*\n<!-- console: end -->)?"
    return re.sub(place, fill, page.read_text())


# ---------------------------------------------------------------- commands
NOT_RUN = {  # examples that the docs' test does not run → why
    "demo": "minutes; CI runs make demo",
    "eval": "needs the weights of a model; the data scientist's tutorial evaluates",
    "release make": "needs the weights of a model; make demo releases",
    "train": "minutes; the data scientist's tutorial trains",
}
EXITS = {  # examples that end with another exit code than 0 on the page's server → the code
    "erase": 130,  # it asks, and nobody answers
    "gate": 5,  # too few right answers for the standard gate
    "init": 5,  # there is a volant.toml
    "key rotate": 5,  # the example before has revoked it
    "rollout hold": 5,  # the newest rollout is over
    "rollout promote": 5,
    "rollout resume": 5,
    "rollout rollback": 5,
    "rollout start": 5,  # a model without a verdict
    "run cancel": 5,  # it has ended
    "up": 5,  # a server works on the data directory
}


def commands() -> str:
    """Every command with its words, options and example."""
    leaves = sorted(_leaves(typer.main.get_command(build()), ""))
    return "\n\n".join(_command(name, command) for name, command in leaves)


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below:
        for child, one in below.items():
            yield from _leaves(one, f"{name} {child}".strip())
    else:
        yield name, command


def _command(name: str, command: Any) -> str:
    prose, _, example = inspect.cleandoc(command.help or "").partition("Example: ")
    rows = []
    for parameter in command.params:
        if parameter.name == "help":
            continue
        option = parameter.param_type_name == "option"
        shown = ", ".join([*parameter.opts, *parameter.secondary_opts]) if option else _argument(parameter)
        rows.append((f"`{shown}`", _plain(parameter.help or "") + _choices(parameter)))
    note = f"<!-- run: no, {NOT_RUN[name]} -->\n" if name in NOT_RUN else ""
    note = f"<!-- run: exit {EXITS[name]} -->\n" if name in EXITS else note
    parts = [f"### volant {name}", _plain(prose.strip()), f"{note}```sh\n" + example.strip().strip("`") + "\n```"]
    return "\n\n".join([*parts, table(("argument or option", "what"), rows)])


def _choices(parameter: Any) -> str:
    """The values that it takes, where they are few."""
    values = [f"`{value}`" for value in _values(parameter.type_descriptor.annotation)]
    return f" One of {', '.join(values)}." if values else ""


def _values(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [value for inner in get_args(annotation) for value in _values(inner)]


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name or "").strip("_").upper()
    return name if parameter.required else f"[{name}]"


def _plain(text: str) -> str:
    return text.replace("<", "&lt;") if "`" not in text else text


# ---------------------------------------------------------------- routes
def api() -> str:
    """Every route with its permission, by noun."""
    return routes_page(routes().openapi(), _permissions())


def _permissions() -> dict[tuple[str, str], str]:
    from fastapi.routing import iter_route_contexts

    return {
        (method, str(route.path)): "` and `".join(
            filter(None, (permission_of(route.dependant), also_needed(route.dependant)))
        )
        for route in iter_route_contexts(routes().routes)
        for method in route.methods or ()
    }


# ---------------------------------------------------------------- audit
def audit_actions() -> str:
    """Every action that an audit row may have."""
    return table(("action", "what it says"), ((f"`{action}`", meaning) for action, meaning in sorted(ACTIONS.items())))


# ---------------------------------------------------------------- errors
def error_codes() -> str:
    """Every error code by the class that carries it: what it says and what to do, as the code has it."""
    found = _raised()
    parts = []
    for kind in (*_tree(VolantError), MethodNotAllowed):
        rows = [
            (f"`{code}`", says, hint, f"`{where}`") for code, (name, says, hint, where) in sorted(found.items())
            if name == kind.__name__
        ]  # fmt: skip
        head = f"### {kind.__name__}\n\nHTTP {kind.status}, exit code {kind.exit_code}"
        head += ", a retry may help. " if kind.retry_helps else ". "
        parts.append(head + (inspect.getdoc(kind) or "").splitlines()[0])
        if rows:
            parts.append(table(("code", "says", "what to do", "from"), rows))
    return "\n\n".join(parts)


def _tree(kind: type[VolantError]) -> list[type[VolantError]]:
    below = [one for child in kind.__subclasses__() for one in _tree(child) if one.__module__ == errors.__name__]
    return [kind, *below]


def _raised() -> dict[str, tuple[str, str, str, str]]:
    """code -> class of core.errors, message, advice, module: where one is made, also by a class of a module's own."""
    sources = {
        str(place.relative_to(ROOT / "src" / "volant").with_suffix("")).replace("/", "."): ast.parse(place.read_text())
        for place in sorted((ROOT / "src" / "volant").rglob("*.py"))
    }
    kinds = {kind.__name__: kind.__name__ for kind in (*_tree(VolantError), MethodNotAllowed)}
    classes = [node for tree in sources.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    known = 0
    while known != len(kinds):  # classes of classes
        known = len(kinds)
        for node in classes:
            for base in node.bases:
                if (name := getattr(base, "id", "")) in kinds:
                    kinds.setdefault(node.name, kinds[name])
    found: dict[str, tuple[str, str, str, str]] = {}
    for module, tree in sources.items():
        for made, code, call in _made(tree, kinds):
            hint = next((word.value for word in call.keywords if word.arg == "hint"), None)
            says, advice = _words(call.args[1]), _words(hint) if hint else ""
            found.setdefault(code, (kinds[made], says, advice, module.removesuffix(".__init__")))
    return found


def _made(tree: ast.AST, kinds: dict[str, str]) -> Iterator[tuple[str, str, ast.Call]]:
    """(class, code, the call) of each error that is made with a code that stands there."""
    own = {
        id(call): node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name in kinds
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or len(node.args) < 2:
            continue
        name = own.get(id(node)) or getattr(node.func, "id", getattr(node.func, "attr", ""))
        code = node.args[0]
        if name in kinds and isinstance(code, ast.Constant) and isinstance(code.value, str):
            yield name, code.value, node


def _words(node: ast.expr) -> str:
    """A message's text with … in place of what is put in."""
    if isinstance(node, ast.Constant):
        return _safe(str(node.value))
    if isinstance(node, ast.JoinedStr):
        parts = (str(v.value) if isinstance(v, ast.Constant) else "…" for v in node.values)
        return _safe("".join(parts))
    return "…"


def _safe(text: str) -> str:
    return re.sub(r"<([a-z])", r"&lt;\1", text.replace("\n", " ").strip())


# ---------------------------------------------------------------- settings
def tables() -> Iterator[tuple[str, str, type]]:
    """Each table of volant.toml: its path, how it is written there, the struct behind it."""
    yield "server", "[server]", settings.ServerSettings  # its `people` is a table of its own
    yield from _tables("people", "[people]", people_settings.PeopleSettings)
    yield from _tables("", "", nouns.Documents)


def _tables(path: str, title: str, kind: type) -> Iterator[tuple[str, str, type]]:
    yield path, title, kind
    for field in msgspec.structs.fields(kind):
        for below, form in _structs(field.type):
            inner = f"{path}.{field.name}".strip(".") + (".NAME" if form == "dict" else "")
            yield from _tables(inner, f"[[{inner}]]" if form == "list" else f"[{inner}]", below)


def _structs(kind: Any, form: str = "") -> Iterator[tuple[type, str]]:
    """The structs that a field's type holds, and whether as a list, a table of tables, or itself."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind, form
    origin = getattr(kind, "__origin__", None)
    for argument in get_args(kind):
        yield from _structs(argument, {tuple: "list", list: "list", dict: "dict"}.get(origin, form))


def setting_tables() -> str:
    """Every setting as a heading, with its type, default, environment variable and comment in the code."""
    parts = []
    for path, title, kind in tables():
        comments = _comments(kind)
        head = f"`{title}`" if title else "the whole file"
        parts.append(f"### {head}\n\n{_safe((inspect.getdoc(kind) or '').splitlines()[0])}")
        for field in msgspec.structs.fields(kind):
            facts = [_kind(field.type), _default(field)]
            if kind is settings.ServerSettings and field.name != "people":
                facts.append(f"environment `VOLANT_{field.name.upper()}`")
            parts.append(f"#### `{f'{path}.{field.name}'.strip('.')}`\n\n{' · '.join(facts)}")
            if field.name in comments:
                parts.append(comments[field.name])
    return "\n\n".join(parts)


def _comments(kind: type) -> dict[str, str]:
    """Field → the comment behind it in the source."""
    place = Path(inspect.getfile(kind))
    tree = ast.parse(place.read_text())
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__).body
    fields = {
        line: node.target.id for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }  # fmt: skip
    with place.open("rb") as file:
        said = {token.start[0]: token.string.lstrip("# ") for token in tokenize.tokenize(file.readline)
                if token.type == tokenize.COMMENT}  # fmt: skip
    return {field: _sentence(said[line]) for line, field in fields.items() if line in said}


def _sentence(comment: str) -> str:
    text = _safe(comment)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")


def _kind(kind: Any) -> str:
    arguments = get_args(kind)
    if getattr(kind, "__origin__", None) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return f"list of {_kind(arguments[0])}"
    if type(None) in arguments:
        return _kind(next(one for one in arguments if one is not type(None)))
    if arguments and all(isinstance(one, str) for one in arguments):
        return " or ".join(f"`{one}`" for one in arguments)
    names = {"str": "text", "int": "number", "float": "number", "bool": "true or false", "dict": "table"}
    name = getattr(kind, "__name__", str(kind))
    return names.get(name, f"table ({name})" if isinstance(kind, type) else "list")


def _default(field: Any) -> str:
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if isinstance(value, msgspec.Struct):
        return "default: each its own"
    text = msgspec.json.encode(value).decode()
    return f"default `{text}`" if len(text) <= 60 else "default: see `volant init`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
