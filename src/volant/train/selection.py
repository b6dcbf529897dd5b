"""Selection: the best checkpoint so far, chosen on the validation rows only.

Both loops ask it at every checkpoint. Without validation rows the last step wins.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from volant.train.checkpoint import RunState, step_directory, whole_directory
from volant.train.examples import Example
from volant.train.score import score_examples
from volant.train.weights import save_weights


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the validation rows. `loss` is the mean NLL per answer token, in nats."""

    step: int
    exact: float
    loss: float


def better(new: Validation, old: Validation | None, by: Literal["exact", "loss"]) -> bool:
    """Whether `new` replaces `old`: more exact answers (fewer nats break a tie), or fewer nats."""
    if old is None:
        return True
    if by == "loss":
        return new.loss < old.loss
    return (new.exact, -new.loss) > (old.exact, -old.loss)


class Selection:
    """Looks at the validation rows and keeps the trained weights of the best step in `root`."""

    def __init__(
        self, root: Path, examples: Sequence[Example], pad: int, by: Literal["exact", "loss"], state: RunState | None
    ) -> None:
        self._root, self._examples, self._pad, self._by = root, examples, pad, by
        self.best: Validation | None = None
        if state is not None and state.best_step >= 0:
            self.best = Validation(step=state.best_step, exact=state.best_exact, loss=state.best_loss)

    def look(self, model: Any, step: int, last: bool) -> tuple[Validation | None, bool]:
        """Score the validation rows; keep the weights when they are the best so far. (None, False): no rows."""
        if not self._examples:
            if not last:
                return None, False
            found = Validation(step=step, exact=0.0, loss=0.0)
            self._keep(model, found)
            return None, True
        scores = score_examples(model, self._examples, self._pad)
        found = Validation(
            step=step,
            exact=sum(score.exact for score in scores) / len(scores),
            loss=sum(score.answer_nll for score in scores) / sum(score.answer_tokens for score in scores),
        )
        chosen = better(found, self.best, self._by)
        if chosen:
            self._keep(model, found)
        return found, chosen

    def directory(self) -> Path:
        """Where the chosen weights stand."""
        if self.best is None:
            raise RuntimeError("nothing was selected yet")
        return step_directory(self._root, self.best.step)

    def _keep(self, model: Any, found: Validation) -> None:
        place = step_directory(self._root, found.step)
        with whole_directory(place) as directory:
            save_weights(model, directory)
        self.best = found
        for other in self._root.glob("step-*"):
            if other != place:
                shutil.rmtree(other, ignore_errors=True)
