/** A key's state and its terms, as people read them. Pure. */
import type { Answer } from "~/api/page";

export type View = Answer<"/api/v1/views/keys">;
export type ApiKey = NonNullable<View["keys"]>[number];
export type Ceiling = View["ceilings"][number];
export type Spender = View["top_keys"][number];
export type Limits = ApiKey["limits"];

export const SCOPES: Record<string, string> = {
  inference: "Call tasks through the gateway",
  feedback: "Judge answers",
  read: "Read everything, what people wrote included",
  write: "Configure, train, evaluate, release",
  admin: "Everything in this project",
};

export const OPERATIONS = ["chat", "embeddings", "count_tokens", "moderations", "models"];

export const NO_LIMITS: Limits = {
  requests_per_minute: 0,
  tokens_per_minute: 0,
  concurrent: 0,
  usd_per_day: 0,
  usd_per_month: 0,
  tokens_per_day: 0,
  tokens_per_month: 0,
};

export function stateOf(key: Pick<ApiKey, "usable" | "revoked_ms">): "usable" | "revoked" | "expired" {
  if (key.usable) return "usable";
  return key.revoked_ms ? "revoked" : "expired";
}

export interface Filters {
  q?: string;
  state?: string[];
  short?: true; // also keys that pages make for themselves
}

/** Which keys the filters show. */
export function filtered(keys: ApiKey[], { q = "", state = [], short }: Filters): ApiKey[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return keys.filter((one) => {
    if (one.short_lived && !short) return false;
    if (state.length > 0 && !state.includes(stateOf(one))) return false;
    const text = [one.name, one.prefix, one.id, ...one.tasks, ...one.scopes].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Where a ceiling stands in the address: `task:helpdesk`, `project`. */
export function addressOf({ over, name }: { over: string; name: string }): string {
  return name ? `${over}:${name}` : over;
}
