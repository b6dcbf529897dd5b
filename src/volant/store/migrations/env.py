"""Alembic's entry: runs the revisions on the connection that `Database.migrate` hands in."""

from __future__ import annotations

from alembic import context

from volant.store.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("migrations run through volant.store.database.Database.migrate")
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
