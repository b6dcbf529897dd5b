"""Cache meaning: which question asked before means nearly the same, by the cosine of their vectors.

Holds the vectors of the frames (requests without their last words) that were asked for lately, as normalised float32;
knows neither where vectors come from nor what an answer is. numpy is imported when a task first compares by meaning.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_FLOATS = 16 << 20  # in memory, 64 MiB; then the frames asked for longest ago go

Fetch = Callable[[int], list[tuple[int, bytes, bytes]]]  # numbers above -> (number, digest, vector)


def packed(vector: Sequence[float]) -> bytes:
    """A vector of length 1 as little-endian float32; empty for a vector of zeros, or with what is no number."""
    import numpy as np

    row = np.asarray(vector, dtype="<f4")
    length = float(np.linalg.norm(row))
    return (row / length).astype("<f4").tobytes() if 0 < length < float("inf") else b""


class _Frame:
    def __init__(self) -> None:
        self.after = 0  # number of the newest entry that is here
        self.digests: list[bytes] = []
        self.rows: NDArray[np.float32] | None = None

    def add(self, found: list[tuple[int, bytes, bytes]], width: int) -> None:
        import numpy as np

        for number, _, _ in found:
            self.after = max(self.after, number)
        same = [(digest, vector) for _, digest, vector in found if len(vector) == width]  # else of another model
        if not same:
            return
        new = np.frombuffer(b"".join(vector for _, vector in same), dtype="<f4").reshape(len(same), -1)
        self.rows = new if self.rows is None else np.concatenate([self.rows, new])
        self.digests += [digest for digest, _ in same]


class Meanings:
    """Vectors in memory, by frame."""

    def __init__(self) -> None:
        self._frames: OrderedDict[bytes, _Frame] = OrderedDict()
        self._removed = -1

    def nearest(self, frame: bytes, vector: bytes, removed: int, fetch: Fetch) -> tuple[bytes, float]:
        """(digest of the nearest question, its cosine); (b"", -1.0) for none.

        `removed`: a number that grows when an entry goes, for nothing erased may stay here.
        """
        import numpy as np

        if removed != self._removed:
            self._frames.clear()
            self._removed = removed
        held = self._frames.get(frame)
        if held is None:
            held = self._frames[frame] = _Frame()
        self._frames.move_to_end(frame)
        held.add(fetch(held.after), len(vector))
        self._make_room()
        if held.rows is None or held.rows.shape[1] * 4 != len(vector):
            return b"", -1.0
        cosines = held.rows @ np.frombuffer(vector, dtype="<f4")
        best = int(cosines.argmax())
        return held.digests[best], float(cosines[best])

    def _make_room(self) -> None:
        total = sum(one.rows.size for one in self._frames.values() if one.rows is not None)
        while total > _MOST_FLOATS and len(self._frames) > 1:
            _, gone = self._frames.popitem(last=False)
            total -= gone.rows.size if gone.rows is not None else 0
