"""The data stage: from files and feedback to clean, redacted, split rows, with a reason for all that was removed.

`rows` the values · `importing` (`encoding`, `header`, `jsonl`) files · `cleaning` (`language`, `dedup`) the steps ·
`users` who asked · `splits` parts by user · `leaks` test items in train. Pure functions; needs the `data` extra.
"""
