"""Template: a subset of Jinja that text and plain data can be put through, whoever wrote it, and that always ends.

Knows templates and values; knows no prompts, roles or stores. The subset is chosen so that every value is plain JSON
data (no attribute of a Python object is reachable) and every cost can be counted before it is paid:

    allowed      text, {{ }}, if / for / set / with, comparisons, arithmetic, ~, constants, a closed list of filters
                 and tests, range(), and items() keys() values() get() of an object
    not there    macros, call, block, include, import, extends, namespace, methods, recursive loops, `*` of texts, `**`

Work is counted in steps (about one node of the template, or 16 characters of a value), so that the same template with
the same values ends the same way on every machine: no clock decides. jinja2 itself is imported when the first template
is compiled; a process without templates does not carry it.
Source: Jinja's sandbox and its limits, https://jinja.palletsprojects.com/en/stable/sandbox/ (read November 2026).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from volant.core.budget import MAX_SOURCE, Budget
from volant.core.errors import BadInput

if TYPE_CHECKING:
    from volant.core.sandbox import Sandbox

_sandbox: Sandbox | None = None


class Template:
    """One compiled template."""

    __slots__ = ("_generate", "names", "where")

    def __init__(self, where: str, names: Mapping[str, int], generate: Callable[..., Iterable[str]]) -> None:
        """Use `compile_template`."""
        self.where = where
        self.names = names  # every variable that it reads → the line of the first use
        self._generate = generate

    def render(self, values: Mapping[str, Any], budget: Budget) -> str:
        """The text. Raises BadInput, naming the line, for what fails and for what costs too much."""
        pieces: list[str] = []
        for piece in self._generate(values, budget):
            budget.write(len(piece))
            pieces.append(piece)
        return "".join(pieces)


def compile_template(source: str, where: str) -> Template:
    """Raises BadInput `prompt_template_invalid` with place and line for whatever is not of the subset."""
    global _sandbox
    if len(source) > MAX_SOURCE:
        raise BadInput(
            "prompt_template_invalid",
            f"the template has {len(source)} characters; {MAX_SOURCE} are the most",
            where=where,
            hint="long texts belong into a variable",
        )
    if _sandbox is None:
        from volant.core.sandbox import Sandbox

        _sandbox = Sandbox()
    names, generate = _sandbox.compile_subset(source, where)
    return Template(where, names, generate)
