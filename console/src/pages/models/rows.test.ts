import { describe, expect, it } from "vitest";
import { filtered, type ModelRow } from "./rows";

const row = (version: number, more: Partial<ModelRow>): ModelRow =>
  ({
    id: `mdl_${version}`,
    name: "helpdesk",
    version,
    state: "registered",
    gate: "",
    dataset_label: "",
    recipe: "sft",
    task: "",
    base_label: "",
    ...more,
  }) as ModelRow;

const rows = [
  row(1, { state: "retired", gate: "pass" }),
  row(2, { state: "live", gate: "pass", dataset_label: "tickets@2" }),
  row(3, {}),
];
const ids = (filters: Parameters<typeof filtered>[1]) => filtered(rows, filters).map((one) => one.version);

describe("models", () => {
  it("are filtered by words, state and gate, all at once", () => {
    expect(ids({})).toEqual([1, 2, 3]);
    expect(ids({ q: "TICKETS helpdesk@2" })).toEqual([2]);
    expect(ids({ state: ["live", "retired"], gate: ["pass"] })).toEqual([1, 2]);
    expect(ids({ gate: ["none"] })).toEqual([3]);
    expect(ids({ q: "mdl_3", state: ["live"] })).toEqual([]);
  });
});
