"""Baseline: TF-IDF and a linear classifier, the honest yardstick of any text classifier.

It trains in seconds on the same rows, and its report is compared like any model's. A language model that does not beat
it on the task should say what else it is for. Needs the `evals` extra (scikit-learn).

Source: Joachims 1998 (linear classifiers on TF-IDF); word and character n-grams as in Wang and Manning 2012.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from volant.core.errors import BadInput
from volant.core.extras import need


class Yardstick:
    """A fitted classifier. `answer` gives what a model of the task would: JSON with one field."""

    def __init__(self, pipeline: Any, field: str) -> None:
        self._pipeline = pipeline
        self._field = field

    def labels(self, texts: Sequence[str]) -> list[str]:
        """The label of each text."""
        return [str(label) for label in self._pipeline.predict(list(texts))] if texts else []

    def outputs(self, texts: Sequence[str]) -> list[str]:
        """The answer to each text, in the form that the task's scorer reads."""
        return [json.dumps({self._field: label}) if self._field else label for label in self.labels(texts)]


def fit(texts: Sequence[str], labels: Sequence[str], field: str = "intent", seed: int = 0) -> Yardstick:
    """Fit on training rows. Raises Unavailable without scikit-learn, BadInput for rows of a single label."""
    if len(texts) != len(labels) or len(set(labels)) < 2:
        raise BadInput(
            "baseline_rows_invalid", f"{len(texts)} texts with {len(set(labels))} different labels",
            hint="a classifier needs a label for every text, and two different ones at least",
        )  # fmt: skip
    need("sklearn", "evals")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, lowercase=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, lowercase=True),
    )
    pipeline = make_pipeline(features, LinearSVC(C=1.0, random_state=seed))
    pipeline.fit(list(texts), list(labels))
    return Yardstick(pipeline, field)
