/** A prompt while it is written: rows of a form ⇄ the API's body, and values as people type them. Pure. */
import type { Answer } from "~/api/page";

export type Version = Answer<"/api/v1/prompts/{name}/versions/{version}">;
export type Kind = Version["variables"][string]["type"];
export interface Message {
  role: Version["messages"][number]["role"];
  template?: string;
}
/** As a person writes it: what is left out has the server's default. */
export interface VariableSpec {
  type?: Kind;
  required?: boolean;
  default?: unknown;
  description?: string;
  max_length?: number;
}
export interface Body {
  messages: readonly Message[];
  variables: Record<string, VariableSpec>;
}

export const KINDS: Kind[] = ["string", "number", "boolean", "list", "object"];
export const SPEAKERS: Message["role"][] = ["system", "developer", "user", "assistant", "placeholder"];

export interface VariableRow {
  id: number;
  name: string;
  spec: VariableSpec;
}

export interface MessageRow {
  id: number;
  role: Message["role"];
  template: string;
}

let next = 1;

export function messageRow(message: Message = { role: "user", template: "" }): MessageRow {
  return { id: next++, role: message.role, template: message.template ?? "" };
}

export function variableRow(name = "", spec: VariableSpec = {}): VariableRow {
  return { id: next++, name, spec };
}

export function messagesOf(rows: MessageRow[]): Message[] {
  return rows.map(({ role, template }) => ({ role, template: role === "placeholder" ? "" : template }));
}

export function variablesOf(rows: VariableRow[]): Record<string, VariableSpec> {
  return Object.fromEntries(
    rows.filter(({ name }) => name.trim()).map(({ name, spec }) => [name.trim(), spec]),
  );
}

/** What was typed, as the variable's type; a text that is none stays a text, and the server says what is wrong. */
export function typedValue(kind: Kind, typed: string): unknown {
  if (kind === "string") return typed;
  try {
    return JSON.parse(typed) as unknown;
  } catch {
    return typed;
  }
}

/** Values for a check: what is empty is left out, so that defaults hold. */
export function valuesOf(
  variables: Record<string, VariableSpec>,
  typed: Record<string, string>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(variables)
      .filter(([name]) => typed[name])
      .map(([name, spec]) => [name, typedValue(spec.type ?? "string", typed[name] ?? "")]),
  );
}

/** A stand-in for what a caller must give and nobody typed: `‹bank›`, within its length. */
export function standIns(variables: Record<string, VariableSpec>): Record<string, unknown> {
  const needed = Object.entries(variables).filter(
    ([, spec]) => spec.required !== false && (spec.default === null || spec.default === undefined),
  );
  return Object.fromEntries(needed.map(([name, spec]) => [name, standIn(name, spec)]));
}

function standIn(name: string, { type = "string", max_length = 0 }: VariableSpec): unknown {
  if (type === "number") return 1;
  if (type === "boolean") return true;
  if (type === "list") return [`‹${name}›`];
  if (type === "object") return {};
  return max_length ? `‹${name}›`.slice(0, max_length) : `‹${name}›`;
}

/** Names that a template uses and nobody declared: `{{ bank }}` and the lists of `{% for … in topics %}`. */
export function undeclared(rows: MessageRow[], declared: string[]): string[] {
  const used = new Set<string>();
  const own = new Set([...declared, "loop", "true", "false", "none"]);
  for (const { role, template } of rows) {
    if (role === "placeholder") continue;
    for (const [, name = ""] of template.matchAll(/\{%-?\s*for\s+([a-z_]\w*)\s+in/gi)) own.add(name);
    for (const [, name = ""] of template.matchAll(/\{\{-?\s*([a-z_]\w*)/gi)) used.add(name);
    for (const [, name = ""] of template.matchAll(/\{%-?\s*for\s+\w+\s+in\s+([a-z_]\w*)/gi)) used.add(name);
    for (const [, name = ""] of template.matchAll(/\{%-?\s*(?:el)?if\s+(?:not\s+)?([a-z_]\w*)/gi))
      used.add(name);
  }
  return [...used].filter((name) => !own.has(name)).sort();
}

/** A version as one text, for the difference of two. */
export function asText(version: Body): string {
  const messages = version.messages.map(({ role, template }) => `[${role}]\n${template ?? ""}`);
  const variables = Object.entries(version.variables)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, spec]) => `{{ ${name} }} ${describe(spec)}`);
  return [...messages, ...(variables.length ? [`[variables]\n${variables.join("\n")}`] : [])].join("\n");
}

/** `string, required, at most 80`. */
export function describe(spec: VariableSpec): string {
  const parts: string[] = [spec.type ?? "string"];
  const has = spec.default !== null && spec.default !== undefined;
  parts.push(
    has ? `default ${JSON.stringify(spec.default)}` : spec.required === false ? "optional" : "required",
  );
  if (spec.max_length) parts.push(`at most ${spec.max_length}`);
  return parts.join(", ");
}
