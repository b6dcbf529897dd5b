import { describe, expect, it } from "vitest";
import {
  any,
  checks,
  flat,
  line,
  progress,
  type RunRow,
  type Series,
  said,
  shown,
  stepsOf,
  took,
} from "./series";

const series = (steps: [number, number][], looks: [number, number][] = []) =>
  ({
    steps: steps.map(([step, loss]) => ({ step, loss, memory_bytes: 0 })),
    validations: looks.map(([step, val_exact]) => ({ step, val_exact })),
  }) as unknown as Series;

describe("a run's series", () => {
  it("stands over the steps of all runs", () => {
    const [a, b] = [series([[1, 5], [10, 3]], [[8, 0.5]]), series([[1, 4], [5, 2]])]; // biome-ignore format: short
    const x = stepsOf([a, b]);
    expect(x).toEqual([1, 5, 8, 10]);
    expect(line(x, a, (one) => one.loss)).toEqual([5, null, null, 3]);
    expect(line(x, b, (one) => one.loss)).toEqual([4, 2, null, null]);
    expect(checks(x, a, (one) => one.val_exact)).toEqual([null, null, 0.5, null]);
  });

  it("takes the newest word of a step that was done twice", () => {
    expect(line([3], series([[3, 9], [3, 7]]), (one) => one.loss)).toEqual([7]); // biome-ignore format: short
  });

  it("draws no figure that nobody said", () => {
    expect(any(line([1], series([[1, 5]]), (one) => said(one.memory_bytes)))).toBe(false);
  });
});

describe("a run in words", () => {
  const run = (more: object) =>
    ({ kind: "train", state: "running", started_ms: 100, ended_ms: 0, ...more }) as RunRow;
  it("says how far and how long", () => {
    expect(progress(run({ pace: { steps_done: 1200, steps: 4000 } }))).toBe("step 1,200 of 4,000");
    expect(progress(run({ kind: "evaluate", pace: { steps_done: 5, steps: 9 } }))).toBe("5 of 9 items");
    expect(progress(run({ pace: { steps_done: 0, steps: 0 } }))).toBe("starting");
    expect([took(run({}), 400), took(run({ ended_ms: 150 }), 400)]).toEqual([300, 50]);
  });

  it("shows settings without JSON", () => {
    expect(flat({ kind: "train", seed: 1, options: { tokens: 5 } })).toEqual([
      ["seed", 1],
      ["options.tokens", 5],
    ]);
    expect([shown(null), shown(true), shown(["a", 2]), shown({ a: 1 })]).toEqual(["–", "yes", "a, 2", "a 1"]);
  });
});
