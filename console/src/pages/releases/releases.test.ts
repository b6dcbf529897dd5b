import { describe, expect, it } from "vitest";
import { bound, moves, parted, type Rollout, rangeOf, state, steps, type Test } from "./looks";

const test = (points: Partial<Test["points"][number]>[]): Test =>
  ({ metric: "technical_failures", kind: "ceiling", limit: 0.05, points }) as Test;
const rollout = (more: Partial<Rollout>): Rollout =>
  ({
    state: "canary",
    step: 0,
    share: 0.1,
    candidate: "v2",
    baseline: "v1",
    ended_ms: 0,
    plan: {
      shadow_requests: 50,
      steps: [
        [0.1, 40],
        [0.5, 60],
      ],
    },
    ...more,
  }) as Rollout;

describe("the sequential test", () => {
  it("says what its last look proved", () => {
    expect(state(test([])).sentence).toBe("Nobody was measured yet.");
    const point = { n: 5, lower: 0.3, upper: 1, alarm: true, cleared: false };
    expect(state(test([point])).sentence).toBe(
      "Harm beyond 5.0 % is proven: between 30.0 % and 100.0 % after 5 canary users. It rolls back.",
    );
    expect(state(test([{ ...point, alarm: false, cleared: true, upper: 0.04 }])).tone).toBe("ok");
    expect(state(test([{ ...point, alarm: false, n: 1 }])).sentence).toContain("after 1 canary user;");
  });

  it("is drawn with its limit, never wider than it can be", () => {
    expect(rangeOf(test([{ n: 0, lower: 0, upper: 1 }]))).toEqual([0, 0.05 * 1.5]);
    expect(rangeOf(test([{ n: 5, lower: 0.3, upper: 2 }]))).toEqual([0, 1]);
    expect(bound({ kind: "difference" }, -0.219)).toBe("−21.9 pts");
  });
});

describe("a rollout", () => {
  it("stands on one of its steps", () => {
    const states = (one: Rollout) => steps(one).map((step) => step.state);
    expect(states(rollout({ state: "shadow" }))).toEqual(["now", "next", "next", "next"]);
    expect(states(rollout({}))).toEqual(["done", "now", "next", "next"]);
    expect(states(rollout({ step: 1 }))).toEqual(["done", "done", "now", "next"]);
    expect(states(rollout({ state: "promoted", step: 1, ended_ms: 1 }))).toEqual([
      "done",
      "done",
      "done",
      "done",
    ]);
    expect(states(rollout({ state: "rolled_back", ended_ms: 1 }))).toEqual([
      "done",
      "stopped",
      "next",
      "next",
    ]);
  });

  it("says what a word moves, before it is said", () => {
    expect(moves("promote", rollout({}))).toContain(
      "Everybody's requests go to v2 at once. Now it gets 10 %",
    );
    expect(moves("rollback", rollout({ state: "shadow", share: 0 }))).toContain("it only shadows now");
    expect(moves("hold", rollout({}))).toContain("even proven harm does not roll it back");
  });
});

it("a measured value and what stands beside it", () => {
  expect(parted("72.0% (at least 69.4%) of 856")).toEqual(["72.0%", "(at least 69.4%) of 856"]);
  expect(parted("")).toEqual(["", ""]);
});
