import { describe, expect, it } from "vitest";
import { sections } from "./card";

describe("a card", () => {
  it("is cut into sections with tables and texts", () => {
    const found = sections(
      "# Model card: m@1\n\n## Details\n\n| what | value |\n|---|---|\n| a\\|b | 1 |\n\n## Use\n\n**Not** stated.\n",
    );
    expect(found).toEqual([
      { title: "Details", blocks: [{ kind: "table", head: ["what", "value"], rows: [["a|b", "1"]] }] },
      { title: "Use", blocks: [{ kind: "text", text: "Not stated." }] },
    ]);
  });

  it("keeps markup of others as text", () => {
    const [only] = sections("## X\n<img src=x onerror=alert(1)>");
    expect(only?.blocks).toEqual([{ kind: "text", text: "<img src=x onerror=alert(1)>" }]);
    expect(sections("")).toEqual([]);
  });
});
