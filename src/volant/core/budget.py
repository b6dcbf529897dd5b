"""Budget: what rendering templates may cost, and how much of it is left. Knows numbers only."""

from __future__ import annotations

from volant.core.errors import BadInput

MAX_SOURCE = 65_536  # characters of one template
MAX_NODES = 4_000  # of one template's syntax tree: compiling them takes a tenth of a second or two
MAX_DEPTH = 40  # nodes inside one another
MAX_OUTPUT = 1_048_576  # characters of one rendering
MAX_VALUE = 262_144  # characters of a text that an expression makes
MAX_RANGE = 10_000  # numbers of one range()
MAX_STEPS = 100_000  # of one rendering: at most about a tenth of a second


class Budget:
    """What one rendering, of one or several templates, may still use."""

    __slots__ = ("characters", "steps", "weight")

    def __init__(self, weight: int = 0) -> None:
        """`weight`: characters of all values as JSON: what comparing or sorting one of them may cost."""
        self.steps = MAX_STEPS
        self.characters = MAX_OUTPUT
        self.weight = weight

    def spend(self, steps: int) -> None:
        """Raises BadInput when nothing is left."""
        self.steps -= steps
        if self.steps < 0:
            raise BadInput(
                "prompt_too_costly",
                f"rendering takes more than {MAX_STEPS} steps",
                hint="loop over less: a step is one node of the template, or 16 characters of a value",
            )

    def write(self, characters: int) -> None:
        """Raises BadInput when the rendering grows too large."""
        self.characters -= characters
        if self.characters < 0:
            raise BadInput("prompt_too_large", f"the rendering is longer than {MAX_OUTPUT} characters")
