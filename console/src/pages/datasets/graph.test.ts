import { describe, expect, it } from "vitest";
import { counted } from "./Funnel";
import { type Difference, filtered, graphOf, sentences, splitsOf, type VersionRow } from "./graph";

const node = (id: string, more: Partial<VersionRow> = {}) =>
  ({ id, title: id, state: "ready", records: 10, leaks: 0, splits: {}, ...more }) as VersionRow;

describe("datasets", () => {
  it("are a graph of versions and what they were made from", () => {
    const edge = {
      source_kind: "source",
      source: "desk/data/q.csv",
      target: "v1",
      operation: "import",
      records: 1200,
    };
    const { nodes, edges } = graphOf({
      nodes: [node("v2", { leaks: 3 }), node("v1")],
      edges: [
        edge,
        {
          ...edge,
          source_kind: "dataset_version",
          source: "v1",
          target: "v2",
          operation: "extend",
          records: 0,
        },
        { ...edge, source: "feedback/desk/v2", target: "v2", records: 7 },
        { ...edge, source_kind: "alert", source: "alr_1", target: "v2", operation: "start", records: 0 },
      ],
    });
    expect(nodes.map((one) => [one.id, one.title, one.about, one.tone])).toEqual([
      ["v2", "v2", "10 records", "warn"],
      ["v1", "v1", "10 records", "ok"],
      ["desk/data/q.csv", "q.csv", "1,200 records", undefined],
      ["feedback/desk/v2", "Reviewed answers", "7 records", undefined],
      ["alr_1", "Alert", "started the harvest", undefined],
    ]);
    expect(edges.map((one) => `${one.from} ${one.label} ${one.to}`)).toContain(
      "desk/data/q.csv imported into, 1,200 records v1",
    );
  });
  it("have their splits in the order of their use", () => {
    const some = { records: 1, known: 1 };
    const found = splitsOf({ pool_a: some, test: some, train: some, validation: some }, { test: 4 });
    expect(found.map(({ name, people }) => [name, people])).toEqual([
      ["train", undefined],
      ["validation", undefined],
      ["test", 4],
      ["pool_a", undefined],
    ]);
  });
  it("are filtered by every word", () => {
    const rows = [node("a", { title: "desk v1" }), node("b", { title: "desk v2", state: "building" })];
    expect(filtered(rows, "DESK build").map((row) => row.id)).toEqual(["b"]);
    expect(filtered(rows).length).toBe(2);
  });
  it("say their difference in sentences", () => {
    const two = {
      left: node("v1"),
      right: node("v2"),
      added: 0,
      removed: 1,
      moved: 0,
      same: 2000,
    } as Difference;
    expect(sentences(two)).toEqual(["1 record only in v1", "2,000 records in both, unchanged"]);
    expect(sentences({ ...two, removed: 0 })).toEqual(["Both hold the same 2,000 records"]);
  });
  it("write the server's numbers as the pages do", () => {
    expect(counted("7237 rows came in; 91 went.")).toBe("7,237 rows came in; 91 went.");
  });
});
