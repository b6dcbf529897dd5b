import { describe, expect, it } from "vitest";
import { parts } from "./json";
import { type Bin, binsToValues, moved, valuesToBins } from "./plots";
import { extent, linear, path, ticks } from "./scale";

const bins: Bin[] = [0, 1, 2, 3].map((at) => ({ from: at * 10, to: at * 10 + 10, count: at }));

describe("the brush", () => {
  it("turns bins to values and back, in any order", () => {
    expect(binsToValues(bins, [2, 1])).toEqual([10, 30]);
    expect(valuesToBins(bins, [10, 30])).toEqual([1, 2]);
    expect(valuesToBins(bins, undefined)).toEqual([0, 3]);
  });

  it("moves one edge by the keyboard and never crosses the other", () => {
    expect(moved(bins, undefined, 0, 1)).toEqual([10, 40]);
    expect(moved(bins, [10, 20], 0, 1)).toEqual([10, 20]);
    expect(moved(bins, [10, 20], 1, 1)).toEqual([10, 30]);
    expect(moved(bins, [10, 40], 1, 1)).toEqual([10, 40]);
  });
});

describe("scales", () => {
  it("have round ticks inside", () => {
    expect(ticks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(3, 97, 4)).toEqual([25, 50, 75]);
    expect(ticks(5, 5)).toEqual([5]);
  });

  it("map, also what has no width", () => {
    expect(linear([0, 10], [0, 100])(2.5)).toBe(25);
    expect(linear([1, 1], [0, 100])(1)).toBe(0);
    expect(extent([3, 3])).toEqual([2.5, 3.5]);
    expect(extent([])).toEqual([0, 1]);
  });

  it("draw gaps", () =>
    expect(
      path([
        [0, 1],
        [1, null],
        [2, 3],
        [3, 4],
      ]),
    ).toBe("M0,1M2,3L3,4"));
});

describe("JSON in parts", () => {
  it("is the same text", () => {
    const text = JSON.stringify({ "<b>": ['x"y', -1.5e3, true, null], nested: { a: "\\" } }, null, 2);
    const found = parts(text);
    expect(found.map(([, piece]) => piece).join("")).toBe(text);
    expect(found).toContainEqual(["key", '"<b>"']);
    expect(found).toContainEqual(["number", "-1500"]);
    expect(found).toContainEqual(["word", "true"]);
  });
});
