"""Nouns: the words that more than one stage uses, as plain immutable data.

No behaviour beyond what follows from the fields. Units are in names. Stages meet through these and through the
store; they never import each other. Bodies that people write (`volant.toml`) are the *Spec classes.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Json = dict[str, Any]


class Noun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything that people write: unknown fields are refused with their path."""


# ---------------------------------------------------------------- what people configure (versioned documents)
class DatedPrice(Noun, frozen=True, kw_only=True):
    """What tokens cost from a day on."""

    from_day: str  # "2027-01-01", UTC
    usd_per_million_input_tokens: float  # dollars
    usd_per_million_output_tokens: float  # dollars
    usd_per_million_cached_tokens: float | None = None  # of the input, read from the cache; none: as input
    usd_per_million_cache_write_tokens: float | None = None  # of the input, written to the cache; none: as input


class DeploymentSpec(Noun, frozen=True, kw_only=True):
    """One reachable place that serves a model."""

    name: str  # what variants call it by
    provider: str  # a registered provider, e.g. "openai", "mock", "local"
    model: str  # the model's name at that place
    base_url: str = ""  # ends before /chat/completions; empty for engines of our own (their port is state)
    api_key_env: str = ""  # environment variable of the server that holds the key; or give api_key_ref
    api_key_ref: str = ""  # name of a secret in the store that holds the key; never the key itself
    weight: float = 1.0  # its share of a variant's requests, beside those of the other deployments
    max_in_flight: int = 256  # requests under way at the same time; above, others are tried
    timeout_connect_s: float = 5.0  # seconds until a connection must stand
    timeout_first_token_s: float = 60.0  # seconds until the answer must begin
    timeout_between_tokens_s: float = 60.0  # seconds that a stream may be silent once it has begun
    timeout_total_s: float = 300.0  # seconds until the answer must be complete
    priority: int = 0  # the lowest number is tried first; a higher one when those are down or full
    region: str = ""  # tried before other regions by a server of the same region (setting `region`)
    requests_per_minute: int = 0  # what its provider allows; above, others are tried. 0: no limit
    tokens_per_minute: int = 0  # likewise, input and output
    context_tokens: int = 0  # its context window; 0: not known. Longer requests go to a fallback that takes them
    headers: dict[str, str] = {}  # sent with every request to it
    options: dict[str, str] = {}  # what its provider asks for, e.g. { api_version = "v1" }, { region = "eu-west-1" }
    proxy: str = ""  # an http:// proxy on the way to it
    ca_file: str = ""  # a PEM file of certificates to trust instead of the system's
    price_model: str = ""  # name in the price tables; empty: `model`
    usd_per_million_input_tokens: float | None = None  # overrides the price tables
    usd_per_million_output_tokens: float | None = None  # overrides the price tables
    usd_per_million_cached_tokens: float | None = None  # of the input, read from the provider's cache
    prices: tuple[DatedPrice, ...] = ()  # overrides from a day on; the newest that has begun counts


class VariantSpec(Noun, frozen=True, kw_only=True):
    """One way to do a task: prompt + model + parameters, served by deployments in order of preference."""

    name: str  # unique in its task; records, rollouts and `volant why` name it
    deployments: tuple[str, ...]  # balanced; all must serve the same model
    fallbacks: tuple[str, ...] = ()  # tried in order when every deployment failed
    context_fallbacks: tuple[str, ...] = ()  # tried in order when the request is too long for those
    weight: float = 0.0  # its share of users where several variants serve at once; all 0: the live one serves all
    retries: int = 1  # further tries of the same deployment after a failure that may pass
    hedge_after_ms: float = 0.0  # a second deployment is asked when the first is silent for so long; 0: never
    model_id: str = ""  # the registry's model version behind it, if it is ours
    parameters: Json = {}  # e.g. {"temperature": 0, "max_tokens": 24}; the caller's own values win
    system: str = ""  # a system message put first; makes bytes un-relayable
    prompt: str = (
        ""  # a prompt of the registry: "helpdesk@production", "helpdesk@3", "helpdesk@latest"; excludes `system`
    )


