/** What the list of traces is asked for: the address's filters and the words of the text field. Pure. */
import type { Answer, Params } from "~/api/page";

export type TraceRow = Answer<"/api/v1/views/traces">["rows"][number];
export type Numbers = NonNullable<Answer<"/api/v1/views/traces">["numbers"]>;
export type Query = NonNullable<Params<"/api/v1/views/traces">["query"]>;

export const RANGES = { "15m": 900_000, "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000 } as const;
export type Range = keyof typeof RANGES;

/** Filters that other pages may set by a link, or a chip: one value each. */
export const EXACT = [
  "task",
  "variant",
  "deployment",
  "model",
  "arm",
  "error_code",
  "model_id",
  "release_id",
  "rollout_id",
  "trace_id",
  "subject",
  "session",
  "key_id",
  "item_prefix",
  "finding",
] as const;
export type Exact = (typeof EXACT)[number];

export type Outcome = "failed" | "answered" | "fallback" | "streamed" | "accepted" | "corrected" | "found";

export interface Filters extends Partial<Record<Exact, string>> {
  q?: string;
  outcome?: Outcome;
  status?: number;
  range?: Range;
  since_ms?: number;
  until_ms?: number;
  from_ms?: number; // of latency, the brush
  to_ms?: number;
}

const OUTCOMES: Record<Outcome, Query> = {
  failed: { failed: true },
  answered: { failed: false },
  fallback: { fallback: true },
  streamed: { streamed: true },
  accepted: { metric: "accepted", metric_min: 1 },
  corrected: { metric: "accepted", metric_max: 0 },
  found: { finding: "any" },
};

/** The query of the API. `now_ms` is the beginning of the range's clock. */
export function queryOf(filters: Filters, now_ms: number): Query {
  const query: Query = { ...read(filters.q ?? "").query };
  for (const name of EXACT) if (filters[name]) query[name] = filters[name];
  Object.assign(query, filters.outcome && OUTCOMES[filters.outcome]);
  if (filters.status) query.status = filters.status;
  if (filters.range) query.since_ms = now_ms - RANGES[filters.range];
  if (filters.since_ms) query.since_ms = filters.since_ms;
  if (filters.until_ms) query.until_ms = filters.until_ms;
  if (filters.from_ms) query.latency_ms_min = filters.from_ms;
  if (filters.to_ms) query.latency_ms_max = filters.to_ms;
  return query;
}

const WORDS: Record<string, keyof Query> = {
  user: "user",
  session: "session",
  item: "item_prefix",
  tag: "tag",
  finding: "finding",
  subject: "subject",
  trace: "trace_id",
  key: "key_id",
  task: "task",
  variant: "variant",
  deployment: "deployment",
  model: "model",
  error: "error_code",
};
const PREFIXES: Record<string, keyof Query> = {
  sub: "subject",
  key: "key_id",
  rel: "release_id",
  rol: "rollout_id",
  mdl: "model_id",
};
export const HELP = Object.keys(WORDS);

/** `user:anna status:5 ticket-4711` → filters; `open`: the text is one answer's id. */
export function read(text: string): { query: Query; open?: string } {
  const query: Query = {};
  const words = text.trim().split(/\s+/).filter(Boolean);
  const [only = ""] = words;
  if (words.length === 1 && /^(inf_|chatcmpl-|resp_|msg_)[\w-]{6,}$/.test(only)) return { query, open: only };
  for (const word of words) {
    const [, name = "", value = ""] = /^(\w+):(.+)$/.exec(word) ?? [];
    const [, prefix = ""] = /^([a-z]{3})_\w{8,}$/.exec(word) ?? [];
    if (name === "status") query.status = Number(value) || 0;
    else if (WORDS[name]) Object.assign(query, { [WORDS[name]]: value });
    else if (PREFIXES[prefix]) Object.assign(query, { [PREFIXES[prefix]]: word });
    else if (/^[0-9a-f]{32}$/.test(word)) query.trace_id = word;
    else query.item_prefix = word;
  }
  return { query };
}

/** Whether anything is filtered, and so "Clear all" makes sense. */
export function isFiltered(filters: Filters): boolean {
  const { q, outcome, status, range, since_ms, until_ms, from_ms, to_ms } = filters;
  const others = [q, outcome, status, range, since_ms, until_ms, from_ms, to_ms];
  return others.some(Boolean) || EXACT.some((name) => filters[name]);
}

export const NOTHING: Filters = Object.fromEntries(
  [...EXACT, "q", "outcome", "status", "range", "since_ms", "until_ms", "from_ms", "to_ms"].map((name) => [
    name,
    undefined,
  ]),
);

/** Failed for its caller, or for the canary's count. */
export function failed(one: Pick<TraceRow["inference"], "status" | "error_code">): boolean {
  return one.status >= 400 || one.status === 0 || one.error_code !== "";
}

/** The verdict on an answer: the newest judgement by `accepted`. */
export function verdict(feedback: TraceRow["feedback"]): "accepted" | "corrected" | "" {
  const found = feedback.find((one) => one.metric === "accepted");
  if (!found || found.value === null) return "";
  return found.value >= 1 ? "accepted" : "corrected";
}
