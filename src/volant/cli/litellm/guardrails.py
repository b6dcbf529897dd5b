"""Guardrails: LiteLLM's list of them as guards of every task. What protects people and is left out is said first."""

from __future__ import annotations

from typing import Any

from volant.cli.litellm.reading import Json, Notes, as_list, table

_CHECKS = {"presidio": "pii", "hide-secrets": "secrets", "hide_secrets": "secrets"}
_PLACES = {"pre_call": "input", "during_call": "input", "post_call": "output"}
_HINT = "write `guards` on a task; docs/guardrails.md has the checks and actions"


def apply(config: Json, tasks: list[Json], notes: Notes) -> None:
    """Put what is always on onto each task that takes words."""
    for at, raw in enumerate(as_list(config.get("guardrails"))):
        entry = table(raw, f"guardrails[{at}]")
        name = str(entry.get("guardrail_name") or f"guardrail-{at}")
        where = f"guardrails[{at}] {name}"
        params = table(entry.get("litellm_params"), where)
        check = _CHECKS.get(str(params.get("guardrail")).lower())
        modes = [str(mode) for mode in as_list(params.get("mode"))]
        if check is None:
            notes.warn(where, f"{params.get('guardrail')!r} is left out, and protects nothing here: {_HINT}")
        elif params.get("default_on") is not True:
            notes.warn(where, f"is left out: each request asks for it there (default_on is not set); here {_HINT}")
        elif modes == ["logging_only"]:
            for task in tasks:
                task["redact"] = True
            notes.add(where, "became `redact = true` on each task: personal data is taken out before it is written")
        else:
            guard = _guard(name, check, params, modes)
            for task in tasks:
                task.setdefault("guards", []).append(guard)
            if params.get("pii_entities_config"):
                notes.warn(where, f"finds all kinds of personal data here: {_kinds(params)} are Presidio's own names")


def _guard(name: str, check: str, params: Json, modes: list[str]) -> Json:
    actions = {str(one).upper() for one in table(params.get("pii_entities_config"), "pii_entities_config").values()}
    guard: Json = {
        "name": "".join(char if char.isalnum() or char in "-_" else "-" for char in name.lower())[:60],
        "check": check,
        "on": sorted({_PLACES.get(mode, "input") for mode in modes} or {"input"}),
        "action": "block" if actions == {"BLOCK"} else "redact",
    }
    if check == "pii" and params.get("output_parse_pii") is True:
        guard["options"] = {"restore": True}
    return guard


def _kinds(params: Json) -> Any:
    return ", ".join(sorted(map(str, table(params.get("pii_entities_config"), "pii_entities_config"))))
