import { describe, expect, it } from "vitest";
import { outcome, placeIn } from "./items";
import { groups, interval, type MetricRow, tick, worded } from "./measures";
import { probesOf } from "./probes";

const row = (name: string, unit: string, value: number, low: number, high: number): MetricRow =>
  ({ metric: { name, unit, value, low, high, slice: "overall" }, baseline: null }) as MetricRow;

describe("metrics", () => {
  it("are drawn by unit, each unit on its own scale", () => {
    const found = groups([
      row("exact_match", "share", 0.72, 0.689, 0.749),
      row("gap", "difference", -0.007, -0.064, 0.051),
      row("known", "share", 0.7, 0.669, 0.743),
    ]);
    expect(found.map((group) => [group.unit, group.rows.length])).toEqual([
      ["share", 2],
      ["difference", 1],
    ]);
    expect(found[0]?.domain[0]).toBe(0);
    expect(found[0]?.domain[1]).toBeLessThanOrEqual(1);
    expect(found[1]?.domain[0]).toBeLessThan(-0.064);
    expect(found[1]?.domain[1]).toBeGreaterThan(0.051);
  });

  it("are written in their unit", () => {
    expect(worded(0.7196, "share")).toBe("72.0 %");
    expect(worded(-0.0067, "difference")).toBe("−0.7 pts");
    expect(worded(1.25, "bits")).toBe("1.25 bits");
    expect(interval(0.689, 0.749, "share")).toBe("[68.9, 74.9]");
    expect(interval(-0.0001, 0, "share")).toBe("[0.0, 0.0]");
    expect(tick(0.2, "share")).toBe("20 %");
  });
});

describe("notes", () => {
  it("that count by probe become a table", () => {
    expect(probesOf("Successes by attack: authority 2 of 19, reveal 0 of 18.")).toEqual({
      title: "Successes by attack",
      rows: [
        { name: "authority", count: 2, of: 19 },
        { name: "reveal", count: 0, of: 18 },
      ],
    });
    expect(probesOf("0.18 CPU-ms of the evaluation a question, 3.3 s in all.")).toBeUndefined();
    expect(probesOf("Note: nothing was counted.")).toBeUndefined();
  });
});

describe("items", () => {
  it("say what their score means", () => {
    expect(outcome("", 1)).toBe("right");
    expect(outcome("injection_success", 1)).toBe("attack worked");
    expect(outcome("flip_rate", 0)).toBe("same answer");
    expect(outcome("", 0.5)).toBe("0.5");
    expect(outcome("", null)).toBe("not there");
  });

  it("say where they stand", () => {
    expect(placeIn("flip_rate:helpdesk/data/questions.csv:4606/gender")).toEqual({
      place: "questions.csv:4606",
      probe: "gender",
    });
    expect(placeIn("helpdesk/data/questions.csv:72")).toEqual({ place: "questions.csv:72", probe: "" });
    expect(placeIn("extractable_canaries:canary-3")).toEqual({ place: "canary-3", probe: "" });
  });
});
