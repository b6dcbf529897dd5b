"""Memory: what a configuration needs at its peak, before it starts, and whether this machine has it.

An estimate in bytes from shapes alone, deliberately on the high side (measured against the peak resident size in
docs/train.md). Knows nothing of torch.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import msgspec

from volant.core.errors import DoesNotFit
from volant.train.config import TrainConfig

_FLOAT = 4
_RUNTIME = 600 << 20  # interpreter, torch and transformers, before the first tensor (TRL and PEFT included)


class MemoryNeed(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes at the peak of a training step."""

    weights: int
    gradients: int
    optimiser: int
    activations: int
    runtime: int

    @property
    def total(self) -> int:
        """Sum of all parts."""
        return self.weights + self.gradients + self.optimiser + self.activations + self.runtime


def resident_bytes() -> int:
    """What this process holds in memory now; its peak so far where the system does not say what it holds now."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def estimate(config: TrainConfig, vocabulary: int, longest: int) -> MemoryNeed:
    """Bytes needed to train on batches of B rows of at most `longest` tokens.

    Weights are counted twice, once for the best checkpoint that is kept aside while it is written. Activations per
    token: what autograd keeps of a block (about 10 D + 4 F + the queries, keys and values), and logits with their
    softmax and gradient (3 V) plus embeddings.
    """
    s = config.shape
    parameters = s.parameters(vocabulary)
    trained = parameters
    if config.method == "lora":
        per_layer = 4 * 2 * s.hidden + 3 * (s.hidden + s.feed_forward)
        trained = config.lora.rank * per_layer * s.layers
    tokens = config.batch_rows * min(longest, s.max_tokens)
    head = s.hidden // s.heads
    block = 10 * s.hidden + 4 * s.feed_forward + head * (2 * s.heads + 4 * s.kv_heads)
    activations = tokens * (s.layers * block + 3 * vocabulary + 4 * s.hidden) * _FLOAT
    return MemoryNeed(
        weights=2 * parameters * _FLOAT,
        gradients=trained * _FLOAT,
        optimiser=2 * trained * _FLOAT,
        activations=activations,
        runtime=_RUNTIME,
    )


def available_bytes(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes that this process may still take: the machine's available memory, or less if a control group says so.

    None where neither can be read (macOS): the caller then goes on without the check.
    """
    found: list[int] = []
    if meminfo.exists():
        lines = meminfo.read_text().splitlines()
        found += [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")]
    limit, used = cgroup / "memory.max", cgroup / "memory.current"
    if limit.exists() and used.exists():
        text = limit.read_text().strip()
        if text.isdigit():
            found.append(max(0, int(text) - int(used.read_text())))
    return min(found) if found else None


def require_fits(need: MemoryNeed, available: int | None, recipe: str) -> None:
    """Raise DoesNotFit("memory_too_small") when a run would not fit; nothing has been started then."""
    if available is None or need.total <= available:
        return
    raise DoesNotFit(
        "memory_too_small",
        f"the recipe needs about {need.total / 1e9:.2f} GB "
        f"(activations {need.activations / 1e9:.2f}, weights and optimiser "
        f"{(need.weights + need.gradients + need.optimiser) / 1e9:.2f}), and {available / 1e9:.2f} GB are free",
        where=f"recipe {recipe}",
        hint="lower batch_rows, max_tokens, hidden or layers, use lora, or free memory",
    )
