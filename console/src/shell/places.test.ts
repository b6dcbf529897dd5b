import { describe, expect, it } from "vitest";
import { PLACES, placeOf } from "./places";

describe("places", () => {
  it("have keys of their own", () => expect(new Set(PLACES.map((one) => one.key)).size).toBe(PLACES.length));

  it("know the page of an id by its prefix", () => {
    expect(placeOf(" mdl_01a2 ")).toEqual({ to: "/models", search: { open: "mdl_01a2" } });
    expect(placeOf("inf_1")?.to).toBe("/traces");
    expect(placeOf("sub_ab")?.search).toEqual({ of: "sub_ab" });
    expect(placeOf("hello world")).toBeUndefined();
    expect(placeOf("xyz_1")).toBeUndefined();
  });
});
