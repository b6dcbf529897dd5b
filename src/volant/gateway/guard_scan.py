"""Guard scan: one guard over one text that grows, so that nothing of a finding goes on before the finding is known.

What a check could still change its mind about is held back: the last `window` characters (its longest match, with the
words that decide it), a run without spaces at the cut, and a finding that reaches beyond it. The same count of
characters that has gone on is kept as context. Knows checks; knows neither streams nor who reads them.
"""

from __future__ import annotations

import re
from collections import Counter

from volant.checks import Finding
from volant.checks.guarding import Guard
from volant.checks.redaction import merged
from volant.checks.registry import strength
from volant.core.errors import Unavailable, VolantError

_LONGEST_RUN = 16_384  # characters without a space that are held back as one
_RUN = re.compile(r"[\w\-.+/=@:%&~#?!*]+\Z", re.ASCII)
_LEAST_STEP = 32  # characters between two looks
_STRING_MARKS = re.compile(r'\\.|"', re.DOTALL)


class GuardFailed(Unavailable):
    """A guard that must not let through what it could not check. Not asked again by itself: an answer that was not
    checked is paid for."""

    retry_helps = False

    def __init__(self, guard: Guard, error: str) -> None:
        super().__init__(
            "guard_failed",
            f"the guard {guard.spec.name!r} could not check what was said: {guard.spec.check} failed ({error})",
            where=f"guards.{guard.spec.name}",
            hint='ask again later; whoever runs this task sees why in the trace, and may set on_error = "allow"',
        )


class Blocked(Exception):
    """A guard stops what is said here."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard.spec.name)
        self.guard = guard


class Tally:
    """What one guard found on one side, over all texts: kinds, counts and how sure it is; never texts."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.kinds: Counter[str] = Counter()
        self.score = 0.0
        self.error = ""
        self.refused: VolantError | None = None  # a ceiling of the request's own kept a model from being asked
        self.seconds = 0.0
        self.started_ms = 0
        self._doubt = 1.0
        self._combines = bool(getattr(guard.check, "combines", False))

    def wanted(self, findings: list[Finding]) -> list[Finding]:
        """Those that count for this guard."""
        kinds, least = self.guard.common.kinds, self.guard.min_score
        return [one for one in findings if one.score >= least and (not kinds or one.kind in kinds)]

    def would_be(self, findings: list[Finding]) -> float:
        """How sure the guard is with these too."""
        assert self.guard.check is not None
        sure = strength(self.guard.check, findings)
        return 1.0 - self._doubt * (1.0 - sure) if self._combines else max(self.score, sure)

    def add(self, findings: list[Finding]) -> None:
        """Count them."""
        if findings:
            self.kinds.update(one.kind for one in findings)
            self.score = self.would_be(findings)
            self._doubt = 1.0 - self.score

    def say(self, kind: str, score: float, *, always: bool = False) -> None:
        """What a model said of it: `kind` counts when the score reaches the threshold (or `always`)."""
        self.score = max(self.score, 1.0 if always else score)
        wanted = not self.guard.common.kinds or kind in self.guard.common.kinds
        if wanted and (always or score >= self.guard.common.threshold):
            self.kinds[kind] += 1

    @property
    def failure(self) -> VolantError | None:
        """What the caller is told where the check failed and must let nothing through; None: it did not fail."""
        return self.refused or (GuardFailed(self.guard, self.error) if self.error else None)

    @property
    def fired(self) -> bool:
        """The guard's action is due."""
        if self.guard.spec.action == "redact":
            return bool(self.kinds)
        return bool(self.kinds) and self.score >= self.guard.common.threshold


class Scanner:
    """Redacts or blocks in one text that comes in pieces."""

    def __init__(self, tally: Tally, *, json: bool = False) -> None:
        """`json`: the text is JSON; a placeholder outside of its strings is quoted."""
        assert tally.guard.window is not None
        assert tally.guard.check is not None
        self._tally = tally
        self._check = tally.guard.check
        self._window = tally.guard.window
        self._step = max(_LEAST_STEP, self._window // 4)
        self._json = json
        self._in_string = False
        self.edited = False
        self._before = ""
        self._held = ""
        self._look_at = self._window + self._step

    def feed(self, piece: str) -> str:
        """What may go on by now. Raises Blocked."""
        self._held += piece
        return self._release(final=False) if len(self._held) >= self._look_at else ""

    def flush(self) -> str:
        """The rest. Raises Blocked. More may follow."""
        return self._release(final=True) if self._held else ""

    def _release(self, *, final: bool) -> str:
        done = len(self._before)
        text = self._before + self._held
        found = self._tally.wanted([one for one in self._check.find(text) if one.end > done])
        if self._tally.guard.spec.action == "block":
            new = [one for one in found if one.start >= done]
            if new and self._tally.would_be(new) >= self._tally.guard.common.threshold:
                self._tally.add(new)
                raise Blocked(self._tally.guard)
        cut = len(text) if final else self._cut(text, done, found)
        self._tally.add([one for one in found if done <= one.start < cut])
        out = self._redacted(text, done, cut, found) if self._tally.guard.spec.action == "redact" else text[done:cut]
        self._before = text[max(0, cut - self._window) : cut]
        self._held = text[cut:]
        self._look_at = max(self._window + self._step, len(self._held) + max(self._step, len(self._held) // 4))
        return out

    def _cut(self, text: str, done: int, found: list[Finding]) -> int:
        """How far the text is sure."""
        cut = max(done, len(text) - self._window)
        if cut > done and text[cut : cut + 1].strip():
            run = _RUN.search(text, max(done, cut - _LONGEST_RUN), cut)
            if run is not None and run.start() > max(done, cut - _LONGEST_RUN):
                cut = run.start()
            elif run is not None and cut - done <= _LONGEST_RUN:
                cut = done
        for start, end, _ in reversed(merged(found)):
            if start < cut < end:
                cut = max(done, start)
        return cut

    def _redacted(self, text: str, done: int, cut: int, found: list[Finding]) -> str:
        parts: list[str] = []
        at = done
        for start, end, label in merged(found):
            if start >= cut:
                break
            self._follow(plain := text[at : max(start, done)])
            self.edited = True
            parts += (plain, f"[{label}]" if not self._json or self._in_string else f'"[{label}]"')
            at = end
        self._follow(rest := text[at:cut])
        return "".join((*parts, rest))

    def _follow(self, text: str) -> None:
        """Are we inside of a JSON string after `text`?"""
        if self._json:
            for mark in _STRING_MARKS.findall(text):
                if mark == '"':
                    self._in_string = not self._in_string
