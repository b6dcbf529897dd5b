import { describe, expect, it } from "vitest";
import { clean, decimal, flag, list, oneOf, search, text, whole } from "./url";

const read = search({
  q: text(5),
  state: list(),
  tab: oneOf("all", "live"),
  from: whole(0, 100),
  share: decimal(),
  all: flag(),
});

describe("state in the URL", () => {
  it("takes what is right", () => {
    const wanted = { q: "abc", state: ["live", "blocked"], tab: "live", from: 7, share: 0.5, all: true };
    expect(read(wanted)).toEqual(wanted);
  });

  it("leaves out what is wrong, so that a bad link still opens the page", () => {
    expect(read({ q: {}, state: "", tab: "nope", from: 101, share: "x", all: "no", other: 1 })).toEqual({});
  });

  it("hides what it refused from the router, which keeps what nobody named", () => {
    const raw = { from: 101, tab: "live" };
    expect({ ...raw, ...read(raw) }).toStrictEqual({ from: undefined, tab: "live" });
  });

  it("reads a single value as a list, numbers as text, and cuts what is too long", () => {
    expect(read({ state: "live", q: 123456789 })).toEqual({ state: ["live"], q: "123456789" });
    expect(read({ q: "abcdefgh" })).toEqual({ q: "abcde" });
  });

  it("drops the empty", () => {
    expect(clean({ a: "", b: undefined, c: [], d: 0, e: "x", f: false })).toEqual({ d: 0, e: "x" });
  });
});
