import { describe, expect, it } from "vitest";
import { feedbackOf, missing } from "./feedback";
import { turnsOf } from "./messages";

const said = (input: unknown, output: unknown) =>
  turnsOf(input, output).map((turn) => [
    turn.role,
    ...turn.parts.map((part) => ("text" in part ? part.text : part)),
  ]);

describe("what was said", () => {
  it("OpenAI chat, with tools and an answer in JSON", () => {
    const input = {
      messages: [
        { role: "system", content: "Be kind." },
        {
          role: "user",
          content: [
            { type: "text", text: "Hello" },
            { type: "image_url", image_url: {} },
          ],
        },
        { role: "assistant", tool_calls: [{ function: { name: "look", arguments: '{"id": 4}' } }] },
        { role: "tool", content: "found" },
      ],
    };
    const output = { choices: [{ message: { role: "assistant", content: '{"intent": "refund"}' } }] };
    expect(said(input, output)).toEqual([
      ["system", "Be kind."],
      ["user", "Hello", { kind: "other", name: "image url" }],
      ["assistant", { kind: "call", name: "look", value: { id: 4 } }],
      ["tool", "found"],
      ["assistant", { kind: "json", value: { intent: "refund" } }],
    ]);
    expect(turnsOf(input, output).map((turn) => !!turn.answer)).toEqual([false, false, false, false, true]);
  });
  it("OpenAI responses", () => {
    expect(
      said(
        { instructions: "Short.", input: "Why?" },
        {
          output: [
            { type: "message", role: "assistant", content: [{ type: "output_text", text: "So." }] },
            { type: "function_call", name: "look", arguments: "{}" },
          ],
        },
      ),
    ).toEqual([
      ["system", "Short."],
      ["user", "Why?"],
      ["assistant", "So."],
      ["assistant", { kind: "call", name: "look", value: {} }],
    ]);
  });
  it("Anthropic and Gemini", () => {
    expect(
      said(
        { system: "Be brief.", messages: [{ role: "user", content: "Hi" }] },
        {
          role: "assistant",
          content: [
            { type: "text", text: "Hello" },
            { type: "tool_use", name: "look", input: { a: 1 } },
          ],
        },
      ),
    ).toEqual([
      ["system", "Be brief."],
      ["user", "Hi"],
      ["assistant", "Hello", { kind: "call", name: "look", value: { a: 1 } }],
    ]);
    expect(
      said(
        { contents: [{ role: "user", parts: [{ text: "Hi" }] }] },
        { candidates: [{ content: { role: "model", parts: [{ text: "Hello" }] } }] },
      ),
    ).toEqual([
      ["user", "Hi"],
      ["assistant", "Hello"],
    ]);
  });
  it("whatever else, nothing is left out and nothing breaks", () => {
    expect(said({ prompt: 4 }, { strange: true })).toEqual([
      ["request", { kind: "json", value: { prompt: 4 } }],
      ["answer", { kind: "json", value: { strange: true } }],
    ]);
    expect(said(null, "data: {}\n\n")).toEqual([["assistant", "data: {}\n\n"]]);
    expect(said(undefined, { error: { message: "no" } })).toEqual([
      ["error", { kind: "json", value: { message: "no" } }],
    ]);
    expect(said({ messages: [null, 4, "x"] }, null)).toEqual([
      ["user", { kind: "json", value: 4 }],
      ["user", "x"],
    ]);
  });
});

describe("feedback", () => {
  it("corrects with JSON or text, and comments without a verdict", () => {
    const draft = { verdict: "correct", answer: '{"intent": "x"}', comment: " no " } as const;
    expect(feedbackOf(draft, "inf_1", "Ada", "k")).toMatchObject({
      metric: "accepted",
      value: false,
      demonstration: { intent: "x" },
      comment: "no",
    });
    expect(feedbackOf({ ...draft, answer: "plain" }, "inf_1", "Ada", "k").demonstration).toBe("plain");
    expect(feedbackOf({ ...draft, verdict: "accept" }, "inf_1", "Ada", "k")).toMatchObject({
      value: true,
      demonstration: null,
    });
    expect(feedbackOf({ ...draft, verdict: "comment" }, "inf_1", "Ada", "k")).toMatchObject({
      metric: "comment",
      value: null,
    });
    expect(missing({ verdict: "comment", answer: "", comment: " " })).not.toBe("");
    expect(missing({ verdict: "correct", answer: "", comment: "" })).toBe("");
  });
});
