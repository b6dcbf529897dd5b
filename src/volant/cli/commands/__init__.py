"""Commands: one module per noun or verb; each has `add(app)`. A new command is a new module here."""
