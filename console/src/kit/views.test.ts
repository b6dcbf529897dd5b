import { describe, expect, it } from "vitest";
import { lines } from "./DiffView";
import { look } from "./states";
import { nested } from "./Waterfall";

describe("a difference", () => {
  it("numbers the lines of both texts", () => {
    expect(lines("a\nb\nc\n", "a\nB\nc\nd\n")).toEqual([
      { kind: "same", before: 1, after: 1, text: "a" },
      { kind: "removed", before: 2, text: "b" },
      { kind: "added", after: 2, text: "B" },
      { kind: "same", before: 3, after: 3, text: "c" },
      { kind: "added", after: 4, text: "d" },
    ]);
  });

  it("leaves out what is the same", () => {
    const long = Array.from({ length: 50 }, (_, number) => `line ${number}`);
    const found = lines(long.join("\n"), long.with(40, "other").join("\n"));
    expect(found).toHaveLength(9);
    expect(found[0]?.kind).toBe("gap");
    expect(lines("x", "x")).toEqual([]);
  });
});

describe("a waterfall", () => {
  const span = (id: string, parent: string, start_ms: number) => ({
    id,
    parent,
    name: id,
    start_ms,
    duration_ms: 1,
  });

  it("puts children below their parents, by start", () => {
    const rows = nested([
      span("c", "a", 5),
      span("a", "", 0),
      span("b", "a", 2),
      span("d", "b", 3),
      span("e", "gone", 9),
    ]);
    expect(rows.map(({ span: { id }, depth }) => `${id}${depth}`)).toEqual(["a0", "b1", "d2", "c1", "e0"]);
  });

  it("loses no span where parents go in a circle", () => {
    expect(nested([span("a", "b", 0), span("b", "a", 0)])).toHaveLength(2);
  });
});

describe("states", () => {
  it("have one look, whatever their case; an unknown one shows its name", () => {
    expect(look("ROLLED_BACK")).toMatchObject({ tone: "bad", label: "rolled back" });
    expect(look("something_new")).toMatchObject({ tone: "idle", label: "something new" });
  });
});
