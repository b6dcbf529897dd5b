"""Guardrails: LiteLLM's list of them as guards of every task.

What protects people and is left out, or may protect in another way, is said first; where the YAML leaves a doubt, the
stricter reading holds.
"""

from __future__ import annotations

from volant.cli.litellm.reading import Json, Notes, as_list, table

_CHECKS = {"presidio": "pii", "hide-secrets": "secrets", "hide_secrets": "secrets"}
_PLACES = {"pre_call": "input", "during_call": "input", "post_call": "output"}
_LOGS = "logging_only"  # what the model reads and says stays as it is
_KINDS = {  # Presidio's names of what `pii` finds
    "EMAIL_ADDRESS": "EMAIL", "PHONE_NUMBER": "PHONE", "CREDIT_CARD": "CARD", "IBAN_CODE": "IBAN", "US_SSN": "SSN",
    "IP_ADDRESS": "IP", "PERSON": "NAME",
}  # fmt: skip
_KNOWN = {"guardrail", "mode", "default_on", "pii_entities_config", "output_parse_pii"}
_CONNECTION = {"presidio_analyzer_api_base", "presidio_anonymizer_api_base", "api_base", "api_key", "guard_name"}
_HINT = "write `guards` on a task; docs/guardrails.md has the checks and actions"


def apply(config: Json, tasks: list[Json], notes: Notes) -> None:
    """Put what is always on onto each task."""
    taken: set[str] = set()
    for at, raw in enumerate(as_list(config.get("guardrails"))):
        entry = table(raw, f"guardrails[{at}]")
        name = str(entry.get("guardrail_name") or f"guardrail-{at}")
        where = f"guardrails[{at}] {name}"
        params = table(entry.get("litellm_params"), where)
        check = _CHECKS.get(str(params.get("guardrail")).lower())
        if check is None:
            notes.warn(where, f"{params.get('guardrail')!r} is left out, and protects nothing here: {_HINT}")
        elif str(params.get("default_on")).lower() != "true":
            notes.warn(where, f"is left out: each request asks for it there (default_on is not set); here {_HINT}")
        else:
            _take_over(name, check, params, tasks, where, notes, taken)


def _take_over(
    name: str, check: str, params: Json, tasks: list[Json], where: str, notes: Notes, taken: set[str]
) -> None:
    places, logs = _places(check, params.get("mode"), where, notes)
    if logs:
        for task in tasks:
            task["redact"] = True
        notes.add(where, "became `redact = true` on each task: personal data is taken out before it is written")
    if places:
        for action, kinds in _actions(params, where, notes):
            guard: Json = {"name": _name(name, where, notes, taken), "check": check, "on": places, "action": action}
            options: Json = {"kinds": kinds} if kinds else {}
            if check == "pii" and action == "redact" and "input" in places and params.get("output_parse_pii") is True:
                options["restore"] = True
            for task in tasks:
                task.setdefault("guards", []).append(guard | ({"options": options} if options else {}))
    for other in sorted(params.keys() - _KNOWN - _CONNECTION):
        notes.warn(where, f"its {other} has no counterpart and was left out: see whether it still finds what it shall")


def _places(check: str, mode: object, where: str, notes: Notes) -> tuple[list[str], bool]:
    """Where it looks, and whether it cleans what is written."""
    modes = [] if isinstance(mode, dict) else [str(one).lower() for one in as_list(mode)]
    strange = [one for one in modes if one not in _PLACES and one != _LOGS]
    if strange or not modes:
        said = f"its mode {', '.join(map(repr, strange))} is not known here" if strange else "it says no mode"
        if isinstance(mode, dict):
            said = f"its mode depends on {', '.join(sorted(map(str, mode)))}, which is not known here"
        notes.warn(where, f"{said}: it looks at every request and every answer")
        return ["input", "output"], _LOGS in modes and check == "pii"
    places = sorted({_PLACES[one] for one in modes if one != _LOGS})
    if _LOGS in modes and check != "pii":
        notes.warn(where, f"{_LOGS} is known of personal data only: it looks at every request and every answer, and "
                   "takes out what it finds before the model or the caller reads it")  # fmt: skip
        return ["input", "output"], False
    if _LOGS in modes and places:
        notes.warn(where, f"{_LOGS} beside other modes: it holds for {' and '.join(places)}, and what is written is "
                   "cleaned too")  # fmt: skip
    return places, _LOGS in modes


def _actions(params: Json, where: str, notes: Notes) -> list[tuple[str, list[str]]]:
    """What is done with which kinds (none: all). What blocks comes first."""
    asked = {
        str(name).upper(): str(action).upper()
        for name, action in table(params.get("pii_entities_config"), f"{where}.pii_entities_config").items()
    }
    if not asked:
        return [("redact", [])]
    blocked = {name for name, action in asked.items() if action != "MASK"}
    strange = sorted(action for action in set(asked.values()) - {"MASK", "BLOCK"})
    foreign = sorted(asked.keys() - _KINDS.keys())
    said = f"finds all kinds of personal data here: {', '.join(sorted(asked))} are Presidio's own names"
    said += f"; {', '.join(foreign)} has no kind of its own here, see docs/checks.md" if foreign else ""
    said += f"; {', '.join(strange)} is taken for BLOCK" if strange else ""
    kinds = sorted(_KINDS[name] for name in blocked if name in _KINDS)
    if not blocked:
        notes.warn(where, said)
        return [("redact", [])]
    if kinds and len(blocked) < len(asked):
        notes.warn(where, f"{said}. What is BLOCK there blocks here, everything else is redacted")
        return [("block", kinds), ("redact", [])]
    notes.warn(where, f"{said}. All of it blocks the request")
    return [("block", [])]


def _name(wished: str, where: str, notes: Notes, taken: set[str]) -> str:
    """A name that no other guard has."""
    base = "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "-" for one in wished.lower())
    base = base.strip("-")[:60] or "guard"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base[: 60 - len(f'-{number}')]}-{number}"
    taken.add(name)
    if number > 1:
        notes.add(where, f"its name is {name!r} here: another's reads the same")
    return name
