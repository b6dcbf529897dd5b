"""Names of people, where the text itself says that a name follows.

Knows cues ("my name is", "Regards,", "Dr.") and the shape of names; holds no list of names and reads no grammar, so a
name without a cue is not found. Scores are low (0.4 to 0.7): callers that must not over-redact set `min_score`.
"""

from __future__ import annotations

import re

from volant.checks.pii.claims import Claims

_BEFORE_SPOKEN, _BEFORE_FIELD, _BEFORE_CLOSING, _BEFORE_TITLE = 0.7, 0.65, 0.5, 0.6
_BEFORE_FULL_NAME = 0.45  # "I am" needs two words: "I am Irish" is no name

# Lower-case literal -> (what must lie between it and the name, score). Literals are searched at C speed.
_CUES: dict[str, tuple[re.Pattern[str], float]] = {
    "my name is ": (re.compile(r"(?=\S)"), _BEFORE_SPOKEN),
    "my name's ": (re.compile(r"(?=\S)"), _BEFORE_SPOKEN),
    "my name’s ": (re.compile(r"(?=\S)"), _BEFORE_SPOKEN),
    "name is ": (re.compile(r"(?=\S)"), _BEFORE_FIELD),
    "under the name of ": (re.compile(r"(?=\S)"), _BEFORE_FIELD),
    "i am called ": (re.compile(r"(?=\S)"), _BEFORE_SPOKEN),
    "name:": (re.compile(r"[ \t]{0,4}(?=\S)"), _BEFORE_FIELD),
    "regards": (re.compile(r"[,.!]?\s{1,4}(?=\S)"), _BEFORE_CLOSING),
    "sincerely": (re.compile(r",?\s{1,4}(?=\S)"), _BEFORE_CLOSING),
    "yours truly": (re.compile(r",?\s{1,4}(?=\S)"), _BEFORE_CLOSING),
    "i'm ": (re.compile(r"(?=\S)"), _BEFORE_FULL_NAME),
    "i’m ": (re.compile(r"(?=\S)"), _BEFORE_FULL_NAME),
    "i am ": (re.compile(r"(?=\S)"), _BEFORE_FULL_NAME),
    "mr.": (re.compile(r" ?(?=\S)"), _BEFORE_TITLE),
    "mrs.": (re.compile(r" ?(?=\S)"), _BEFORE_TITLE),
    "ms.": (re.compile(r" ?(?=\S)"), _BEFORE_TITLE),
    "dr.": (re.compile(r" ?(?=\S)"), _BEFORE_TITLE),
    "mr ": (re.compile(r"(?=\S)"), _BEFORE_TITLE),
    "mrs ": (re.compile(r"(?=\S)"), _BEFORE_TITLE),
}
_TOKEN = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?\.?")
_PARTICLES = frozenset("van von der den de da di del della la le bin ibn al el ter ten dos das y".split())  # noqa: SIM905
_POSSESSIVE = re.compile(r"['’]s$")
_MOST_TOKENS = 5
_NO_NAMES = frozenset(
    """the your our a an all team support service services customer customers sir madam bank i and not but on in it is
    sent please hello hi thank thanks best kind""".split()  # noqa: SIM905
)
_LOWER_NAME = re.compile(r"[^\W\d_]{2,20}(?: [^\W\d_]{2,20})?(?=\s*(?:[.,!?;\n]|$| and | but ))")
_LOWER_FIRST_NOT = _NO_NAMES | frozenset(
    """wrong misspelled misspelt spelled spelt incorrect different displayed written showing still being no too so now
    there here missing changed registered listed""".split()  # noqa: SIM905
)


def names(text: str, lowered: str, claims: Claims) -> None:
    """Claim NAME behind each cue; capitalised words, or after "my name is" also one or two in lower case."""
    for cue, (bridge, score) in _CUES.items():
        at = lowered.find(cue)
        while at >= 0:
            behind = at + len(cue)
            if (at == 0 or not lowered[at - 1].isalnum()) and (gap := bridge.match(text, behind)):
                end = _capitalised(text, gap.end())
                if end and (score != _BEFORE_FULL_NAME or _is_full_name(text[gap.end() : end])):
                    claims.add(gap.end(), end, "NAME", score)
                elif score == _BEFORE_SPOKEN and (end := _lower_case(lowered, gap.end())):
                    claims.add(gap.end(), end, "NAME", 0.4)
            at = lowered.find(cue, behind)


def _is_full_name(words: str) -> bool:
    return " " in words and not words.isupper()  # shouted sentences are all capitals


def _capitalised(text: str, start: int) -> int:
    """End of the run of capitalised words at `start` (particles such as "van" inside it), or 0."""
    at, end, tokens = start, 0, 0
    while tokens < _MOST_TOKENS and (token := _TOKEN.match(text, at)):
        word = token[0]
        plain = _POSSESSIVE.sub("", word.rstrip("."))
        if plain.casefold() in _NO_NAMES:
            break
        if word[0].isupper() or not word[0].islower():  # scripts without case have no capitals
            initial = word.endswith(".") and len(plain) <= 2
            end = token.end() if initial else token.start() + len(plain)
            if plain != word and not initial and plain.casefold() not in ("dr", "mr", "mrs", "ms"):
                break
        elif not end or word not in _PARTICLES:
            break
        tokens += 1
        at = token.end() + 1
        if text[token.end() : at] != " ":
            break
    return end


def _lower_case(lowered: str, start: int) -> int:
    """End of one or two lower-case words that a full stop, comma, "and" or the end follows, or 0."""
    match = _LOWER_NAME.match(lowered, start)
    if match is None or any(word in _LOWER_FIRST_NOT for word in match[0].split()):
        return 0
    return match.end()
