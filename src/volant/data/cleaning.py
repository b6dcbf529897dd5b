"""Cleaning: from imported rows to rows that may be stored and learnt from, with a reason for everything that changed.

The steps run in this order: broken encoding is repaired, white space is tidied, empty rows go, personal data and
secrets are redacted, rows in foreign languages go, then exact and near duplicates. Nothing leaves this module
unredacted, the removals included. Knows rows, checks and the policy; knows no store, no splits and no test set.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from volant.checks import Check, create, redact
from volant.core.errors import BadInput
from volant.data.dedup import exact_duplicates, near_duplicates
from volant.data.extra import need
from volant.data.language import foreign
from volant.data.rows import Change, LabelConflict, Rejected, Removal, Row


class CleaningPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What cleaning does. Every field can be switched off."""

    languages: tuple[str, ...] = ("en",)  # ISO 639-1; () keeps all
    redact_with: tuple[str, ...] = ("pii", "secrets")  # checks; () redacts nothing
    min_score: float = 0.4  # of a finding, to be redacted
    exact: bool = True
    near_threshold: float | None = 0.8  # Jaccard similarity; None keeps near duplicates


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """`len(kept) + len(removals)` is the number of rows that came in; `kept` stays in their order."""

    kept: list[Row]
    removals: list[Removal]
    changes: list[Change]
    conflicts: list[LabelConflict]

    def counts(self) -> dict[str, int]:
        """Rows in and kept, then removals and changes by step, then conflicts. For people and reports."""
        removed = Counter(removal.step for removal in self.removals)
        changed = Counter(change.step for change in self.changes)
        return {
            "rows": len(self.kept) + len(self.removals),
            "kept": len(self.kept),
            **{f"removed_{step}": count for step, count in sorted(removed.items())},
            **{f"changed_{step}": count for step, count in sorted(changed.items())},
            "label_conflicts": len(self.conflicts),
        }


def clean(rows: Sequence[Row], policy: CleaningPolicy | None = None) -> Cleaned:
    """Run all steps. Needs the `data` extra (Conflict `missing_extra` without it).

    Raises BadInput when two rows have the same id (`duplicate_id`), or when most rows are in a language that the policy
    does not keep (`wrong_language`): that is a wrong setting, not dirt.
    """
    policy = policy or CleaningPolicy()
    _check_ids(rows)
    changes: list[Change] = []
    removals: list[Removal] = []
    conflicts: list[LabelConflict] = []
    texts = [_Rewrite("encoding", _repaired), _Rewrite("whitespace", _tidied)]
    kept = [_rewritten(row, texts, changes) for row in rows]
    kept = _without_empty(kept, removals)
    kept = [_rewritten(row, [_redaction(policy)], changes) for row in kept]
    kept = _without_foreign(kept, policy.languages, removals)
    if policy.exact:
        exact = exact_duplicates(kept)
        kept, removals, conflicts = exact.kept, removals + exact.removals, conflicts + exact.conflicts
    if policy.near_threshold is not None:
        near = near_duplicates(kept, policy.near_threshold)
        kept, removals, conflicts = near.kept, removals + near.removals, conflicts + near.conflicts
    return Cleaned(kept=kept, removals=removals, changes=changes, conflicts=conflicts)


def redact_rejected(rejected: Sequence[Rejected], policy: CleaningPolicy | None = None) -> list[Rejected]:
    """The rejected rows of an import, with personal data and secrets redacted, so that they may be stored and shown."""
    write = _redaction(policy or CleaningPolicy()).write
    return [msgspec.structs.replace(one, raw=write(one.raw)[0], message=write(one.message)[0]) for one in rejected]


class _Rewrite(msgspec.Struct, frozen=True):
    """A step that writes a text anew, and says in a few words what it did."""

    step: str
    write: Callable[[str], tuple[str, str]]


def _rewritten(row: Row, rewrites: Sequence[_Rewrite], changes: list[Change]) -> Row:
    for rewrite in rewrites:
        text, detail = rewrite.write(row.text)
        if text != row.text:
            changes.append(Change(row_id=row.id, step=rewrite.step, detail=detail))
            row = msgspec.structs.replace(row, text=text)
    return row


def _repaired(text: str) -> tuple[str, str]:
    """Mojibake, HTML entities, wrong surrogates and control characters repaired; typographic quotes stay."""
    if text.isascii() and "&" not in text and text.isprintable():
        return text, ""
    ftfy = need("ftfy")
    fixed, steps = ftfy.fix_and_explain(text, ftfy.TextFixerConfig(uncurl_quotes=False, fix_line_breaks=False))
    names = [step[1] if step[0] in ("encode", "decode", "transcode") else step[-1] for step in steps or []]
    return fixed, f"repaired by ftfy: {', '.join(dict.fromkeys(names))}"


_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r" ?\n[ \n]*\n")


def _tidied(text: str) -> tuple[str, str]:
    """Runs of spaces become one, blank lines one blank line, none at the ends."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", lines)).strip(), "white space tidied"


def _redaction(policy: CleaningPolicy) -> _Rewrite:
    checks: list[Check] = [create(name) for name in policy.redact_with]

    def write(text: str) -> tuple[str, str]:
        findings = [f for check in checks for f in check.find(text) if f.score >= policy.min_score]
        if not findings:
            return text, ""
        kinds = Counter(f.kind for f in findings)
        return redact(text, findings), ", ".join(f"{kind} x{count}" for kind, count in sorted(kinds.items()))

    return _Rewrite("pii", write)


def _without_empty(rows: Sequence[Row], removals: list[Removal]) -> list[Row]:
    empty = [row for row in rows if not row.text]
    removals += [Removal(row=row, step="empty", reason="no text is left") for row in empty]
    return [row for row in rows if row.text]


def _without_foreign(rows: Sequence[Row], languages: Sequence[str], removals: list[Removal]) -> list[Row]:
    if not languages:
        return list(rows)
    kept: list[Row] = []
    seen: Counter[str] = Counter()
    for row in rows:
        verdict = foreign(row.text, languages)
        if verdict is None:
            kept.append(row)
            continue
        language, probability = verdict
        seen[language] += 1
        reason = f"written in {language!r}, kept are: {', '.join(languages)}"
        removals.append(Removal(row=row, step="language", reason=reason, score=round(probability, 4)))
    if len(kept) * 2 < len(rows):
        language, count = seen.most_common(1)[0]
        raise BadInput(
            "wrong_language",
            f"{len(rows) - len(kept):,} of {len(rows):,} are not in {', '.join(languages)}, {count:,} are {language!r}",
            where="languages",
            hint=f"set the languages to keep, for example to {language!r}, or to none to keep all",
        )
    return kept


def _check_ids(rows: Sequence[Row]) -> None:
    twice = [row_id for row_id, count in Counter(row.id for row in rows).items() if count > 1]
    if twice:
        raise BadInput(
            "duplicate_id",
            f"{len(twice)} ids are used more than once, the first is {twice[0]!r}",
            where=twice[0],
            hint="give files that are cleaned together different names",
        )
