"""Run: one execution of anything long, as a process of its own: `python -m volant.app.run DATA RUN_ID`.

Reads `runs/<id>/spec.json` (ids and numbers, never a text), opens the store read-only and the keys, does the work in
memory, appends `progress.jsonl`, and writes `result.json` at the end. Started again after a kill it goes on.
"""
