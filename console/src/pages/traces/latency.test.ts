import { describe, expect, it } from "vitest";
import { below, binsOf, filterOf, rangeOf } from "./latency";

const buckets = [
  { low_ms: 0, high_ms: 1, count: 0, errors: 0 },
  { low_ms: 1, high_ms: 2, count: 0, errors: 0 },
  { low_ms: 2, high_ms: 5, count: 6, errors: 1 },
  { low_ms: 5, high_ms: 10, count: 4, errors: 0 },
  { low_ms: 10, high_ms: null, count: 10, errors: 2 },
];

describe("latency", () => {
  it("shows what holds anything, and an empty bar before it", () => {
    const bins = binsOf(buckets);
    expect(bins.map((bin) => [bin.from, bin.to, bin.count, bin.marked])).toEqual([
      [1, 2, 0, 0],
      [2, 5, 6, 1],
      [5, 10, 4, 0],
      [10, 30, 10, 2],
    ]);
    expect(binsOf([])).toEqual([]);
  });
  it("chooses a range that comes back as it was; an end has no bound", () => {
    const bins = binsOf(buckets);
    expect(filterOf(bins, [2, 10])).toEqual({ from_ms: 2, to_ms: 10 });
    expect(filterOf(bins, [5, 30])).toEqual({ from_ms: 5, to_ms: undefined });
    expect(filterOf(bins, undefined)).toEqual({ from_ms: undefined, to_ms: undefined });
    expect(rangeOf(bins, 5)).toEqual([5, 30]);
    expect(rangeOf(bins, undefined, 5)).toEqual([1, 5]);
    expect(rangeOf(bins)).toBeUndefined();
  });
  it("says below what a share lies, and nothing where the last bucket has no end", () => {
    expect(below(buckets, 0.5)).toBe(10);
    expect(below(buckets, 0.3)).toBe(5);
    expect(below(buckets, 0.95)).toBeUndefined();
    expect(below([], 0.5)).toBeUndefined();
  });
});
