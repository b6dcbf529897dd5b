"""Traces: what happened, and what people thought of it.

    ingest    spooled records → rows, sealed payloads, rollups; idempotent by id
    drain     every worker's spool → ingest, in batches
    feedback  judgements on inferences; may arrive before them
    rollups   one row per minute and slice, with a mergeable latency sketch
    sketch    quantiles with a bounded relative error
    query     inferences, reviewed answers, canary rows
    metrics   windows of the rollups
    erase     takes one person out

Writers call inside `Database.begin()`, readers inside `Database.read()`. Knows nothing of HTTP and of stages.
"""
