"""Store: where things are kept. Imports nothing above `core`; this file stays empty of imports, because the
gateway reads `store.spool` and `store.vault` without SQLAlchemy.

    vault      keys and encryption: master key, project keys, a key per subject (destroyed by erasure)
    spool      append-only segments of one gateway worker; survive kill -9; read by control
    cached_answers  answers that gateways may give again, sealed, in a file of their own
    blobs      content-addressed artifacts on the local disk
    tables     the schema (SQLAlchemy Core)
    database   open, migrate, transact
    turns      whose turn it is to write
    migrations Alembic's
"""
