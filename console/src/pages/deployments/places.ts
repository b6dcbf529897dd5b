/** Deployments: the page's rows, laid together with what the workers say now; filters; words. Pure. */
import type { Answer } from "~/api/page";
import type { Tone } from "~/kit/states";

export type View = Answer<"/api/v1/views/deployments">;
export type Deployment = View["deployments"][number];
export type LiveView = Answer<"/api/v1/views/deployments/live">;
export type Live = LiveView["places"][number];

export interface Row extends Deployment {
  live?: Live; // no worker knows it: an engine that is down, or no worker runs
}

export interface Filters {
  q?: string;
  state?: string[];
  provider?: string[];
}

/** `idle`: nobody asked it in the last hour. */
export type State = "open" | "half_open" | "partly" | "resting" | "down" | "closed" | "unknown";

export const WORDS: Record<State, string> = {
  open: "circuit open",
  half_open: "trying again",
  partly: "open in part",
  resting: "resting",
  down: "engine down",
  closed: "healthy",
  unknown: "not seen",
};
export const TONES: Record<State, Tone> = {
  open: "bad",
  half_open: "warn",
  partly: "warn",
  resting: "warn",
  down: "bad",
  closed: "ok",
  unknown: "idle",
};

export function merged(view: View | undefined, live: LiveView | undefined): Row[] {
  const now = new Map((live?.places ?? []).map((place) => [place.name, place]));
  return (view?.deployments ?? []).map((one) => ({ ...one, live: now.get(one.name) }));
}

export function stateOf(row: Row): State {
  if (row.engine && (!row.healthy || (row.engine_state && row.engine_state !== "running"))) return "down";
  const state = row.live?.state;
  return state === undefined ? "unknown" : state in WORDS ? (state as State) : "unknown";
}

export function filtered(rows: Row[], { q = "", state = [], provider = [] }: Filters): Row[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (state.length > 0 && !state.includes(stateOf(row))) return false;
    if (provider.length > 0 && !provider.includes(row.provider)) return false;
    const uses = row.used_by.map((use) => `${use.task} ${use.variant}`);
    const text = [row.name, row.provider, row.model, row.region, row.address, row.model_id, ...uses]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Share of a limit, 0..1; undefined: no limit. */
export function shareOf(value: number, limit: number): number | undefined {
  return limit > 0 ? Math.min(1, value / limit) : undefined;
}

/** What stands out, as sentences: the worst first. */
export function troubles(row: Row): string[] {
  const out: string[] = [];
  const { live } = row;
  if (stateOf(row) === "down") out.push(`Its engine is ${row.engine_state || "not seen"}.`);
  const shut = live?.workers.filter((one) => one.state !== "closed") ?? [];
  if (live && shut.length > 0) {
    const all =
      shut.length === live.workers.length ? "" : ` in ${shut.length} of ${live.workers.length} workers`;
    out.push(
      `${live.failures} failures in a row: it is left alone${all} for a while, then one request tries it.`,
    );
  }
  if (live && live.in_flight >= live.max_in_flight) out.push("All its slots are taken.");
  for (const [name, value, limit] of [
    ["requests", live?.requests_minute ?? 0, row.requests_per_minute],
    ["tokens", live?.tokens_minute ?? 0, row.tokens_per_minute],
  ] as const)
    if (limit > 0 && value >= limit * 0.9) out.push(`It is at its ${name} a minute: others are asked.`);
  return out;
}
