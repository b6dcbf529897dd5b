"""Checks: questions about a text (PII, secrets, injection, toxicity, topics, ...), answered by findings.

    from volant.checks import create, redact

    text = "write to ada@example.org"
    redact(text, create("pii").find(text))      # "write to [EMAIL]"

`finding` the answer · `registry` the protocol and `@check` · `redaction` placeholders · one module per check.
Used by gateway (guardrails), data (cleaning) and evals alike; knows none of them, and needs the core install only.
"""

from volant.checks.finding import Finding, combined_score, resolve
from volant.checks.redaction import redact
from volant.checks.registry import Check, check, create, names

__all__ = ["Check", "Finding", "check", "combined_score", "create", "names", "redact", "resolve"]
