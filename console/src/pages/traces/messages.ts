/**
 * What was said, as turns, from the recorded bodies of OpenAI (chat, responses), Anthropic and Gemini. Pure.
 *
 * Whatever it does not know comes back as one turn of raw JSON: nothing is left out.
 */
export interface Turn {
  role: string;
  parts: Part[];
  answer?: boolean; // what came back
}

export type Part =
  | { kind: "text"; text: string }
  | { kind: "json"; value: unknown }
  | { kind: "call"; name: string; value: unknown }
  | { kind: "other"; name: string };

type Body = Record<string, unknown>;

export function turnsOf(input: unknown, output: unknown): Turn[] {
  const asked = askedOf(input);
  const answered = answeredOf(output).map((turn) => ({ ...turn, answer: true }));
  return [...asked, ...answered].filter((turn) => turn.parts.length > 0);
}

function askedOf(input: unknown): Turn[] {
  if (!isBody(input))
    return input === null || input === undefined ? [] : [{ role: "request", parts: content(input) }];
  const system = input.system ?? input.instructions ?? body(input.system_instruction).parts;
  const first: Turn[] = system ? [{ role: "system", parts: content(system) }] : [];
  if (Array.isArray(input.messages)) return [...first, ...input.messages.map((one) => message(one, "user"))];
  if (Array.isArray(input.contents)) return [...first, ...input.contents.map((one) => message(one, "user"))];
  if (typeof input.input === "string") return [...first, { role: "user", parts: content(input.input) }];
  if (Array.isArray(input.input)) return [...first, ...input.input.map((one) => message(one, "user"))];
  return [...first, { role: "request", parts: [{ kind: "json", value: input }] }];
}

function answeredOf(output: unknown): Turn[] {
  if (output === null || output === undefined) return [];
  if (!isBody(output)) return [{ role: "assistant", parts: content(output) }];
  if (Array.isArray(output.choices))
    return output.choices.map((one) => message(body(one).message ?? body(one).delta ?? one, "assistant"));
  if (Array.isArray(output.output)) return output.output.map((one) => message(one, "assistant"));
  if (Array.isArray(output.candidates))
    return output.candidates.map((one) => message(body(one).content ?? one, "assistant"));
  if (Array.isArray(output.content)) return [message(output, "assistant")];
  if (output.error !== undefined) return [{ role: "error", parts: content(output.error) }];
  return [{ role: "answer", parts: [{ kind: "json", value: output }] }];
}

/** One message of any dialect. */
function message(one: unknown, role: string): Turn {
  if (!isBody(one)) return { role, parts: content(one) };
  const who = typeof one.role === "string" ? (one.role === "model" ? "assistant" : one.role) : role;
  if (typeof one.type === "string" && one.type.startsWith("function_call"))
    return { role: who, parts: content([one]) };
  const said = content(one.content ?? one.parts ?? one.text ?? one.refusal);
  const calls = Array.isArray(one.tool_calls) ? one.tool_calls.map(call) : [];
  return { role: who, parts: [...said, ...calls] };
}

/** Text, or a list of blocks. */
function content(value: unknown): Part[] {
  if (value === null || value === undefined || value === "") return [];
  if (typeof value === "string") return [textOrJson(value)];
  if (Array.isArray(value)) return value.flatMap(block);
  return [{ kind: "json", value }];
}

function block(one: unknown): Part[] {
  if (typeof one === "string") return content(one);
  const found = body(one);
  if (typeof found.text === "string") return content(found.text);
  if (typeof found.refusal === "string") return content(found.refusal);
  if (found.name && (found.input !== undefined || found.arguments !== undefined)) return [call(found)];
  if (found.functionCall) return [call(body(found.functionCall))];
  if (found.type === "tool_result" || found.type === "function_call_output")
    return content(found.content ?? found.output);
  if (typeof found.type === "string" && /image|audio|file|document/.test(found.type))
    return [{ kind: "other", name: found.type.replaceAll("_", " ") }];
  return [{ kind: "json", value: one }];
}

function call(one: unknown): Part {
  const found = body(one);
  const named = found.function ? body(found.function) : found;
  const given = named.arguments ?? named.input ?? named.args;
  const value = typeof given === "string" ? (parsed(given) ?? given) : given;
  return { kind: "call", name: String(named.name ?? "tool"), value };
}

function textOrJson(text: string): Part {
  const value = parsed(text);
  return value === undefined ? { kind: "text", text } : { kind: "json", value };
}

/** An object or a list that a text holds whole; undefined for any other text. */
export function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isBody(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function body(value: unknown): Body {
  return isBody(value) ? value : {};
}
