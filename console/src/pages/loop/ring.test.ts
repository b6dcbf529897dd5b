import { describe, expect, it } from "vitest";
import {
  arc,
  at,
  flows,
  occasions,
  SLOTS,
  type StagedModel,
  slots,
  standingAt,
  type Training,
  toneOf,
} from "./ring";

describe("the ring", () => {
  it("runs clockwise from the left", () => {
    expect(at(0, 10)).toEqual([10, 0]);
    expect(at(90, 10)).toEqual([0, 10]);
    expect(arc(-120, -60, 10)).toBe("M-5,-8.66A10,10 0 0 1 5,-8.66");
  });

  it("is red where blocked, green where it serves, and stands still where nothing moves on", () => {
    expect(toneOf({ stage: "gate", standing: "blocked" })).toBe("bad");
    expect(toneOf({ stage: "monitor", standing: "active" })).toBe("ok");
    expect(toneOf({ stage: "train", standing: "active" })).toBe("info");
    expect([
      flows({ standing: "blocked" }),
      flows({ standing: "waiting" }),
      flows({ standing: "done" }),
    ]).toEqual([false, false, true]);
  });

  it("keeps models that have served apart", () => {
    const model = (id: string, standing: string) =>
      ({ model_id: id, stage: "monitor", standing }) as StagedModel;
    const { shown, retired } = standingAt([model("a", "active"), model("b", "retired")], "monitor");
    expect(shown.map((one) => one.model_id)).toEqual(["a"]);
    expect(retired.map((one) => one.model_id)).toEqual(["b"]);
    expect(standingAt([model("a", "active")], "gate").shown).toEqual([]);
  });

  it("puts half hours in their places, the present last", () => {
    const now = 1_800_000 * 1000 + 5;
    const point = (at_ms: number) => ({ at_ms, requests: at_ms }) as never;
    const day = slots([point(1_800_000 * 999), point(1_800_000 * 1000)], now);
    expect(day.length).toBe(SLOTS);
    expect(day.slice(-2).map((one) => one?.requests)).toEqual([1_800_000 * 999, 1_800_000 * 1000]);
    expect(day.slice(0, -2).every((one) => one === undefined)).toBe(true);
  });

  it("tells one cause once", () => {
    const training = (run_id: string, by: string, id: string) =>
      ({
        run_id,
        by,
        state: "succeeded",
        sentence: id,
        link: { kind: by, id },
        created_ms: 1,
      }) as unknown as Training;
    const found = occasions([
      training("run_3", "alert", "alr_1"),
      training("run_2", "alert", "alr_1"),
      training("run_1", "person", "run_1"),
    ]);
    expect(found.map((one) => one.runs.map((run) => run.id))).toEqual([["run_3", "run_2"], ["run_1"]]);
  });
});
