"""Evaluation: suites on a registered model, by itself. Building and retraining have it as a part."""

from __future__ import annotations

from volant.loop.making import Making


class Evaluation:
    """The workflow `evaluate`."""

    NAME = "evaluate"

    def __init__(self, making: Making) -> None:
        self._making = making

    def run(self, project: str, model_id: str, dataset_version_id: str, suites: list[str]) -> dict[str, object]:
        """Gives the ids of the reports."""
        return {"report_ids": self._making.evaluate(project, model_id, dataset_version_id, suites)}
