/** The latency histogram: buckets of the server as bars, and a chosen range as filters. Pure. */
import type { Bin } from "~/kit";
import type { Numbers } from "./filters";

const LAST = 3; // the last bucket has no end: it is drawn to three times its beginning

/** Bars from the first to the last bucket that holds anything, one empty one at each side. */
export function binsOf(buckets: Numbers["latency"]): Bin[] {
  const first = buckets.findIndex((one) => one.count > 0);
  const last = buckets.findLastIndex((one) => one.count > 0);
  if (first < 0) return [];
  return buckets.slice(Math.max(0, first - 1), last + 2).map((one) => ({
    from: one.low_ms,
    to: one.high_ms ?? one.low_ms * LAST,
    count: one.count,
    marked: one.errors,
  }));
}

/** A chosen range as the address has it; a range that touches an end has no bound there. */
export function filterOf(bins: Bin[], range: [number, number] | undefined) {
  const first = bins[0];
  const last = bins.at(-1);
  if (!range || !first || !last) return { from_ms: undefined, to_ms: undefined };
  return {
    from_ms: range[0] > first.from ? range[0] : undefined,
    to_ms: range[1] < last.to ? range[1] : undefined,
  };
}

/** The reverse. */
export function rangeOf(bins: Bin[], from_ms?: number, to_ms?: number): [number, number] | undefined {
  const first = bins[0];
  const last = bins.at(-1);
  if ((!from_ms && !to_ms) || !first || !last) return undefined;
  return [from_ms ?? first.from, to_ms ?? last.to];
}

/** The latency below which a share of the answers lies: the upper edge of its bucket; undefined without answers. */
export function below(buckets: Numbers["latency"], share: number): number | undefined {
  const all = buckets.reduce((sum, one) => sum + one.count, 0);
  let seen = 0;
  for (const one of buckets) {
    seen += one.count;
    if (all > 0 && seen >= share * all) return one.high_ms ?? undefined;
  }
  return undefined;
}
