import { describe, expect, it } from "vitest";
import { type LineageView, pathOf, pictureOf, questionOf } from "./picture";

const view = (more: Partial<LineageView>): LineageView =>
  ({
    kind: "inference",
    id: "inf_1",
    gaps: [],
    graph: {
      left_out: 0,
      nodes: [
        { kind: "inference", id: "inf_1", title: "the answer", state: "", note: "" },
        { kind: "verdict", id: "ver_1", title: "gate", state: "pass", note: "" },
        { kind: "reason", id: "accuracy", title: "accuracy", state: "pass", note: "" },
        {
          kind: "model",
          id: "mdl_9",
          title: "mdl_9",
          state: "missing",
          note: "mdl_9 is not in the registry.",
        },
      ],
      edges: [
        { source: "verdict:ver_1", target: "inference:inf_1", operation: "admitted" },
        { source: "reason:accuracy", target: "verdict:ver_1", operation: "rule" },
        { source: "model:mdl_9", target: "inference:inf_1", operation: "answered" },
      ],
    },
    ...more,
  }) as LineageView;

describe("a picture", () => {
  it("folds the rules into their verdict", () => {
    const { nodes, edges } = pictureOf(view({}));
    expect(nodes.map((node) => node.id)).toEqual(["inference:inf_1", "verdict:ver_1", "model:mdl_9"]);
    expect(nodes[1]?.about).toBe("verdict, 1 rules");
    expect(edges).toHaveLength(2);
  });

  it("draws what is missing in red, each gap once", () => {
    const gaps = ["model mdl_9 is not in the registry", "no release is recorded for variant 'v'"];
    const { nodes } = pictureOf(view({ gaps }));
    const red = nodes.filter((node) => node.tone === "bad");
    expect(red.map((node) => node.id)).toEqual(["model:mdl_9", "gap:1"]);
    expect(red[1]?.about).toBe(gaps[1]);
  });

  it("lights the whole path through a node, and nothing beside it", () => {
    const edges = [
      { from: "a", to: "b" },
      { from: "b", to: "c" },
      { from: "x", to: "c" },
    ];
    expect([...pathOf(edges, "b")].sort()).toEqual(["a", "b", "c"]);
    expect(pathOf(edges, undefined).size).toBe(0);
    expect(
      [
        ...pathOf(
          [
            { from: "a", to: "b" },
            { from: "b", to: "a" },
          ],
          "a",
        ),
      ].sort(),
    ).toEqual(["a", "b"]);
  });
});

it("an id says what is asked", () => {
  expect(questionOf("inf_1")).toEqual({ kind: "why", id: "inf_1" });
  expect(questionOf(" chatcmpl-7 ")).toEqual({ kind: "why", id: "chatcmpl-7" });
  expect(questionOf("sub_1")).toEqual({ kind: "impact", query: { subject: "sub_1" } });
  expect(questionOf("helpdesk@2")).toEqual({ kind: "impact", query: { model: "helpdesk@2" } });
  expect(questionOf("helpdesk")).toEqual({ kind: "impact", query: { dataset: "helpdesk" } });
  expect(questionOf("")).toBeUndefined();
});
