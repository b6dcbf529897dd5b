import { describe, expect, it } from "vitest";
import { dark, light, type Tokens } from "./tokens";

/** WCAG 2.2 relative luminance and contrast ratio. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const grounds: (keyof Tokens)[] = ["bg", "surface", "sunken", "hover", "selected"];

describe.each([
  ["light", light],
  ["dark", dark],
] as const)("%s", (_name, tokens) => {
  it.each(["text", "text2", "text3", "accent"] as const)("%s is readable on every ground", (name) => {
    for (const ground of grounds) {
      expect(contrast(tokens[name], tokens[ground]), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(["ok", "warn", "bad", "info", "idle"] as const)(
    "%s is readable on its ground and on panels",
    (name) => {
      for (const ground of [`${name}Soft`, "surface", "bg", "hover"] as (keyof Tokens)[]) {
        expect(contrast(tokens[name], tokens[ground]), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    },
  );

  it("white is readable on the accent, and lines of charts stand out from panels", () => {
    expect(contrast("#ffffff", tokens.accentFill)).toBeGreaterThanOrEqual(4.5);
    for (const name of ["series1", "series2", "series3", "series4", "series5"] as const) {
      expect(contrast(tokens[name], tokens.surface), name).toBeGreaterThanOrEqual(3);
    }
  });
});
