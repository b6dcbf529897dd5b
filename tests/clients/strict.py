"""Strict reading of a JSON body by the types that a vendor's SDK declares: the vendor's own word on what it takes.

`complaints(value, kind)` walks TypedDicts, unions, lists and literals. An SDK's type says what its server accepts; a
server answers 400 for what stands in none of them.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

import typing_extensions

_WRAPPERS = (typing_extensions.Required, typing_extensions.NotRequired, typing.Required, typing.NotRequired)


def complaints(value: Any, kind: Any, path: str = "") -> list[str]:
    """What is wrong with `value`, each with its path; the first stands for what a server would say."""
    kind = _bare(kind)
    origin = get_origin(kind)
    if kind is Any or kind is object:
        return []
    if origin in (Union, types.UnionType):
        return _one_of(value, get_args(kind), path)
    if origin is Literal:
        return [] if value in get_args(kind) else [f"{path}: {value!r} is none of {list(get_args(kind))}"]
    if typing_extensions.is_typeddict(kind):
        return _fields(value, kind, path)
    if origin in (dict, Mapping, typing.Mapping) or kind is dict:
        return _entries(value, get_args(kind), path)
    if _is_list(kind, origin):
        return _items(value, get_args(kind), path)
    return _plain(value, kind, path)


def _bare(kind: Any) -> Any:
    while get_origin(kind) in _WRAPPERS or get_origin(kind) is typing.Annotated:
        kind = get_args(kind)[0]
    if isinstance(kind, typing_extensions.TypeAliasType):
        return _bare(kind.__value__)
    return type(None) if kind is None else kind


def _is_list(kind: Any, origin: Any) -> bool:
    named = getattr(origin or kind, "__name__", "")
    return origin in (list, Iterable, Sequence) or kind is list or named in {"Iterable", "SequenceNotStr", "Sequence"}


def _plain(value: Any, kind: Any, path: str) -> list[str]:
    if kind is type(None):
        return [] if value is None else [f"{path}: not null"]
    if kind is float:
        right = isinstance(value, int | float) and not isinstance(value, bool)
    elif kind is int:
        right = isinstance(value, int) and not isinstance(value, bool)
    elif kind in (str, bool):
        right = isinstance(value, kind)
    else:
        right = False  # files, bytes and the like: never in JSON
    return [] if right else [f"{path}: not a {getattr(kind, '__name__', kind)}"]


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing_extensions.get_type_hints(kind, include_extras=True)


def _fields(value: Any, kind: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    hints = _hints(kind)
    found = [f"{path}.{name}: unknown field" for name in value if name not in hints]
    found += [f"{path}.{name}: required" for name in sorted(kind.__required_keys__) if name not in value]
    for name in value.keys() & hints.keys():
        found += complaints(value[name], hints[name], f"{path}.{name}")
    return found


def _entries(value: Any, arguments: tuple[Any, ...], path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    if len(arguments) < 2:
        return []
    return [said for name, one in value.items() for said in complaints(one, arguments[1], f"{path}.{name}")]


def _items(value: Any, arguments: tuple[Any, ...], path: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: not a list"]
    if not arguments:
        return []
    return [said for at, one in enumerate(value) for said in complaints(one, arguments[0], f"{path}[{at}]")]


def _one_of(value: Any, kinds: tuple[Any, ...], path: str) -> list[str]:
    """The complaints of the member that comes nearest: one whose literals (`type`, `role`) are the value's."""
    heard = []
    for kind in kinds:
        found = complaints(value, kind, path)
        if not found:
            return []
        heard.append((_far(value, _bare(kind)), len(found), found))
    return min(heard, key=lambda one: one[:2])[2]


def _far(value: Any, kind: Any) -> int:
    if not isinstance(value, dict) or not typing_extensions.is_typeddict(kind):
        return 1
    literals = [
        (name, get_args(bare))
        for name, hint in _hints(kind).items()
        if name in value and get_origin(bare := _bare(hint)) is Literal
    ]
    return 0 if literals and all(value[name] in allowed for name, allowed in literals) else 2
