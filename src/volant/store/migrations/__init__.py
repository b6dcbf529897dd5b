"""Alembic's home: one file per released change of the schema, never edited after its release."""
