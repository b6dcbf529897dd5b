"""Check `regex`: whatever patterns of one's own find.

Patterns are RE2's: linear in the text whatever the pattern (no look-around, no back references), because people may
give them who do not think of catastrophic backtracking. Kinds are named by who configures it.
Source: Cox 2010, "Regular Expression Matching in the Wild"; the syntax is RE2's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from volant.checks.finding import Finding
from volant.checks.registry import check
from volant.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_PATTERN = 2_000  # characters
_MOST_PATTERNS = 100
_MOST_MEMORY = 8 << 20  # bytes of one compiled pattern
_MOST_FINDINGS = 10_000  # of one text and pattern
_KIND = re.compile(r"[A-Z][A-Z_]{0,63}")


@check("regex")
class Regex:
    """Each match of each pattern; an empty match is none."""

    class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """See docs/checks.md."""

        pattern: str = ""  # one pattern, of the kind MATCH
        patterns: dict[str, str] = {}  # kind -> pattern
        ignore_case: bool = False
        window: int = 0  # longest match in characters; 0: not known, so a stream is held back to its end

    def __init__(
        self, *, pattern: str = "", patterns: dict[str, str] | None = None, ignore_case: bool = False, window: int = 0
    ) -> None:
        """Raises BadInput `bad_check_option` naming the pattern that RE2 does not take."""
        wanted = ({"MATCH": pattern} if pattern else {}) | (patterns or {})
        if len(wanted) > _MOST_PATTERNS:
            raise _bad("patterns", f"there are {len(wanted)}, the most is {_MOST_PATTERNS}")
        if window < 0:
            raise _bad("window", f"must not be negative, is {window}")
        self.window = window or None
        self._compiled = [
            (kind, _compile(one, ignore_case, "pattern" if one == pattern else f"patterns.{kind}"))
            for kind, one in _checked(wanted).items()
        ]

    def find(self, text: str) -> list[Finding]:
        """Findings of one pattern never overlap; those of several may."""
        found: list[Finding] = []
        clean = text if text.isascii() else text.encode("utf-8", "replace").decode()  # RE2 takes no lone surrogates
        for kind, compiled in self._compiled:
            for start, end in _matches(compiled, clean):
                found.append(Finding(check="regex", kind=kind, start=start, end=end, score=1.0, label=kind))
        found.sort(key=lambda one: (one.start, one.end, one.kind))
        return found


def _checked(patterns: dict[str, str]) -> dict[str, str]:
    for kind, pattern in patterns.items():
        if not _KIND.fullmatch(kind):
            raise _bad("patterns", f"the kind {kind[:70]!r} must be of capitals and underscores, such as ORDER_NUMBER")
        if not pattern or len(pattern) > _MOST_PATTERN:
            raise _bad(f"patterns.{kind}", f"a pattern has 1 to {_MOST_PATTERN} characters, this one {len(pattern)}")
    return patterns


def _compile(pattern: str, ignore_case: bool, where: str) -> Any:
    import re2  # when first wanted: most gateways have no patterns

    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise _bad(where, f"RE2 does not take the pattern: {words}") from None


def _matches(compiled: Any, text: str) -> Iterator[tuple[int, int]]:
    count = 0
    for match in compiled.finditer(text):
        if match.end() > match.start():
            yield match.span()
            count += 1
            if count == _MOST_FINDINGS:
                return


def _bad(where: str, words: str) -> BadInput:
    return BadInput("bad_check_option", words, where=where, hint="see docs/checks.md")
