import { describe, expect, it } from "vitest";
import { layout } from "./layout";

const sizes = { width: 100, height: 40, gapX: 60, gapY: 20 };
const edge = (text: string) => {
  const [from = "", to = ""] = text.split(">");
  return { from, to };
};

describe("the layered layout", () => {
  it("puts what comes later further right", () => {
    const edges = ["data>run", "run>model", "base>model", "model>report", "data>report"].map(edge);
    const { nodes, width } = layout(["report", "model", "run", "base", "data"], edges, sizes);
    for (const { from, to } of edges) expect(nodes.get(from)?.x).toBeLessThan(nodes.get(to)?.x ?? 0);
    expect(width).toBe(4 * 100 + 3 * 60);
    expect(nodes.get("base")?.layer).toBe(1); // right before the model, not at the far left
  });

  it("never puts two at one place, and stays inside", () => {
    const ids = Array.from({ length: 30 }, (_, number) => `n${number}`);
    const edges = ids.slice(1).map((to, number) => ({ from: `n${Math.floor(number / 3)}`, to }));
    const { nodes, width, height } = layout(ids, edges, sizes);
    expect(new Set([...nodes.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(30);
    for (const { x, y } of nodes.values()) {
      expect(x >= 0 && x + 100 <= width && y >= 0 && y + 40 <= height).toBe(true);
    }
  });

  it("uncrosses two edges", () => {
    const { nodes } = layout(["a", "b", "y", "x"], ["a>x", "b>y"].map(edge), sizes);
    const y = (id: string) => nodes.get(id)?.y ?? 0;
    expect((y("a") - y("b")) * (y("x") - y("y"))).toBeGreaterThan(0);
  });

  it("ends on cycles, loops and edges to nowhere", () => {
    const { nodes } = layout(["a", "b"], ["a>b", "b>a", "a>a", "a>gone"].map(edge), sizes);
    expect(nodes.get("a")?.x).toBeLessThan(nodes.get("b")?.x ?? 0);
    expect(layout([], [], sizes)).toMatchObject({ width: 0, height: 0 });
  });
});
