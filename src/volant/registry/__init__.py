"""Registry: what exists and what was decided. Functions over a SQLAlchemy connection `tx`; each noun its module.

    projects   tenants                              documents  the configuration that people apply
    keys       API keys and their scopes            state      facts that the loop owns; `apply` never touches them
    secrets    providers' keys, sealed              snapshot   documents + state as a gateway reads them
    records    rows with subject and purpose        revision   the number that grows with every such change
    datasets   immutable versions of records        reports    reports and verdicts
    runs       executions of anything long          releases   decisions to serve
    models     model versions and their flags       rollouts   traffic that moves
    reviews    people's decisions                   lineage    the evidence chain, both ways
    audit      the chain of who did what            audit_log  its rows as people read them

Writers call inside `Database.begin()`, readers inside `Database.read()`. Time comes in as `now_ms`; ids may be given,
so that a workflow that is resumed writes the same row. A function that adds a row also writes the lineage edges that
its arguments name. Knows the store; knows no HTTP, no stage and no clock.
"""