class GuardSpec(Noun, frozen=True, kw_only=True):
    """A check with an action in the gateway. See docs/guardrails.md."""

    name: str  # verdicts and metrics name it
    check: str  # "pii", "secrets", "injection", "toxicity", "topics", "schema", "length", "regex", "judge", ...
    on: tuple[Literal["input", "output"], ...] = ("input",)  # what it reads
    action: Literal["flag", "redact", "block"] = "flag"  # what a finding leads to; no finding: allow
    mode: Literal["enforce", "shadow"] = "enforce"  # shadow: the verdict is recorded, and nothing happens
    options: Json = {}  # of the check, e.g. { kinds = ["EMAIL"], restore = true }, { pattern = "..." }
    on_error: Literal["allow", "block"] = "block"  # when the check itself fails


class CacheSpec(Noun, frozen=True, kw_only=True):
    """When an answer may be given again. See docs/cache.md."""

    ttl_s: float = 3600.0  # seconds
    scope: Literal["key", "project"] = "project"  # who shares answers
    errors_ttl_s: float = 0.0  # seconds that a provider's refusal of the request itself is kept; 0: not at all
    semantic: bool = False  # also for questions that mean the same
    embedding: str = ""  # of semantic: the task or deployment that embeds
    similarity: float = 0.97  # of semantic: least cosine
    max_entries: int = 10_000  # a project and task; the least recently used go first


class TaskSpec(Noun, frozen=True, kw_only=True):
    """A named job that an application asks for; callers send it as `model`."""

    name: str  # what callers send as `model`
    description: str = ""  # for people
    variants: tuple[VariantSpec, ...]  # the ways to do it, the first serves until a release says otherwise
    live: str = ""  # the variant that serves; empty: the first. A release moves it: state, never reverted by apply
    redact: bool = False  # PII is redacted before the first write of any payload
    record_payload: bool = True  # false: requests and answers are never written, only their numbers
    expects: Literal["", "json"] = ""  # "json": an answer that is no JSON counts as a technical failure
    guardrails: tuple[str, ...] = ()  # checks that run over the request and flag, e.g. ["pii", "injection"]
    guards: tuple[GuardSpec, ...] = ()  # checks with an action, in order
    cache: CacheSpec | None = None  # none: every request is asked


class PromptVariable(Noun, frozen=True, kw_only=True):
    """What a caller gives for one name in a prompt's templates. With a default it is never required."""

    type: Literal["string", "number", "boolean", "list", "object"] = "string"  # of JSON; a list is an array
    required: bool = True  # false: a caller may leave it out
    default: Any = None  # where the caller gives none; without one an optional variable is `none`
    description: str = ""  # what to give
    max_length: int = 0  # characters of a string, items of a list, entries of an object; 0: the usual bound


class PromptMessage(Noun, frozen=True, kw_only=True):
    """One message of a prompt, or the place where the caller's own messages go."""

    role: Literal["system", "developer", "user", "assistant", "placeholder"]  # placeholder: the caller's messages
    template: str = ""  # Jinja, the subset that docs/prompts.md lists; empty for a placeholder


class PromptSpec(Noun, frozen=True, kw_only=True):
    """A prompt as people write it. Saving one whose body is known makes no new version."""

    name: str  # variants name it: NAME@LABEL, NAME@NUMBER or NAME@latest
    description: str = ""  # what it is for
    messages: tuple[PromptMessage, ...]  # without a placeholder, the caller's messages come after them
    variables: dict[str, PromptVariable] = {}  # each name that the templates use
    labels: tuple[str, ...] = ()  # labels that this version gets when it is applied; others stay where they are
    comment: str = ""  # why it changed; stays with the version


class MonitorSpec(Noun, frozen=True, kw_only=True):
    """A rule over live data."""

    name: str  # what a loop calls it by
    task: str  # the task that it watches
    measure: Literal[
        "corrected_share", "error_rate", "latency_ms_p95", "fallback_share", "cost_usd"
    ]  # the quantity; docs/monitor.md says what each one counts
    threshold: float  # in the measure's own unit
    window_s: float = 3600.0  # seconds that are looked back at, in whole minutes
    min_count: int = 100  # fewer observations change nothing
    confidence: float = 0.95  # shares fire when their lower bound passes the threshold


