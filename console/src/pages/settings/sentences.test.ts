import { describe, expect, it } from "vitest";
import { gateRules, monitorSentence, policyRules } from "./sentences";

describe("policies", () => {
  it("say a monitor in a sentence", () => {
    const monitor = {
      name: "m",
      task: "t",
      measure: "corrected_share",
      threshold: 0.3,
      window_s: 86400,
      min_count: 2984,
    } as const;
    expect(monitorSentence(monitor)).toBe(
      "Fires when people correct more than 30 % within 1 d, 95 % sure of it; fewer than 2,984 observations change nothing.",
    );
  });

  it("say each rule of a gate, margins of slices too", () => {
    const rules = gateRules({ name: "g", accuracy_min: 0.35, known_margin: 0.06, margins: { new: 0.1 } });
    expect(rules[0]).toEqual({
      setting: "accuracy_min",
      sentence: "Exact match, at its lower bound, is above",
      value: "35 %",
    });
    expect(rules[1]?.value).toBe("6 points");
    expect(rules[2]).toMatchObject({ setting: "margins.new", value: "10 points" });
  });

  it("take the shorter term for texts; 0 is for ever", () => {
    const rules = policyRules({
      policy: { retention_days: 30, on_full_disk: "serve" },
      retention: { payload_days: 365, record_days: 0 },
    });
    const by = Object.fromEntries(rules.map((one) => [one.setting, one.value]));
    expect(by["retention.payload_days"]).toBe("30 days");
    expect(by["retention.record_days"]).toBe("for ever");
  });
});
