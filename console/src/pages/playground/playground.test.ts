import { describe, expect, it } from "vitest";
import { added, cutter, NOTHING } from "./ask";
import { best, format, labelOf, modelOf, parse } from "./columns";

const STREAM = [
  ": ping\n\n",
  'data: {"choices":[{"delta":{"role":"assistant","content":"Grü"}}]}\n\n',
  'data: {"choices":[{"delta":{"content":"ße"},"finish_reason":"stop"}]}\n\n',
  'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\n',
  "data: [DONE]\n\n",
].join("");

function read(pieces: string[]) {
  const cut = cutter();
  return pieces.flatMap(cut).reduce(added, NOTHING);
}

describe("a stream", () => {
  it("says the same wherever it is cut", () => {
    const whole = read([STREAM]);
    expect(whole).toMatchObject({ text: "Grüße", finish: "stop", input_tokens: 7, output_tokens: 2 });
    for (let at = 1; at < STREAM.length; at++) {
      expect(read([STREAM.slice(0, at), STREAM.slice(at)])).toEqual(whole);
    }
  });

  it("breaks off with its error", () => {
    expect(() => read(['data: {"error":{"message":"no deployment answered"}}\n\n'])).toThrow("no deployment");
  });
});

describe("columns in the address", () => {
  it("come back as they were", () => {
    for (const raw of ["helpdesk", "d:gpt-4o~t=0.2~max=200~p=helpdesk@3", "t~t=0"]) {
      expect(format(parse(raw))).toBe(raw);
    }
  });

  it("lose what cannot be", () => {
    expect(parse("a~t=9~max=-1~p=<b>~x")).toEqual({ target: "a" });
  });

  it("ask a deployment by its name", () => {
    expect(modelOf(parse("d:gpt-4o"))).toBe("gpt-4o");
    expect(modelOf(parse("helpdesk"))).toBe("helpdesk");
  });
});

describe("figures", () => {
  it("mark the least, where it says something", () => {
    expect(best([3, 1, undefined])).toBe(1);
    expect(best([1, 1])).toBeUndefined();
    expect(best([1])).toBeUndefined();
  });

  it("propose a label", () => {
    expect(labelOf('{"intent": "lost_card"}')).toBe("lost_card");
    expect(labelOf("refund")).toBe("refund");
    expect(labelOf("x".repeat(200))).toBe("");
  });
});
