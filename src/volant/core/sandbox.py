"""Sandbox: Jinja's immutable sandbox, narrowed to the subset that `core.templates` promises. Imports jinja2.

Three nets: the syntax tree is checked against a closed list before anything is compiled; attributes are looked up in
plain data only; and what costs (iterations, filters, operators, comparisons, slices) goes through a function of ours
that takes its steps from the rendering's budget first.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn, cast

from jinja2 import StrictUndefined, meta, nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from volant.core.budget import MAX_DEPTH, MAX_NODES, MAX_RANGE, MAX_VALUE, Budget
from volant.core.errors import BadInput, VolantError

BUDGET = "\0budget"  # in the context; no template can spell it
FILE = "<prompt>"
_LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth0", "depth"})
_METHODS = frozenset({"items", "keys", "values", "get"})
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Filter, nodes.Test, nodes.If, nodes.For, nodes.CondExpr, nodes.And, nodes.Or, nodes.Not,
    nodes.Compare, nodes.Operand, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg,
    nodes.Pos, nodes.Concat, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Assign, nodes.With, nodes.Call,
    nodes.Keyword,
)  # fmt: skip
_SCALARS = (str, int, float, bool, type(None))
_BIGGEST = 2**63
_Generate = Callable[[Mapping[str, Any], Budget], Iterable[str]]


class Refused(Exception):
    """A template does what it may not; its text is for the caller."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Compiles templates of the subset. One for a process; holds no state of a rendering."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, finalize=_printable, cache_size=0
        )
        self.globals = {"range": _range}
        self.filters = {name: _costed(name, run) for name, run in FILTERS.items()} | {
            "default": pass_context(_default), "d": pass_context(_default), " each": pass_context(_each),
            " weigh": pass_context(_weigh), " concat": pass_context(_concat),
        }  # fmt: skip
        self.tests = {name: self.tests[name] for name in TESTS}

    # ------------------------------------------------------------ compiling
    def compile_subset(self, source: str, where: str) -> tuple[dict[str, int], _Generate]:
        """(names that it reads → line, what renders it). Raises BadInput `prompt_template_invalid`."""
        try:
            tree = self.parse(source, filename=FILE)
            _check(tree)
            names = _names(tree)
            tree = _Counting().visit(tree)
            tree.set_environment(self)
            compiled = self.template_class.from_code(self, self.compile(tree, filename=FILE), {**self.globals})
        except TemplateSyntaxError as error:
            raise _invalid(error.message or "syntax error", where, error.lineno) from None
        except (TemplateError, SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            raise _invalid(f"it cannot be compiled ({type(error).__name__})", where, 0) from None

        def generate(values: Mapping[str, Any], budget: Budget) -> Iterator[str]:
            try:
                yield from compiled.root_render_func(compiled.new_context({**values, BUDGET: budget}))
            except VolantError as error:
                raise type(error)(error.code, error.message, where=_at(where, error), hint=error.hint) from None
            except (
                TemplateError,
                Refused,
                ArithmeticError,
                TypeError,
                ValueError,
                LookupError,
                AttributeError,
                RecursionError,
            ) as error:
                raise _failed(error, _at(where, error)) from None

        return names, generate

    # ------------------------------------------------------------ values
    def getattr(self, obj: Any, attribute: str) -> Any:
        """Plain data has entries; a loop has its counters; nothing else has anything."""
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()
        if isinstance(obj, dict):
            if attribute in obj:
                return obj[attribute]
            if attribute in _METHODS:
                return getattr(obj, attribute)
        elif isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.undefined(f"there is no {attribute[:60]!r} in {_kind(obj)}", name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Entries of objects, places and parts of lists and texts."""
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()
        if isinstance(obj, dict | list | tuple | str):
            try:
                return obj[argument]
            except (TypeError, LookupError):
                pass
        return self.undefined(f"there is no {str(argument)[:60]!r} in {_kind(obj)}", name=str(argument)[:60])

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic of numbers; `+` of two texts."""
        _budget(context).spend(1)
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _joined(context, [left, right])
        for value in (left, right):
            if isinstance(value, Undefined):
                value._fail_with_undefined_error()
            if not isinstance(value, int | float) or abs(value) > _BIGGEST:
                raise Refused(f"`{operator}` takes numbers, not {_kind(value)}")
        return _OPERATORS[operator](left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        """The tree allows no other call; this is the second net."""
        return obj is _range or (getattr(obj, "__name__", "") in _METHODS and isinstance(obj.__self__, dict))

    def unsafe_undefined(self, obj: Any, attribute: str) -> NoReturn:
        raise SecurityError(f"{attribute[:60]!r} is not to be reached")


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod,
}  # fmt: skip


# ---------------------------------------------------------------- the tree
def _check(tree: nodes.Template) -> None:
    """Raises TemplateSyntaxError for a node that is not of the subset."""
    stack: list[tuple[nodes.Node, int]] = [(tree, 0)]
    seen = 0
    while stack:
        node, depth = stack.pop()
        seen += 1
        if seen > MAX_NODES:
            raise TemplateSyntaxError(f"it has more than {MAX_NODES} parts", node.lineno)
        if depth > MAX_DEPTH:
            raise TemplateSyntaxError(f"it is nested more than {MAX_DEPTH} deep", node.lineno)
        problem = "" if isinstance(node, _ALLOWED) else f"`{_word(node)}` is not available in prompts"
        if problem or (problem := _problem(node)):
            raise TemplateSyntaxError(problem, node.lineno)
        stack += reversed([(child, depth + 1) for child in node.iter_child_nodes()])


def _problem(node: nodes.Node) -> str:
    """What is wrong with a node of an allowed kind; empty: nothing."""
    if isinstance(node, nodes.Name) and node.name.startswith("_"):
        return f"{node.name[:60]!r}: names do not begin with an underscore"
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        return f"{node.attr[:60]!r}: names do not begin with an underscore"
    if isinstance(node, nodes.For) and node.recursive:
        return "recursive loops are not available in prompts"
    if isinstance(node, nodes.Filter) and (node.node is None or node.name not in _FILTER_NAMES):
        return f"there is no filter {node.name!r}; there are {', '.join(sorted(_FILTER_NAMES))}"
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        return f"there is no test {node.name!r}; there are {', '.join(TESTS)}"
    if isinstance(node, nodes.Filter | nodes.Call | nodes.Test) and (node.dyn_args or node.dyn_kwargs):
        return "`*` and `**` in a call are not available in prompts"
    if isinstance(node, nodes.List | nodes.Tuple) and isinstance(getattr(node, "ctx", "load"), str):
        loads = getattr(node, "ctx", "load") == "load"
        if loads and not all(isinstance(item, nodes.Const) for item in node.items):
            return "a list in a template holds texts and numbers only; give others as a variable"
    if isinstance(node, nodes.Pair) and not isinstance(node.value, nodes.Const):
        return "an object in a template holds texts and numbers only; give others as a variable"
    if isinstance(node, nodes.Call) and not _may_be_called(node.node):
        return "only range() and an object's items(), keys(), values() and get() can be called; for texts use filters"
    return ""


def _may_be_called(target: nodes.Node) -> bool:
    if isinstance(target, nodes.Name):
        return target.name == "range"
    return isinstance(target, nodes.Getattr) and target.attr in _METHODS


def _word(node: nodes.Node) -> str:
    words = {"FilterBlock": "filter", "CallBlock": "call", "AssignBlock": "set … endset", "FromImport": "from",
             "NSRef": "namespace", "Pow": "**"}  # fmt: skip
    name = type(node).__name__
    return words.get(name, name.lower())


def _names(tree: nodes.Template) -> dict[str, int]:
    """The variables that the template reads → the line of their first use."""
    free = meta.find_undeclared_variables(tree) - {"range"}
    lines: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        if name.name in free:
            lines[name.name] = min(name.lineno, lines.get(name.name, name.lineno))
    return lines


class _Counting(NodeTransformer):
    """Puts a counter around everything whose cost depends on values."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        size = _size(node)
        self.generic_visit(node)
        node.iter = _through(" each", node.iter, nodes.Const(size))
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        node.expr = _through(" weigh", node.expr)
        return node

    def visit_Operand(self, node: nodes.Operand) -> nodes.Node:
        self.generic_visit(node)
        node.expr = _through(" weigh", node.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _through(" weigh", node.node)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _through(" concat", nodes.List(node.nodes, lineno=node.lineno))


def _through(name: str, expr: nodes.Node, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(cast(nodes.Expr, expr), name, list(arguments), [], None, None, lineno=expr.lineno)


def _size(node: nodes.Node) -> int:
    return 1 + sum(_size(child) for child in node.iter_child_nodes())


# ---------------------------------------------------------------- costs
def _budget(context: Context) -> Budget:
    found: Budget = context.parent[BUDGET]
    return found


def _cost(value: Any, budget: Budget) -> int:
    """Steps to look at the whole of a value."""
    if isinstance(value, str):
        return 1 + len(value) // 16
    if isinstance(value, dict | list | tuple):
        return 1 + len(value) + budget.weight // 16
    if isinstance(value, range):
        return 1 + len(value)  # `1.5 in range(…)` looks at every number
    return 1 + len(value) + budget.weight // 16 if _is_view(value) else 1


def _each(context: Context, value: Any, size: int) -> Iterator[Any]:
    """The items of a loop; each costs as much as the loop's body has nodes."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    if not isinstance(value, dict | list | tuple | str | range) and not _is_view(value):
        raise Refused(f"{_kind(value)} cannot be looped over")
    budget = _budget(context)

    def items() -> Iterator[Any]:
        for item in value:
            budget.spend(size)
            yield item

    return items()


def _weigh(context: Context, value: Any) -> Any:
    budget = _budget(context)
    budget.spend(_cost(value, budget))
    return value


def _concat(context: Context, values: list[Any]) -> str:
    return _joined(context, [_text(value) for value in values])


def _joined(context: Context, texts: Iterable[str], between: str = "") -> str:
    parts = list(texts)
    length = sum(map(len, parts)) + len(between) * max(0, len(parts) - 1)
    _fits(length)
    _budget(context).spend(len(parts) + length // 16)
    return between.join(parts)


def _costed(name: str, run: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that pays for its input before it runs, and whose text does not outgrow its bound."""

    @pass_context
    def paid(context: Context, value: Any, *arguments: Any, **named: Any) -> Any:
        budget = _budget(context)
        for one in (value, *arguments, *named.values()):
            if isinstance(one, Undefined):
                one._fail_with_undefined_error()
            budget.spend(_cost(one, budget))
        try:
            made = run(value, *arguments, **named)
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            detail = f": {error}" if isinstance(error, TypeError) and "argument" in str(error) else ""
            raise Refused(f"the filter `{name}` does not work on {_kind(value)}{detail}") from None
        if isinstance(made, str):
            _fits(len(made))
            budget.spend(len(made) // 16)
        return made

    return paid


def _fits(length: int) -> None:
    if length > MAX_VALUE:
        raise BadInput("prompt_too_large", f"an expression makes a text longer than {MAX_VALUE} characters")


# ---------------------------------------------------------------- what templates can use
def _text(value: Any) -> str:
    """A value as it is printed. Raises Refused for a list or object: nobody means Python's way to print them."""
    if value is None:
        return ""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    if not isinstance(value, _SCALARS):
        raise Refused(f"{_kind(value)} cannot be printed: loop over it, or use the filter `tojson`")
    return str(value)


def _printable(value: Any) -> str:
    return _text(value)


def _range(*bounds: int) -> range:
    made = range(*bounds)
    if any(abs(bound) > _BIGGEST for bound in bounds) or len(made) > MAX_RANGE:
        raise Refused(f"a range of more than {MAX_RANGE} numbers")
    return made


def _default(context: Context, value: Any, otherwise: Any = "", boolean: bool = False) -> Any:
    return otherwise if isinstance(value, Undefined) or value is None or (boolean and not value) else value


def _list(value: Any) -> list[Any]:
    return list(value)


def _replaced(value: str, old: str, new: str, count: int = -1) -> str:
    times = value.count(old) if count < 0 else min(value.count(old), count)
    _fits(len(value) + times * max(0, len(new) - len(old)))
    return value.replace(old, new, count)


def _join(value: Iterable[Any], between: str = "", attribute: str = "") -> str:
    parts = [_text(item[attribute] if attribute else item) for item in value]
    _fits(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def _indent(value: str, width: int = 4, first: bool = False) -> str:
    if not 0 <= width <= 64:
        raise Refused("`indent` takes 0 to 64 spaces")
    _fits(len(value) + width * (value.count("\n") + 1))
    text = value.replace("\n", "\n" + " " * width)
    return " " * width + text if first else text


def _truncate(value: str, length: int = 255, end: str = "…") -> str:
    return value if len(value) <= length else value[: max(0, length - len(end))] + end


def _round(value: float, digits: int = 0) -> float:
    return round(float(value), max(-15, min(15, digits)))


def _int(value: Any, otherwise: int = 0) -> int:
    try:
        return int(value) if not isinstance(value, str) or len(value) < 32 else otherwise
    except (ValueError, TypeError, OverflowError):
        return otherwise


def _float(value: Any, otherwise: float = 0.0) -> float:
    try:
        return float(value) if not isinstance(value, str) or len(value) < 400 else otherwise
    except (ValueError, TypeError, OverflowError):
        return otherwise


def _tojson(value: Any, indent: int = 0) -> str:
    """As it was given: no HTML escapes, no \\u where a letter will do."""
    if not indent:
        return json.dumps(value, ensure_ascii=False)
    pieces, length = [], 0
    for piece in json.JSONEncoder(ensure_ascii=False, indent=max(0, min(8, indent))).iterencode(value):
        length += len(piece)
        _fits(length)  # spaces before a deep list's items may be a hundred times what was given
        pieces.append(piece)
    return "".join(pieces)


def _ordered(value: Iterable[Any], reverse: bool = False, attribute: str = "") -> list[Any]:
    return sorted(value, key=lambda item: item[attribute] if attribute else item, reverse=reverse)


def _unique(value: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(value))


def _first(value: Any) -> Any:
    return next(iter(value), None)


def _last(value: Any) -> Any:
    return value[-1] if value else None


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": abs, "capitalize": lambda value: _text(value).capitalize(), "count": len, "first": _first, "float": _float,
    "indent": _indent, "int": _int, "items": lambda value: list(value.items()), "join": _join, "last": _last,
    "length": len, "list": _list, "lower": lambda value: _text(value).lower(), "max": max, "min": min,
    "replace": _replaced, "reverse": lambda value: value[::-1], "round": _round, "sort": _ordered, "string": _text,
    "title": lambda value: _text(value).title(), "tojson": _tojson, "trim": lambda value: _text(value).strip(),
    "truncate": _truncate, "unique": _unique, "upper": lambda value: _text(value).upper(),
    "wordcount": lambda value: len(_text(value).split()),
}  # fmt: skip
_FILTER_NAMES = frozenset(FILTERS) | {"default", "d"}
TESTS = ("boolean", "defined", "divisibleby", "even", "false", "mapping", "none", "number", "odd", "sequence", "string",
         "true", "undefined")  # fmt: skip


# ---------------------------------------------------------------- words
def _kind(value: Any) -> str:
    kinds = {str: "a text", bool: "a boolean", int: "a number", float: "a number", dict: "an object", list: "a list",
             tuple: "a list", type(None): "nothing", range: "a range", LoopContext: "the loop"}  # fmt: skip
    return kinds.get(type(value), "this value")


def _is_view(value: Any) -> bool:
    return isinstance(value, type({}.keys()) | type({}.values()) | type({}.items()))


def _at(where: str, error: BaseException) -> str:
    """Place and line in the template."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = _template_line(trace)
        trace = trace.tb_next
    return f"{where}, line {line}" if line else where


def _template_line(trace: Any) -> int:
    template = trace.tb_frame.f_globals.get("__jinja_template__")
    return int(template.get_corresponding_lineno(trace.tb_lineno)) if template is not None else 0


def _invalid(message: str, where: str, line: int) -> BadInput:
    place = f"{where}, line {line}" if line else where
    return BadInput("prompt_template_invalid", f"the template is not valid: {message}", where=place,
                    hint="docs/prompts.md lists what templates can do")  # fmt: skip


def _failed(error: Exception, where: str) -> BadInput:
    known = isinstance(error, Refused | UndefinedError | ZeroDivisionError)
    message = str(error) if known else f"the template does not work with these values ({type(error).__name__})"
    return BadInput("prompt_render_failed", message[:300], where=where, hint="see the prompt's template and variables")