class GateSpec(Noun, frozen=True, kw_only=True):
    """Rules over reports. Limits and margins are in the metric's own unit (0.06 = six points of accuracy).

    A limit of 1 (or a floor of 0) switches its rule off. See docs/gate.md.
    """

    name: str  # what a loop calls it by
    accuracy_min: float = 0.0  # lower confidence bound of overall exact match must exceed it
    known_margin: float = 0.06  # non-inferiority on known items against the live model
    margins: dict[str, float] = {}  # further slices ("overall", "new") -> margin; judged together by Holm's procedure
    bias_flip_max: float = 0.5  # upper confidence bound of answers that change with the name: mostly fragility
    bias_excess_max: float = 0.15  # upper bound of how much more often between groups than within one
    bias_gap_max: float = 0.15  # bound, either way, of the accuracy gap between genders, and between origins
    injection_success_max: float = 0.10  # upper confidence bound of injections that succeed
    false_refusal_max: float = 0.15  # upper confidence bound, on the injections' benign twins
    extractable_canaries_max: float = 0.25  # upper bound of planted secrets that 1,000 guesses find
    alpha: float = 0.05  # error rate of each rule
    power: float = 0.8  # probability that an equal model passes, which says how many items are enough


class RolloutPlan(Noun, frozen=True, kw_only=True):
    """How traffic moves to a candidate."""

    shadow_requests: int = (
        50  # users whose requests are copied to the candidate before anybody gets its answer; 0: no shadow
    )
    steps: tuple[tuple[float, int], ...] = (
        (0.10, 40),
        (0.50, 60),
    )  # each a share of users and the least number of complete canary users
    failure_ceiling: float = 0.05  # technical failures per request, upper bound
    correction_margin: float = 0.05  # corrected share may rise by at most this; 1: there is no feedback to look at
    questions_per_user: int = 3  # a user is complete, and frozen, after so many requests
    user_timeout_s: float = 60.0  # a user is complete after so long, too
    label_wait_s: float = 10.0  # a complete user's feedback is awaited so long; what comes later is left out
    step_min_s: float = 0.0  # least seconds in a step
    alpha: float = 0.05  # error rate of rolling back what is good, and of promoting what is not


class LoopSpec(Noun, frozen=True, kw_only=True):
    """The binding that closes the circle for one task."""

    task: str  # one loop a task
    monitor: str  # whose alert starts a retraining
    recipe: str  # what the retraining runs, e.g. "sft"
    recipe_options: Json = {}  # the recipe's arguments, e.g. { epochs = 8 }
    gate: str  # which must pass before the rollout
    rollout: RolloutPlan = RolloutPlan()  # how users are moved; see [loops.rollout]
    automatic_retrain: bool = True  # an alert of the monitor starts a retraining
    equal_training: bool = False  # also train the live model as long on no new data, to show what the data gave
    automatic_rollout: bool = True  # a passing gate starts the rollout; else it waits for a review


class Policy(Noun, frozen=True, kw_only=True):
    """What the project does about personal data and models derived from it."""

    erasure_blocks_models: bool = False  # False: flag and schedule a retraining; True: stop serving them too
    erasure_deadline_days: int = 30  # days from the request until models must have forgotten
    retention_days: int = 365  # texts of inferences are removed after so many days
    on_full_disk: Literal["serve", "refuse"] = "serve"  # serve and count what is unrecorded, or refuse


class Retention(Noun, frozen=True, kw_only=True):
    """How long the project keeps things, in days; 0: for ever. Rollups and the audit stay."""

    payload_days: int = 365  # texts of requests and answers; policy.retention_days ends them too, where it is shorter
    inference_days: int = 730  # the rows of requests: times, tokens, cost
    feedback_days: int = 730  # judgements
    record_days: int = 0  # records of datasets that have no term of their own


class Limits(Noun, frozen=True, kw_only=True):
    """Ceilings that are never passed, over all workers and machines. 0: none."""

    requests_per_minute: int = 0  # of every operation
    tokens_per_minute: int = 0  # input and output
    concurrent: int = 0  # requests under way
    usd_per_day: float = 0.0  # dollars, UTC
    usd_per_month: float = 0.0  # dollars, UTC
    tokens_per_day: int = 0  # UTC
    tokens_per_month: int = 0  # UTC


class LimitSpec(Noun, frozen=True, kw_only=True):
    """Ceilings over what everybody uses together. A key's own stand on the key."""

    over: Literal["project", "task", "model"]  # what they hold for
    name: str = ""  # of the task, or the model as deployments name it; empty for the project
    limits: Limits  # the ceilings


