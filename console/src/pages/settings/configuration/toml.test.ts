import { describe, expect, it } from "vitest";
import { parsed } from "./toml";

describe("a configuration as text", () => {
  it("is TOML, without what a boot reads", () => {
    const { documents, left } = parsed(
      '[server]\nport = 1\n[[tasks]]\nname = "t"\n[tasks.parameters]\nx = 0.5\n',
    );
    expect(documents).toEqual({ tasks: [{ name: "t", parameters: { x: 0.5 } }] });
    expect(left).toEqual(["server"]);
  });

  it("is JSON, also as GET /documents answers it", () => {
    expect(parsed('{"tasks": []}').documents).toEqual({ tasks: [] });
    expect(parsed('{"revision": 1, "documents": {"policy": {"retention_days": 3}}}').documents).toEqual({
      policy: { retention_days: 3 },
    });
  });

  it("says where it is wrong", () => {
    expect(() => parsed("[[tasks]]\nname = \n")).toThrow(/^line 2, column \d+: /);
    expect(() => parsed("[taks]\n")).toThrow("unknown table: taks; there are deployments");
  });
});
