import { expect, describe as group, it } from "vitest";
import {
  asText,
  describe,
  messageRow,
  messagesOf,
  standIns,
  typedValue,
  undeclared,
  type VariableSpec,
  valuesOf,
  variableRow,
  variablesOf,
} from "./draft";

group("a draft", () => {
  it("turns rows into a body", () => {
    const rows = [
      messageRow({ role: "system", template: "Hi" }),
      messageRow({ role: "placeholder", template: "x" }),
    ];
    expect(messagesOf(rows)).toEqual([
      { role: "system", template: "Hi" },
      { role: "placeholder", template: "" },
    ]);
    expect(variablesOf([variableRow("bank", { type: "string" }), variableRow("  ")])).toEqual({
      bank: { type: "string" },
    });
  });

  it("reads values as their types and leaves out what is empty", () => {
    expect(typedValue("number", "3")).toBe(3);
    expect(typedValue("list", '["a"]')).toEqual(["a"]);
    expect(typedValue("list", "a, b")).toBe("a, b");
    expect(typedValue("string", "3")).toBe("3");
    expect(valuesOf({ a: { type: "boolean" }, b: {} }, { a: "true", b: "" })).toEqual({ a: true });
  });

  it("has stand-ins for what must be given", () => {
    const specs = {
      bank: { max_length: 3 },
      n: { type: "number" },
      l: { type: "list", default: [] },
      o: { required: false },
    };
    expect(standIns(specs as Record<string, VariableSpec>)).toEqual({ bank: "‹ba", n: 1 });
  });

  it("finds the names that nobody declared", () => {
    const rows = [
      messageRow({
        role: "system",
        template: "{{ bank }} {% for t in topics %}- {{ t }} {{ loop.index }}{% endfor %}",
      }),
      messageRow({ role: "user", template: "{% if not angry %}{{ name | default('x') }}{% endif %}" }),
    ];
    expect(undeclared(rows, ["bank"])).toEqual(["angry", "name", "topics"]);
    expect(undeclared(rows, ["bank", "angry", "name", "topics"])).toEqual([]);
  });

  it("is one text for a difference", () => {
    const text = asText({
      messages: [{ role: "user", template: "Hi {{ a }}" }],
      variables: { a: { max_length: 3 } },
    });
    expect(text).toBe("[user]\nHi {{ a }}\n[variables]\n{{ a }} string, required, at most 3");
    expect(describe({ default: false, type: "boolean" })).toBe("boolean, default false");
  });
});
