"""Threads: how the numeric libraries use the cores. Must be called before torch is imported for the first time.

Measured on 2 cores (docs/train.md): beside other busy processes, OpenMP's default of waiting actively made a step up to
30 times slower, because every one of a thousand small operations waits for a time slice; waiting passively bounds the
loss. Knows nothing of torch.
"""

from __future__ import annotations

import os
import sys


def prepare(threads: int) -> None:
    """Set the environment that OpenMP reads when it is loaded. Values that are set already win."""
    if "torch" in sys.modules:
        return
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
