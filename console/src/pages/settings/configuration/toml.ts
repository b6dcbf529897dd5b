/** A volant.toml or a JSON document as text → what the server takes. Tables that a boot reads are left out. Pure. */
import { parse, TomlError } from "smol-toml";

const DOCUMENTS = [
  "deployments",
  "tasks",
  "prompts",
  "monitors",
  "gates",
  "loops",
  "limits",
  "aliases",
  "policy",
  "retention",
];
const BOOT = ["server", "people"]; // read at a start of the server; a document does not hold them

export interface Parsed {
  documents: Record<string, unknown>;
  left: string[]; // tables of the boot that stand in the file
}

/** Throws an Error whose message says where. What the keys inside may be, the server says. */
export function parsed(text: string): Parsed {
  const found = read(text);
  const left = BOOT.filter((name) => name in found);
  const unknown = Object.keys(found).filter((name) => !DOCUMENTS.includes(name) && !BOOT.includes(name));
  if (unknown.length) {
    throw new Error(
      `unknown ${unknown.length > 1 ? "tables" : "table"}: ${unknown.join(", ")}; there are ${[...DOCUMENTS, ...BOOT].join(", ")}`,
    );
  }
  return {
    documents: Object.fromEntries(Object.entries(found).filter(([name]) => !BOOT.includes(name))),
    left,
  };
}

function read(text: string): Record<string, unknown> {
  if (text.trimStart().startsWith("{")) {
    const found = JSON.parse(text) as unknown;
    return (found as { documents?: Record<string, unknown> }).documents ?? (found as Record<string, unknown>);
  }
  try {
    return parse(text) as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new Error(`line ${error.line}, column ${error.column}: ${first}`);
  }
}