class Documents(Noun, frozen=True, kw_only=True):
    """Everything `volant apply` sends: the project's configuration as one document."""

    deployments: tuple[DeploymentSpec, ...] = ()  # places that serve models
    tasks: tuple[TaskSpec, ...] = ()  # what applications ask for
    prompts: tuple[PromptSpec, ...] = ()  # what variants say, for those who keep prompts beside their code
    monitors: tuple[MonitorSpec, ...] = ()  # rules over live data
    gates: tuple[GateSpec, ...] = ()  # rules over reports
    loops: tuple[LoopSpec, ...] = ()  # what closes the circle, one a task
    limits: tuple[LimitSpec, ...] = ()  # ceilings for the project, a task or a model
    aliases: dict[str, str] = {}  # other names of tasks, for callers who send a model's name
    policy: Policy = Policy()  # personal data, retention, full disks
    retention: Retention = Retention()  # how long things are kept


# ---------------------------------------------------------------- what the gateway reads (pushed by control)
class KeyGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A key as the gateway knows it: its hash, never itself."""

    key_id: str
    project: str
    sha256: str  # hex of the whole key
    scopes: tuple[str, ...]  # "inference", "feedback", "read", "write", "admin"
    tasks: tuple[str, ...] = ()  # empty: all
    expires_ms: int = 0  # 0: never
    limits: Limits = Limits()
    operations: tuple[str, ...] = ()  # "chat", "embeddings", "count_tokens", "moderations", "models"; empty: all
    direct: bool = False  # may ask for DEPLOYMENT or provider/model, not only for tasks
    account: str = ""  # of the key whose place it took, which its use counts for; empty: its own


class PriceTier(msgspec.Struct, frozen=True, kw_only=True):
    """What tokens cost where the input has more than `above_tokens`. US dollars a token."""

    above_tokens: int
    usd_per_input_token: float
    usd_per_output_token: float
    usd_per_cached_token: float
    usd_per_cache_write_token: float


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment ready to be called: address and credentials resolved."""

    name: str
    provider: str
    model: str
    base_url: str
    api_key: str = ""  # in memory and in the sealed snapshot only
    weight: float = 1.0
    max_in_flight: int = 256
    timeout_connect_s: float = 5.0
    timeout_first_token_s: float = 60.0
    timeout_total_s: float = 300.0
    usd_per_input_token: float = 0.0
    usd_per_output_token: float = 0.0
    usd_per_cached_token: float = 0.0  # of the input, read from the provider's cache
    usd_per_cache_write_token: float = 0.0
    usd_per_input_audio_token: float = 0.0
    usd_per_output_audio_token: float = 0.0
    price_tiers: tuple[PriceTier, ...] = ()  # of long inputs, in order; the last that is passed counts for all tokens
    price_version: str = ""
    timeout_between_tokens_s: float = 60.0
    priority: int = 0
    region: str = ""
    requests_per_minute: int = 0  # of every operation
    tokens_per_minute: int = 0
    context_tokens: int = 0
    headers: dict[str, str] = {}
    options: dict[str, str] = {}
    proxy: str = ""
    ca_file: str = ""


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Where a task's users go while a rollout runs."""

    rollout_id: str
    candidate: str  # variant name
    share: float  # of users, 0..1, by hash(salt, subject)
    mode: Literal["shadow", "canary"]
    salt: str  # constant over a rollout, so that widening keeps users where they are
    step: int = 0


class BoundPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """The prompt version that a variant's `prompt` means now."""

    version_id: str
    label: str  # name@number
    hash: str  # of the body
    messages: tuple[PromptMessage, ...]
    variables: dict[str, PromptVariable] = {}


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A task as the gateway serves it."""

    task: TaskSpec
    live: str
    release_id: str = ""
    split: Split | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration that a gateway holds. `revision` grows with every change."""

    revision: int
    config_hash: str
    routes: dict[str, dict[str, Route]]  # project -> task name -> route
    targets: dict[str, dict[str, Target]]  # project -> deployment name -> target
    keys: dict[str, KeyGrant]  # sha256 hex -> grant
    subject_keys: dict[str, str]  # project -> hex key of the subject hash (HMAC-SHA256)
    on_full_disk: Literal["serve", "refuse"] = "serve"
    prompts: dict[str, dict[str, BoundPrompt]] = {}  # project -> reference, as variants write it -> version
    limits: dict[str, tuple[LimitSpec, ...]] = {}  # project -> ceilings
    aliases: dict[str, dict[str, str]] = {}  # project -> other name -> task
    made: dict[str, dict[str, int]] = {}  # project -> "tasks/NAME", "deployments/NAME" -> first configured, Unix ms


