import { describe, expect, it } from "vitest";
import { groups } from "./AuditPage";
import { actorOf, detailOf } from "./columns";

describe("audit rows", () => {
  it("say who it was", () => {
    expect(actorOf("usr_1", { usr_1: "Ada" })).toBe("Ada");
    expect(actorOf("volant", {})).toBe("the loop");
    expect(actorOf("", {})).toBe("nobody known");
  });

  it("say the detail in a line, without what is empty", () => {
    expect(detailOf({ scopes: ["read", "write"], grace_s: 0, filter: "", ids: [] })).toBe(
      "scopes read write, grace s 0",
    );
  });

  it("are filtered by noun", () => {
    expect(groups({ "key.create": "", "key.revoke": "", "audit.export": "" })).toEqual([
      { value: "audit.", label: "audit" },
      { value: "key.", label: "key" },
    ]);
  });
});
