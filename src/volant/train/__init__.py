"""Train: rows of questions and answers in, a checkpoint with its evidence out.

Knows models, tokenizers, optimisers and recipes. Knows nothing of the store, of HTTP or of who may see a row: rows
arrive as an iterable, everything leaves as files in one output directory and lines in one progress file.

    config      TrainConfig: everything that decides a training, as typed data (no torch)
    recipes     functions that return a TrainConfig, found by name (no torch)
    rows        one training row; JSON lines in (no torch)
    memory      what a configuration needs, before it starts (no torch)
    progress    the progress file (no torch)
    worker      train(config, rows, output, progress): choose a loop, run it, write `final/`
    likelihood  per-text negative log-likelihoods under a checkpoint
    score       exact match of a checkpoint on rows

Only this package imports torch, and only in modules that the first list does not mark "no torch".
"""
