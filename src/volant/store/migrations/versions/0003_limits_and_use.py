"""Limits over keys, projects, tasks and models with leases that outlive control; use a day; more facts of a call."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_key", sa.Column("limits", sa.Text(), server_default="{}", nullable=False))
    op.add_column("api_key", sa.Column("operations", sa.Text(), server_default="[]", nullable=False))
    op.add_column("api_key", sa.Column("direct", sa.Integer(), server_default="0", nullable=False))
    op.add_column("api_key", sa.Column("account", sa.String(), server_default="", nullable=False))
    op.create_index(op.f("ix_api_key_account"), "api_key", ["account"])
    op.execute("update api_key set account = id")
    _move_limits()
    op.drop_column("api_key", "requests_per_minute")
    op.drop_column("api_key", "usd_per_day")
    _account_for_spend()
    op.create_table(
        "lease",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("usd", sa.Float(), server_default="0", nullable=False),
        sa.Column("tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("slots", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requests", sa.Integer(), server_default="0", nullable=False),
        sa.Column("minute_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("minute", sa.Text(), server_default="", nullable=False),
        sa.Column("day", sa.Text(), server_default="", nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ended", sa.Integer(), server_default="0", nullable=False),
        sa.Column("told_usd", sa.Float(), server_default="0", nullable=False),
        sa.Column("told_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recorded_usd", sa.Float(), server_default="0", nullable=False),
        sa.Column("recorded_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("counted_usd", sa.Float(), server_default="0", nullable=False),
        sa.Column("counted_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account", "holder", name=op.f("pk_lease")),
    )
    op.create_index("ix_lease_holder", "lease", ["holder"])
    op.create_table(
        "usage",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("over", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("requests", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("errors", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_hits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_usd", sa.Float(), server_default="0", nullable=False),
        sa.Column("saved_usd", sa.Float(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("project", "day", "over", "name", name=op.f("pk_usage")),
    )
    _add_up_usage()
    op.create_table(
        "place",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
    )
    op.create_table(
        "erasure_place",
        sa.Column("erasure_id", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("cleaned_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("erasure_id", "place", name=op.f("pk_erasure_place")),
    )
    for column in (
        sa.Column("operation", sa.Text(), server_default="chat", nullable=False),
        sa.Column("dialect", sa.Text(), server_default="openai_chat", nullable=False),
        sa.Column("cache", sa.Text(), server_default="", nullable=False),
        sa.Column("cached_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cache_write_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reasoning_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("saved_usd", sa.Float(), server_default="0", nullable=False),
        sa.Column("verdicts", sa.Text(), server_default="[]", nullable=False),
        sa.Column("warnings", sa.Text(), server_default="[]", nullable=False),
    ):
        op.add_column("inference", column)
    for column in (
        sa.Column("cached_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cache_write_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reasoning_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ttft_ms", sa.Float(), server_default="0", nullable=False),
        sa.Column("price_version", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="first", nullable=False),
    ):
        op.add_column("model_call", column)


_DAY = {
    "sqlite": "strftime('%Y-%m-%d', started_ms / 1000, 'unixepoch')",
    "postgresql": "to_char(to_timestamp(started_ms / 1000) at time zone 'utc', 'YYYY-MM-DD')",
}


def _add_up_usage() -> None:
    """Of what is there; from now on each drained batch adds to it."""
    day = _DAY[op.get_bind().dialect.name]
    for over, name in (("key", "key_id"), ("project", "''"), ("task", "task"), ("model", "model")):
        where, grouped = ("", "") if over == "project" else (f" where {name} <> ''", f", {name}")
        op.execute(
            "insert into usage (project, day, over, name, requests, errors, input_tokens, output_tokens, cost_usd) "
            f"select project, {day}, '{over}', {name}, count(*), "
            "sum(case when status >= 400 or status = 0 or error_code <> '' then 1 else 0 end), "
            f"sum(input_tokens), sum(output_tokens), sum(cost_usd) from inference{where} "
            f"group by project, {day}{grouped}"
        )


def _move_limits() -> None:
    """The two limits that a key had become fields of one JSON object."""
    here = op.get_bind()
    rows = here.execute(sa.text("select id, requests_per_minute, usd_per_day from api_key")).all()
    for key_id, requests, usd in rows:
        limits = {"requests_per_minute": requests} if requests else {}
        if usd:
            limits["usd_per_day"] = usd
        if limits:
            change = sa.text("update api_key set limits = :limits where id = :id")
            here.execute(change, {"limits": json.dumps(limits), "id": key_id})


def _account_for_spend() -> None:
    """Of keys only until now, and of days and minutes; months and the whole are added up from the days."""
    with op.batch_alter_table("spend") as batch:
        batch.drop_column("leased_usd")
        batch.alter_column("key_id", new_column_name="account", existing_type=sa.String(), existing_nullable=False)
        batch.alter_column("day", new_column_name="period", existing_type=sa.String(), existing_nullable=False)
        for name in ("requests", "tokens"):
            batch.alter_column(
                name, type_=sa.BigInteger(), existing_type=sa.Integer(), existing_nullable=False,
                existing_server_default="0",
            )  # fmt: skip
    for period, grouped in (("substr(period, 1, 7)", "account, substr(period, 1, 7)"), ("''", "account")):
        op.execute(
            f"insert into spend (account, period, usd, requests, tokens) select account, {period}, sum(usd), "
            f"sum(requests), sum(tokens) from spend where length(period) = 10 group by {grouped}"
        )
