/** Ceilings: how far each is used, when it is spent, and the sentence that says so. Pure; days and months are UTC. */
import { format } from "~/kit";
import type { Ceiling, View } from "./keys";

export type Burn = Ceiling["burns"][number];
export type Budget = "usd_per_day" | "usd_per_month" | "tokens_per_day" | "tokens_per_month";

export const NAMES: Record<string, string> = {
  requests_per_minute: "Requests a minute",
  tokens_per_minute: "Tokens a minute",
  concurrent: "Under way at once",
  usd_per_day: "US dollars a day",
  usd_per_month: "US dollars a month",
  tokens_per_day: "Tokens a day",
  tokens_per_month: "Tokens a month",
};
export const BUDGETS: Budget[] = ["usd_per_day", "usd_per_month", "tokens_per_day", "tokens_per_month"];
const DAY_MS = 86_400_000;

export function isBudget(limit: string): limit is Budget {
  return (BUDGETS as string[]).includes(limit);
}

/** In the ceiling's own unit: `$0.50`, `1,200`. */
export function amount(limit: string, value: number): string {
  return limit.startsWith("usd") ? format.usd(value) : format.num(value);
}

/** `60 requests a minute`, `$5.00 a day`. */
export function terms(limit: string, value: number): string {
  if (limit === "concurrent") return `${format.num(value)} at once`;
  const [what, length] = limit.split("_per_");
  return what === "usd" ? `${format.usd(value)} a ${length}` : `${format.short(value)} ${what} a ${length}`;
}

/** When a budget's present period began, Unix milliseconds. */
export function beginOf(burn: Burn): number {
  if (burn.limit.endsWith("_minute")) return burn.ends_ms - 60_000;
  if (burn.limit.endsWith("_day")) return burn.ends_ms - DAY_MS;
  const last = new Date(burn.ends_ms - 1);
  return Date.UTC(last.getUTCFullYear(), last.getUTCMonth(), 1);
}

/** When it is spent if it goes on so; undefined: not in its period, or there is no telling. */
export function spentAt(burn: Burn, now_ms: number): number | undefined {
  if (burn.projected === null || burn.projected <= burn.ceiling || burn.used >= burn.ceiling)
    return undefined;
  const begin = beginOf(burn);
  const rate = burn.used / Math.max(1, now_ms - begin);
  return rate > 0 ? Math.min(burn.ends_ms, now_ms + (burn.ceiling - burn.used) / rate) : undefined;
}

export type Standing = "exhausted" | "ending" | "near" | "fine";

/** exhausted: nothing is left; ending: it will be, before its period ends; near: four fifths are gone. */
export function standing(burn: Burn, now_ms: number): Standing {
  if (burn.limit === "concurrent") return "fine"; // what is shared out is not what is under way
  if (burn.used >= burn.ceiling * 0.999) return "exhausted";
  if (spentAt(burn, now_ms) !== undefined) return "ending";
  return burn.used >= burn.ceiling * 0.8 ? "near" : "fine";
}

export const TONES = { exhausted: "bad", ending: "warn", near: "warn", fine: "ok" } as const;

export interface Warning {
  standing: Standing;
  of: { over: string; name: string };
  limit: string;
  sentence: string;
  at_ms: number; // when it is spent
}

/** What is exhausted, and what will be before its period ends: the worst first. */
export function warnings(view: Pick<View, "keys" | "ceilings" | "now_ms">): Warning[] {
  const all = [
    ...(view.keys ?? []).map((key) => ({
      over: "key",
      name: key.id,
      title: `The key ${key.name}`,
      burns: key.burns,
    })),
    ...view.ceilings.map((one) => ({ ...one, title: titleOf(one) })),
  ];
  const found = all.flatMap(({ over, name, title, burns }) =>
    burns.flatMap((burn): Warning[] => {
      const how = standing(burn, view.now_ms);
      if (how === "fine" || how === "near") return [];
      const at_ms = how === "exhausted" ? 0 : (spentAt(burn, view.now_ms) ?? burn.ends_ms);
      return [
        {
          standing: how,
          of: { over, name },
          limit: burn.limit,
          sentence: sentence(title, burn, view.now_ms),
          at_ms,
        },
      ];
    }),
  );
  return found.sort((one, other) => one.at_ms - other.at_ms);
}

/** `The task triage`, `The project`. */
export function titleOf({ over, name }: { over: string; name: string }): string {
  return over === "project" ? "The project" : `The ${over} ${name}`;
}

/** One burn in words. */
export function sentence(title: string, burn: Burn, now_ms: number): string {
  const spent = `${amount(burn.limit, burn.used)} of ${amount(burn.limit, burn.ceiling)}`;
  const what = burn.limit.startsWith("usd") ? "budget" : burn.limit.split("_")[0];
  const period = burn.limit.split("_per_")[1] ?? "";
  const frees = burn.ends_ms ? `it frees ${format.ago(burn.ends_ms, now_ms)}` : "";
  const how = standing(burn, now_ms);
  if (how === "exhausted") return `${title} has used up its ${what} of this ${period}: ${spent}; ${frees}.`;
  if (how === "ending") {
    const at = spentAt(burn, now_ms) ?? burn.ends_ms;
    return `${title} will have used up its ${what} of this ${period} ${format.ago(at, now_ms)} if it goes on so: ${spent} so far.${tight(burn)}`;
  }
  return `${title}: ${spent}${how === "near" ? ", nearly used up" : ""}.${tight(burn)}`;
}

/** A request reserves what it may cost: what does not fit is refused before all is spent. */
function tight(burn: Burn): string {
  if (burn.used < burn.ceiling * 0.9) return "";
  return ` What may need more than the ${amount(burn.limit, burn.ceiling - burn.used)} left is refused.`;
}

/** The burn that stands worst, for a row. */
export function worst(burns: readonly Burn[]): Burn | undefined {
  const share = (burn: Burn) => burn.used / burn.ceiling;
  return (
    [...burns]
      .filter((one) => one.limit !== "concurrent")
      .sort((one, other) => share(other) - share(one))[0] ?? burns[0]
  );
}