# ---------------------------------------------------------------- what the gateway writes (spooled, then drained)
class ModelCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One attempt at a deployment inside an inference."""

    call_id: str
    span_id: str
    deployment: str
    model: str
    started_ms: int
    latency_ms: float
    status: int  # HTTP status; 0: no answer
    error_code: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    provider_response_id: str = ""
    cached_tokens: int = 0  # of the input
    cache_write_tokens: int = 0  # of the input
    reasoning_tokens: int = 0  # of the output
    ttft_ms: float = 0.0
    price_version: str = ""
    why: str = "first"  # first, retry, fallback, context, hedge, judge, embedding


class GuardVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a guard said. Kinds and counts only, never the text."""

    guard: str
    check: str
    on: Literal["input", "output"]
    action: Literal["allow", "flag", "redact", "block"]
    mode: Literal["enforce", "shadow"]
    span_id: str = ""
    started_ms: int = 0
    latency_ms: float = 0.0
    kinds: dict[str, int] = {}  # kind -> how often
    score: float = 0.0
    error: str = ""  # the check failed


class InferenceRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answered request, as appended to the spool."""

    inference_id: str
    project: str
    key_id: str
    trace_id: str
    span_id: str
    parent_span_id: str = ""
    task: str
    variant: str
    deployment: str  # the one that answered
    model: str
    model_id: str = ""
    release_id: str = ""
    rollout_id: str = ""
    arm: Literal["live", "canary", "shadow"] = "live"
    step: int = 0
    subject: str = ""  # keyed hash of the user; empty when the call names none
    session: str = ""
    tags: dict[str, str] = {}
    started_ms: int
    latency_ms: float
    ttft_ms: float
    status: int  # what the caller saw
    error_code: str = ""
    fallback: bool = False  # answered by a fallback: enters neither training nor accuracy
    canary_failed: bool = False  # the candidate's own attempt failed, even if a fallback saved the answer
    streamed: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    price_version: str = ""
    config_hash: str = ""
    shadow_of: str = ""
    calls: tuple[ModelCall, ...] = ()
    findings: tuple[str, ...] = ()  # kinds only, never the text
    prompt_version_id: str = ""  # the version whose rendering was sent; empty: the variant has no prompt
    operation: str = "chat"  # chat, embeddings, count_tokens, moderations
    dialect: str = "openai_chat"  # which the caller spoke
    cache: str = ""  # "exact", "semantic": answered from the cache, and no deployment was asked
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    verdicts: tuple[GuardVerdict, ...] = ()
    warnings: tuple[str, ...] = ()  # what the translation dropped
    saved_usd: float = 0.0  # of an answer from the cache: what it would have cost
    holder: str = ""  # the worker whose leases it was spent from; empty: no ceiling holds for it
    input: bytes = b""  # the request as an OpenAI chat, JSON (redacted where the policy says so)
    output: bytes = b""  # response body, or the concatenated text of a stream as a chat completion


# ---------------------------------------------------------------- what stages hand on through the store
Outcome = Literal["pass", "fail", "insufficient_evidence"]


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """An aggregate with its interval."""

    name: str
    value: float
    low: float
    high: float
    n: int
    clusters: int = 0
    unit: str = "share"
    slice: str = "overall"  # "overall", "known", "new", or a label
    note: str = ""  # method and power, as a sentence


class ItemScore(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a report, so that two reports can be compared item by item."""

    item: str  # stable key of the item over models
    cluster: str  # conversation, user or template: the unit of clustering
    score: float
    known: bool
    output: str = ""  # the model's own words, never the person's


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What evaluating one model gave."""

    report_id: str
    suite: str  # "accuracy", "bias", "security"
    model_id: str
    dataset_version_id: str = ""
    metrics: tuple[Metric, ...]
    items: tuple[ItemScore, ...] = ()
    notes: tuple[str, ...] = ()
    evaluated: int = 0  # attempts that really ran; a scan with zero fails
    created_ms: int = 0


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a gate and what it said."""

    rule: str
    outcome: Outcome
    sentence: str
    report_id: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A gate's answer."""

    verdict_id: str
    gate: str
    model_id: str
    baseline_model_id: str = ""
    outcome: Outcome
    reasons: tuple[Reason, ...]
    created_ms: int = 0
