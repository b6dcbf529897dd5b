"""Check `injection`: signs that a text tries to steer the model instead of asking it.

Kinds: OVERRIDE, PROMPT_LEAK, PERSONA, FAKE_TURN, EXFILTRATION, SMUGGLING. Heuristics, each with its own score: a single
sign is a hint, several together (`combined_score`) are a reason to act. Knows wording (English first, the override also
in German, French, Spanish, Italian and Portuguese) and hidden characters; understands no meaning, so a
paraphrase passes.
Sources: OWASP LLM01:2025; Greshake et al. 2023 (arXiv 2302.12173) for indirect injection; Boucher et al. 2022 (arXiv
2106.09898) for invisible characters.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from volant.checks.finding import Finding
from volant.checks.folding import lowered
from volant.checks.registry import check


class _Sign(NamedTuple):
    kind: str
    score: float
    literals: tuple[str, ...]  # lower case; without any of them in the text the expression is not tried
    expression: re.Pattern[str]  # over the lowered text


def _sign(kind: str, score: float, literals: str, *alternatives: str) -> _Sign:
    """One sign: `literals` separated by `|`, and the alternatives of its expression, any of which will do."""
    return _Sign(kind, score, tuple(literals.split("|")), re.compile("|".join(alternatives)))


_INSTRUCTIONS = (
    r"(?:instructions?|prompts?|rules?|directives?|guidelines?|commands?|orders|context|messages?|constraints?"
    r"|safeguards?)"
)
_OLD = (
    r"(?:previous|prior|preceding|above|earlier|former|foregoing|initial|original|system|your|the|all|any|of|these"
    r"|those|safety)"
)
_HIDDEN = (
    r"(?:(?:system|hidden|initial) prompt|(?:system|developer) message|(?:initial|original|secret) instructions"
    r"|secret key|instructions (?:above|you were given))"
)
_CREDENTIAL = r"(?:secret key|password|api key|credentials|passphrase)"
_PRIVATE = r"(?:password|conversation|api keys?|credentials|chat history|user's data|personal data|secrets?)"
_MODE = r"(?:[ _-]?(?:mode|prompt|message|note))?"

_SIGNS = (
    _sign(
        "OVERRIDE",
        0.85,
        "ignore|disregard|forget|override|bypass|neglect|overrule",
        r"\b(?:ignore|disregard|forget|override|bypass|neglect|overrule)(?:ing)?\s+"
        rf"(?:(?:about|everything in)\s+)?(?:{_OLD}\s+){{1,4}}{_INSTRUCTIONS}\b",
    ),
    _sign(
        "OVERRIDE",
        0.7,
        "ignore|disregard|forget",
        r"\b(?:ignore|disregard|forget)\s+(?:(?:all|everything|anything)\s+)?"
        r"(?:(?:of\s+)?(?:the|what (?:was|is)|that (?:was|is|came))\s+)?(?:above|before|previously)\b",
    ),
    _sign(
        "OVERRIDE",
        0.5,
        "do not follow|don't follow|stop following|new instructions|new rules|new task",
        rf"\b(?:do not|don't|stop) follow(?:ing)?\s+(?:{_OLD}\s+){{1,3}}{_INSTRUCTIONS}\b",
        r"\b(?:your|here are|these are) (?:the )?new (?:instructions|rules|task)\b",
    ),
    _sign(
        "OVERRIDE",
        0.85,
        "anweisung|instruction|instruccion|istruzion|instruç",
        r"\b(?:ignorier\w*|vergiss|missachte\w*)\s(?:\w+\s){0,4}anweisungen\b",
        r"\b(?:ignore[zr]?|oublie[zr]?)\s(?:\w+\s){0,3}instructions\s(?:précédentes|ci-dessus|antérieures)\b",
        r"\b(?:ignor[ae]|olvid[ae])\s(?:\w+\s){0,3}instrucciones\b",
        r"\b(?:ignora|dimentica)\s(?:\w+\s){0,3}istruzioni\b",
        r"\b(?:ignore|esqueça|esquece)\s(?:\w+\s){0,3}instruç(?:ões|oes)\b",
    ),
    _sign(
        "PROMPT_LEAK",
        0.75,
        "prompt|instruction|message|secret",
        r"\b(?:reveal|show|print|repeat|output|display|tell|give|leak|expose|recite|dump|copy|write (?:out|down)"
        rf"|what(?:'s| is| are| were))\b[^.?!\n]{{0,40}}\b{_HIDDEN}\b",
    ),
    _sign(
        "PROMPT_LEAK",
        0.6,
        "above|before this",
        r"\b(?:repeat|print|output|copy)\s+(?:(?:all|everything|the|of|words?|text|verbatim)\s+){1,4}"
        r"(?:above|before this)\b",
    ),
    _sign(
        "PERSONA",
        0.75,
        "dan|jailbr|do anything now|developer mode|god mode|unrestricted|uncensored|unfiltered|amoral"
        "|restrictions|limitations|filters|guidelines",
        r"\bdo anything now\b",
        r"\b(?:you are|you're|act as) (?:now )?(?:a )?dan\b",
        r"\bjailbr(?:eak|oken)\b",
        r"\b(?:developer|god) mode\b",
        r"\b(?:unrestricted|uncensored|amoral|unfiltered) (?:ai|assistant|model|chatbot|bot|mode)\b",
        r"\b(?:without|have no|no) (?:any )?(?:(?:ethical|moral|safety) (?:restrictions|limitations|filters|guidelines)"
        r"|restrictions or (?:limitations|filters|guidelines))\b",
        r"\b(?:answer|respond|reply|act)\b[^.?!\n]{0,20}\bwithout (?:any )?(?:restrictions|limitations|filters)\b",
    ),
    _sign(
        "PERSONA",
        0.4,
        "you are now|pretend|from now on|as if you|as though you|role-play as|roleplay as|imagine you",
        r"\byou are now (?:a|an|in|the|going)\b",
        r"\bfrom now on,? (?:you|your|act|respond|answer|only)\b",
        r"\bpretend (?:that )?(?:to be|you(?:'re| are| have| can))\b",
        r"\b(?:act|behave|respond) as (?:if|though) you (?:are|were|had|have)\b",
        r"\brole-?play as\b",
        r"\bimagine you(?:'re| are) (?:a|an|not)\b",
    ),
    _sign(
        "FAKE_TURN",
        0.8,
        "<|im_|<|start|<|system|<|user|<|assistant|<|end|<|eot|[inst]|[/inst]|<<sys>>|<</sys>>|<start_of_turn>",
        r"<\|(?:im_start|im_end|start_header_id|eot_id|system|user|assistant|endoftext)\|>",
        r"\[/?inst\]",
        r"<</?sys>>",
        r"<start_of_turn>",
    ),
    _sign(
        "FAKE_TURN",
        0.6,
        "system|assistant",
        r"(?:^|\n)\s{0,4}(?:#{1,4}\s*)?(?:system|assistant)\s*(?:prompt|message|override|mode|note|instruction)?"
        r"\s*:\s*(?=\S)",
        rf"<\s*/?\s*system{_MODE}\s*>",
        rf"\[\s*system{_MODE}\s*\]",
    ),
    _sign(
        "EXFILTRATION",
        0.7,
        "](http",
        r"!\[[^\]\n]{0,100}\]\(https?://[^\s)]{1,200}[?&][\w.-]{1,40}=(?:\{|\[|<|%7b|\$)",
    ),
    _sign(
        "EXFILTRATION",
        0.6,
        "password|conversation|api key|credentials|chat history|user's data|personal data|secret",
        r"\b(?:send|post|forward|upload|email|append|transmit|exfiltrate)\b[^.?!\n]{0,60}"
        rf"\b{_PRIVATE}\b[^.?!\n]{{0,60}}\b(?:to|at)\s(?:https?://|\S{{1,64}}@|this (?:url|address|server))",
    ),
    _sign(
        "EXFILTRATION",
        0.5,
        "password|secret key|api key|credentials|passphrase",
        r"\b(?:tell|give|send|reveal|share|confirm|disclose|provide|know|need|what(?:'s| is))\b[^.?!\n]{0,40}"
        rf"\b(?:your|the|his|her|their|user's) {_CREDENTIAL}\b",
    ),
    _sign(
        "SMUGGLING",
        0.6,
        "decode|decrypt|deobfuscate|unscramble",
        r"\b(?:decode|decrypt|deobfuscate|unscramble)\b[^.?!\n]{0,60}\b(?:and|then)\b[^.?!\n]{0,30}"
        r"\b(?:follow|execute|obey|answer|do|run|perform|comply)\b",
    ),
)

_TAGS = re.compile("[\U000e0020-\U000e007f]{4,}")  # Unicode tag characters: an invisible copy of ASCII
_INVISIBLE = re.compile("[\u200b\u2060-\u2064\ufeff\u00ad]{4,}|[\u202a-\u202e\u2066-\u2069]{2,}")


@check("injection")
class Injection:
    """Signs of prompt injection; the label of every finding is INJECTION."""

    window = 400
    combines = True

    def find(self, text: str) -> list[Finding]:
        """Return each sign's spans, ordered by start; signs of different kinds may overlap."""
        low = lowered(text)
        found = {
            (match.start(), match.end(), sign.kind): sign.score
            for sign in reversed(_SIGNS)  # the first sign of a kind on a span has the last word
            if any(literal in low for literal in sign.literals)
            for match in sign.expression.finditer(low)
        }
        if not text.isascii():
            found |= {(m.start(), m.end(), "SMUGGLING"): 0.9 for m in _TAGS.finditer(text)}
            found |= {(m.start(), m.end(), "SMUGGLING"): 0.6 for m in _INVISIBLE.finditer(text)}
        return [
            Finding(check="injection", kind=kind, start=start, end=end, score=score, label="INJECTION")
            for (start, end, kind), score in sorted(found.items())
        ]
