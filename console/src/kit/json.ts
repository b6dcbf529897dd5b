/** Cuts JSON text into parts to colour. Whatever it is given, the parts joined are the text. */

export type Part = ["plain" | "key" | "string" | "number" | "word", string];

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;

export function parts(text: string): Part[] {
  const out: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > at) out.push(["plain", text.slice(at, match.index)]);
    const [whole, quoted, colon, number] = match;
    if (quoted) {
      out.push([colon ? "key" : "string", quoted]);
      if (colon) out.push(["plain", colon]);
    } else {
      out.push([number ? "number" : "word", whole]);
    }
    at = match.index + whole.length;
  }
  if (at < text.length) out.push(["plain", text.slice(at)]);
  return out;
}
