"""The schema. One place, two dialects (SQLite now, PostgreSQL by URL), SQLAlchemy Core.

Rules: ids are opaque text; times are Unix milliseconds; every row has its project; JSON is text written by msgspec.
Whatever a person wrote stands only in `*_sealed` columns: zstd, then AES-GCM under the subject's key (the project's
key where there is no subject), so that destroying one row of `subject_key` destroys every copy.
docs/data-model.md says what every column means.
Lineage: edges between coarse nouns; membership of records in dataset versions is manifest segments in blobs.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", String, primary_key=True)


def _project() -> Column[str]:
    return Column("project", String, ForeignKey("project.id"), nullable=False)


def _text(name: str, default: str = "") -> Column[str]:
    return Column(name, Text, nullable=False, default=default, server_default=default)


def _ms(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, default=0, server_default="0")


def _big(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, default=0, server_default="0")


def _int(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, default=0, server_default="0")


def _float(name: str) -> Column[float]:
    return Column(name, Float, nullable=False, default=0.0, server_default="0")


# ---------------------------------------------------------------- tenancy and keys
project = Table(
    "project", metadata, _id(), _text("name"), Column("wrapped_key", LargeBinary, nullable=False),
    Column("wrapped_hash_key", LargeBinary, nullable=False), _ms("created_ms"),
)  # fmt: skip
subject_key = Table(
    "subject_key", metadata, Column("project", String, ForeignKey("project.id"), primary_key=True),
    Column("subject", String, primary_key=True), Column("wrapped_key", LargeBinary), _ms("created_ms"),
    _ms("destroyed_ms"),  # the newest erasure; what is older than it and arrives late is not stored
)  # fmt: skip
api_key = Table(
    "api_key", metadata, _id(), _project(), _text("name"), Column("sha256", String, nullable=False, unique=True),
    _text("prefix"), _text("scopes", "[]"), _text("tasks", "[]"), _ms("expires_ms"), _ms("revoked_ms"),
    _ms("created_ms"),
    _int("installation_admin"),  # the root key: may choose any project, make projects and mend people's access
    _text("limits", "{}"), _text("operations", "[]"), _int("direct"),
    # whom its use counts for: the first key of those that came in each other's place
    Column("account", String, nullable=False, default="", server_default="", index=True),
)  # fmt: skip
secret = Table(
    "secret", metadata, Column("project", String, ForeignKey("project.id"), primary_key=True),
    Column("name", String, primary_key=True), Column("sealed", LargeBinary, nullable=False), _ms("created_ms"),
)  # fmt: skip
spend = Table(  # what counts against ceilings, per account and period; the row of period "" is locked by who changes it
    "spend", metadata, Column("account", String, primary_key=True),  # key_…, project:P, task:P/NAME, model:P/NAME
    Column("period", String, primary_key=True),  # "" (ever), 2026-11, 2026-11-23, 2026-11-23T12:05
    _float("usd"), _big("requests"), _big("tokens"),
)  # fmt: skip
lease = Table(  # what one worker may spend of one account, and what it has spent in its life
    "lease", metadata, Column("account", String, primary_key=True), Column("holder", String, primary_key=True),
    _float("usd"), _big("tokens"), _int("slots"), _int("requests"), _big("minute_tokens"), _text("minute"),
    _text("day"), _ms("expires_ms"), _int("ended"),
    _float("told_usd"), _big("told_tokens"), _float("recorded_usd"), _big("recorded_tokens"), _float("counted_usd"),
    _big("counted_tokens"), Index("ix_lease_holder", "holder"),
)  # fmt: skip
usage = Table(  # who spends: sums a UTC day; grows only on real inserts, in the same transaction
    "usage", metadata, Column("project", String, primary_key=True), Column("day", String, primary_key=True),
    Column("over", String, primary_key=True),  # key, project, task, model
    Column("name", String, primary_key=True),
    _big("requests"), _big("errors"), _big("cache_hits"), _big("input_tokens"), _big("output_tokens"),
    _float("cost_usd"), _float("saved_usd"),
)  # fmt: skip

# ---------------------------------------------------------------- people
person = Table(  # whoever signs in; belongs to the installation, not to a project
    "person", metadata, _id(), Column("email", String, nullable=False, unique=True), _text("name"),
    _text("password_hash"),  # argon2id in PHC form; empty: signs in by OIDC only
    _int("installation_admin"),  # may make projects and see every one of them
    _text("state", "active"), _ms("password_changed_ms"), _ms("last_login_ms"), _ms("created_ms"),
)  # fmt: skip
person_identity = Table(  # an account at an OpenID provider
    "person_identity", metadata, Column("issuer", String, primary_key=True),
    Column("identifier", String, primary_key=True),
    Column("person_id", String, ForeignKey("person.id"), nullable=False, index=True), _ms("created_ms"),
)  # fmt: skip
membership = Table(
    "membership", metadata, Column("project", String, ForeignKey("project.id"), primary_key=True),
    Column("person_id", String, ForeignKey("person.id"), primary_key=True), _text("role"), _text("added_by"),
    _ms("created_ms"), Index("ix_membership_person_id", "person_id"),
)  # fmt: skip
login_session = Table(  # a signed-in browser; the cookie's SHA-256 is all that is kept of it
    "login_session", metadata, _id(), Column("sha256", String, nullable=False, unique=True),
    Column("person_id", String, ForeignKey("person.id"), nullable=False, index=True),
    _text("agent"), _ms("created_ms"), _ms("seen_ms"), _ms("expires_ms"), _ms("revoked_ms"),
)  # fmt: skip
login_throttle = Table(  # failed sign-ins of one e-mail or one address, known or not
    "login_throttle", metadata, Column("bucket", String, primary_key=True),  # a keyed hash
    _int("failures"), _ms("locked_until_ms"), _ms("seen_ms"), Index("ix_login_throttle_seen_ms", "seen_ms"),
)  # fmt: skip
invitation = Table(  # a link that makes a person a member; shown once, kept as SHA-256
    "invitation", metadata, _id(), _project(), Column("sha256", String, nullable=False, unique=True), _text("email"),
    _text("role"), _text("invited_by"), _ms("created_ms"), _ms("expires_ms"), _ms("accepted_ms"), _ms("revoked_ms"),
    _text("purpose", "join"),  # join; setup: the first person; reset: a new password
    _int("installation_admin"),
)  # fmt: skip

# ---------------------------------------------------------------- prompts
prompt = Table(
    "prompt", metadata, _id(), _project(), _text("name"), _text("description"), _ms("created_ms"), _ms("archived_ms"),
    UniqueConstraint("project", "name"),
)  # fmt: skip
prompt_version = Table(  # immutable
    "prompt_version", metadata, _id(), _project(),
    Column("prompt_id", String, ForeignKey("prompt.id"), nullable=False), _int("version"), _text("body", "{}"),
    _text("hash"), _text("author"), _text("comment"), _ms("created_ms"), UniqueConstraint("prompt_id", "version"),
)  # fmt: skip
prompt_label = Table(  # a name that moves: `production` → version 7
    "prompt_label", metadata, Column("prompt_id", String, ForeignKey("prompt.id"), primary_key=True),
    Column("label", String, primary_key=True), _project(), _int("version"), _text("moved_by"), _ms("moved_ms"),
)  # fmt: skip
prompt_label_move = Table(  # append-only: where each label has pointed
    "prompt_label_move", metadata, Column("id", Integer, primary_key=True), _project(),
    Column("prompt_id", String, ForeignKey("prompt.id"), nullable=False, index=True), _text("label"),
    _int("from_version"), _int("version"), _text("moved_by"), _text("comment"), _ms("moved_ms"),
)  # fmt: skip

# ---------------------------------------------------------------- configuration documents and state of the loop
revision = Table(  # one row: grows with every change that gateways must hear of
    "revision", metadata, Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)  # fmt: skip
document = Table(
    "document", metadata, _id(), _project(), _int("revision"), _text("body", "{}"), _text("hash"), _ms("created_ms"),
    _text("applied_by"), UniqueConstraint("project", "revision"),
)  # fmt: skip
state = Table(  # small facts that the loop owns: live variant per task, extra variants and deployments of releases
    "state", metadata, Column("project", String, ForeignKey("project.id"), primary_key=True),
    Column("kind", String, primary_key=True), Column("name", String, primary_key=True), _text("body", "{}"),
    _int("revision"), _ms("updated_ms"),
)  # fmt: skip

# ---------------------------------------------------------------- data
record = Table(
    "record", metadata, _id(), _project(), _text("subject"), _text("source"), _int("position"), _text("purpose"),
    _text("legal_basis"), _ms("retention_until_ms"), _text("content_hmac"),
    Column("sealed", LargeBinary, nullable=False), _text("inference_id"), _ms("created_ms"),
    Index("ix_record_project_subject", "project", "subject"), Index("ix_record_inference_id", "inference_id"),
    UniqueConstraint("project", "source", "position"),
)  # fmt: skip
dataset = Table(
    "dataset", metadata, _id(), _project(), _text("name"), _ms("created_ms"), UniqueConstraint("project", "name"),
)  # fmt: skip
dataset_version = Table(
    "dataset_version", metadata, _id(), _project(), Column("dataset_id", String, ForeignKey("dataset.id")),
    _int("version"), _text("parent_id"), _text("segments", "[]"), _text("counts", "{}"), _text("funnel", "{}"),
    _text("leaks", "[]"), _text("content_hash"), _text("state", "ready"), _ms("created_ms"),
    UniqueConstraint("dataset_id", "version"),
)  # fmt: skip

# ---------------------------------------------------------------- runs, models, evidence, releases
run = Table(
    "run", metadata, _id(), _project(), _text("kind"), _text("state", "queued"), _text("spec", "{}"),
    _text("result", "{}"), _text("error", "{}"), _int("attempt"), _text("workflow_id"),
    _ms("created_ms"), _ms("started_ms"), _ms("ended_ms"), Index("ix_run_project_created_ms", "project", "created_ms"),
)  # fmt: skip
model = Table(
    "model", metadata, _id(), _project(), _text("name"), _int("version"), _text("run_id"), _text("base_model_id"),
    _text("dataset_version_id"), _text("checkpoint"), _text("checkpoint_hash"), _text("gguf"), _text("gguf_hash"),
    _text("state", "registered"), _text("flags", "[]"), _text("facts", "{}"), _ms("created_ms"),
    UniqueConstraint("project", "name", "version"),
)  # fmt: skip
report = Table(
    "report", metadata, _id(), _project(), _text("suite"), _text("model_id"), _text("dataset_version_id"),
    _text("run_id"), _text("body", "{}"), _ms("created_ms"),
)  # fmt: skip
verdict = Table(
    "verdict", metadata, _id(), _project(), _text("gate"), _text("model_id"), _text("outcome"), _text("body", "{}"),
    _ms("created_ms"),
)  # fmt: skip
release = Table(
    "release", metadata, _id(), _project(), _text("task"), _text("variant"), _text("model_id"), _text("verdict_id"),
    _text("rollout_id"), _text("state"), _text("reason"), _ms("created_ms"), _ms("ended_ms"),
)  # fmt: skip
review = Table(
    "review", metadata, _id(), _project(), _text("subject_kind"), _text("subject_id"), _text("evidence_hash"),
    _text("decision"), _text("reviewer"), _text("comment"), _ms("created_ms"),
)  # fmt: skip
rollout = Table(
    "rollout", metadata, _id(), _project(), _text("task"), _text("baseline"), _text("candidate"), _text("state"),
    _int("step"), _float("share"), _text("plan", "{}"), _text("decisions", "[]"), _ms("created_ms"), _ms("ended_ms"),
    _text("reason"),
)  # fmt: skip
lineage = Table(  # source → target: the target was made from the source
    "lineage", metadata, _project(), Column("source_kind", String, primary_key=True),
    Column("source_id", String, primary_key=True), Column("target_kind", String, primary_key=True),
    Column("target_id", String, primary_key=True), Column("operation", String, primary_key=True),
    _text("parameters", "{}"), _ms("created_ms"), Index("ix_lineage_target", "target_kind", "target_id"),
)  # fmt: skip

# ---------------------------------------------------------------- traces
inference = Table(
    "inference", metadata, _id(), _project(), _text("trace_id"), _text("span_id"), _text("parent_span_id"),
    _text("key_id"), _text("task"), _text("variant"), _text("deployment"), _text("model"), _text("model_id"),
    _text("release_id"), _text("rollout_id"), _text("arm"), _int("step"), _text("subject"), _text("session"),
    _text("tags", "{}"), _text("item"), _ms("started_ms"), _float("latency_ms"), _float("ttft_ms"), _int("status"),
    _text("error_code"), _int("fallback"), _int("canary_failed"), _int("streamed"), _int("input_tokens"),
    _int("output_tokens"), _float("cost_usd"), _text("price_version"), _text("config_hash"), _text("shadow_of"),
    _text("findings", "[]"), _text("provider_response_id"), _ms("erased_ms"), _text("prompt_version_id"),
    _text("operation", "chat"), _text("dialect", "openai_chat"), _text("cache"), _int("cached_tokens"),
    _int("cache_write_tokens"), _int("reasoning_tokens"), _float("saved_usd"), _text("verdicts", "[]"),
    _text("warnings", "[]"),
    Index("ix_inference_project_started_ms", "project", "started_ms"),
    Index("ix_inference_project_task_started_ms", "project", "task", "started_ms"),
    Index("ix_inference_project_subject", "project", "subject"),
    Index("ix_inference_trace_id", "trace_id"),
    Index("ix_inference_provider_response_id", "provider_response_id"),
    Index("ix_inference_rollout_id", "rollout_id"),
    Index("ix_inference_project_item", "project", "item"),
)  # fmt: skip
inference_payload = Table(
    "inference_payload", metadata, _id(), Column("sealed", LargeBinary, nullable=False),
)  # fmt: skip
model_call = Table(
    "model_call", metadata, _id(), Column("inference_id", String, nullable=False, index=True), _text("span_id"),
    _text("deployment"), _text("model"), _ms("started_ms"), _float("latency_ms"), _int("status"), _text("error_code"),
    _int("input_tokens"), _int("output_tokens"), _float("cost_usd"), _text("provider_response_id"),
    _int("cached_tokens"), _int("cache_write_tokens"), _int("reasoning_tokens"), _float("ttft_ms"),
    _text("price_version"), _text("why", "first"),
)  # fmt: skip
feedback = Table(  # append-only; the newest per (inference, metric) wins in aggregates
    "feedback", metadata, _id(), _project(), Column("inference_id", String, nullable=False, index=True),
    Column("response_id", String, nullable=False, default="", server_default="", index=True), _int("pending"),
    _text("metric"), Column("value", Float), Column("corrected", Integer), _int("demonstrated"),
    Column("sealed", LargeBinary), _text("source"), _text("idempotency_key"), _text("subject"), _ms("created_ms"),
    UniqueConstraint("project", "idempotency_key"), Index("ix_feedback_project_subject", "project", "subject"),
    Index("ix_feedback_project_created_ms", "project", "created_ms"),
)  # fmt: skip
rollup = Table(  # one row per minute and slice; grows only on real inserts, in the same transaction
    "rollup", metadata, Column("project", String, primary_key=True), Column("minute_ms", BigInteger, primary_key=True),
    Column("task", String, primary_key=True), Column("variant", String, primary_key=True),
    Column("deployment", String, primary_key=True), Column("arm", String, primary_key=True),
    _int("requests"), _int("errors"), _int("fallbacks"), _int("input_tokens"), _int("output_tokens"),
    _float("cost_usd"), _float("latency_ms_sum"), Column("latency_sketch", LargeBinary), _int("accepted"),
    _int("corrected"),
)  # fmt: skip
alert = Table(
    "alert", metadata, _id(), _project(), _text("monitor"), _text("task"), _float("value"), _float("low"),
    _float("threshold"), _int("n"), _text("sentence"), _text("evidence", "{}"), _ms("fired_ms"), _ms("resolved_ms"),
    _text("workflow_id"),
)  # fmt: skip

# ---------------------------------------------------------------- governance
erasure = Table(
    "erasure", metadata, _id(), _project(), _text("subject"), _text("state"), _ms("requested_ms"), _ms("deadline_ms"),
    _ms("ended_ms"), _text("progress", "{}"), _text("receipt", "{}"),
)  # fmt: skip
place = Table(  # a machine whose control works on this database; of an SQLite file there is none here
    "place", metadata, _id(), _text("name"), _ms("seen_ms"),
)  # fmt: skip
erasure_place = Table(  # a machine that has cleaned its files for an erasure
    "erasure_place", metadata, Column("erasure_id", String, primary_key=True),
    Column("place", String, primary_key=True), _ms("cleaned_ms"),
)  # fmt: skip
audit = Table(  # append-only; each row's keyed hash covers the row before it
    "audit", metadata, Column("id", Integer, primary_key=True, autoincrement=False), _text("project"), _text("actor"),
    _text("action"), _text("object_kind"), _text("object_id"), _text("detail", "{}"), _ms("created_ms"),
    _text("prev_hash"), _text("hash"), Index("ix_audit_object_id", "object_id"), Index("ix_audit_actor", "actor"),
)  # fmt: skip
audit_head = Table(  # one row: the newest link, so that rows cut off at the end are missed
    "audit_head", metadata, Column("id", Integer, primary_key=True, autoincrement=False), _int("last_id"),
    _text("hash"),
)  # fmt: skip
