import { describe, expect, it } from "vitest";
import { beside, SECTIONS, sectionOf } from "./sections";

describe("sections", () => {
  it("stand in a ring", () => {
    expect(beside("/settings/projects", 1)).toBe("/settings/people");
    expect(beside("/settings/projects", -1)).toBe("/settings/account");
    expect(beside("/settings/account", 1)).toBe("/settings/projects");
    expect(beside("/settings/prompts/triage", 1)).toBe("/settings/policies");
  });

  it("are found by the tab of an older link", () => {
    expect(sectionOf("keys")).toBe("/keys");
    expect(sectionOf("nonsense")).toBe(SECTIONS[0].to);
    expect(sectionOf(undefined)).toBe(SECTIONS[0].to);
  });
});
