"""Core: nouns, errors, ids, clock, settings, statistics. No I/O, no other floor.

errors     what can go wrong, with a code, a status and what to do
ids        prefixed, time-sortable identifiers (UUIDv7)
clock      the time as an argument
nouns      the words that stages share: Inference, Task, Variant, Deployment, ...
chat       the normalised chat request, answer and stream events
settings   boot settings, validated once, all errors at once
stats      the statistics that decide
"""
