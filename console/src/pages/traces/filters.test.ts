import { describe, expect, it } from "vitest";
import { failed, isFiltered, NOTHING, queryOf, read, verdict } from "./filters";

describe("the text field", () => {
  it("reads named words, ids and items", () => {
    expect(read("user:anna status:5 ticket-4711").query).toEqual({
      user: "anna",
      status: 5,
      item_prefix: "ticket-4711",
    });
    expect(read("tag:channel:web").query).toEqual({ tag: "channel:web" });
    expect(read("sub_4a3b5ea4371238d1").query).toEqual({ subject: "sub_4a3b5ea4371238d1" });
    expect(read("b2c1cc632004140ff26d26bb17fde445").query).toEqual({
      trace_id: "b2c1cc632004140ff26d26bb17fde445",
    });
    expect(read("nosuch:thing").query).toEqual({ item_prefix: "nosuch:thing" });
  });
  it("opens what is one answer's id", () => {
    expect(read(" inf_01a20845e2727000914a11cb67622d22 ").open).toBe("inf_01a20845e2727000914a11cb67622d22");
    expect(read("chatcmpl-DjoFISr3YxEfLf8Txu").open).toBe("chatcmpl-DjoFISr3YxEfLf8Txu");
    expect(read("inf_01a20845e2727000914a11cb67622d22 and more").open).toBeUndefined();
  });
});

describe("filters", () => {
  it("become the API's query, all at once", () => {
    const filters = {
      task: "desk",
      outcome: "corrected",
      range: "1h",
      from_ms: 5,
      to_ms: 20,
      q: "error:slow",
    } as const;
    expect(queryOf(filters, 10_000_000)).toEqual({
      task: "desk",
      metric: "accepted",
      metric_max: 0,
      since_ms: 6_400_000,
      latency_ms_min: 5,
      latency_ms_max: 20,
      error_code: "slow",
    });
    expect(queryOf({ since_ms: 7, range: "1h" }, 10_000_000).since_ms).toBe(7);
  });
  it("are cleared whole", () => {
    const filters = { q: "a", subject: "sub_1", from_ms: 3, status: 500 };
    expect(isFiltered(filters)).toBe(true);
    expect(isFiltered({ ...filters, ...NOTHING })).toBe(false);
  });
});

describe("an answer", () => {
  it("failed when it has an error, whatever its status", () => {
    expect(failed({ status: 200, error_code: "" })).toBe(false);
    expect(failed({ status: 200, error_code: "invalid_output" })).toBe(true);
    expect(failed({ status: 0, error_code: "" })).toBe(true);
    expect(failed({ status: 429, error_code: "" })).toBe(true);
  });
  it("has the verdict of `accepted`, not of other metrics", () => {
    const one = { metric: "accepted", value: 0, corrected: true, has_text: false, source: "", created_ms: 1 };
    expect(verdict([{ ...one, metric: "tone", value: 1 }])).toBe("");
    expect(verdict([{ ...one, metric: "tone", value: 1 }, one])).toBe("corrected");
    expect(verdict([{ ...one, value: 1 }])).toBe("accepted");
  });
});
