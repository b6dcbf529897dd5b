"""Scorers: code that judges one output against what was expected, as a score between 0 and 1.

    from volant.scorers import create

    create("json_field_match", field="intent").score('{"intent": "card_arrival"}', '{"intent": "card_arrival"}').value

`score` the answer · `registry` the protocol and `@scorer` · one module per scorer.
Used by evals, rollout and monitor alike; knows none of them, and needs the core install only.
"""

from volant.scorers.registry import Scorer, create, names, scorer
from volant.scorers.score import Example, Score

__all__ = ["Example", "Score", "Scorer", "create", "names", "scorer"]
