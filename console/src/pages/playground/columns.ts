/** Columns: what each one asks, as it stands in the address: `helpdesk`, `d:gpt-4o~t=0.2~max=200~p=helpdesk@3`. */

export interface Column {
  target: string; // a task's name, or d:DEPLOYMENT
  temperature?: number;
  max_tokens?: number;
  prompt?: string; // name@version of the registry
}

export const MOST = 4;

export function parse(raw: string): Column {
  const [target = "", ...options] = raw.split("~");
  const column: Column = { target };
  for (const option of options) {
    const at = option.indexOf("=");
    const [name, value] = [option.slice(0, at), option.slice(at + 1)];
    const number = Number(value);
    if (name === "t" && Number.isFinite(number) && number >= 0 && number <= 2) column.temperature = number;
    if (name === "max" && Number.isInteger(number) && number > 0) column.max_tokens = number;
    if (name === "p" && /^[\w.-]+@[\w.-]+$/.test(value)) column.prompt = value;
  }
  return column;
}

export function format({ target, temperature, max_tokens, prompt }: Column): string {
  const options = [
    temperature === undefined ? "" : `t=${temperature}`,
    max_tokens === undefined ? "" : `max=${max_tokens}`,
    prompt ? `p=${prompt}` : "",
  ];
  return [target, ...options.filter(Boolean)].join("~");
}

/** What is sent as `model`. */
export function modelOf(column: Column): string {
  return column.target.startsWith("d:") ? column.target.slice(2) : column.target;
}

/** The fastest and the cheapest of several, where there is a difference. */
export function best(values: (number | undefined)[]): number | undefined {
  const known = values.filter((value): value is number => value !== undefined);
  if (known.length < 2) return undefined;
  const least = Math.min(...known);
  return known.filter((value) => value === least).length === known.length ? undefined : least;
}

/** `{"intent": "x"}` → x; else the words themselves, when they are short. */
export function labelOf(text: string): string {
  try {
    const value = JSON.parse(text) as unknown;
    if (value && typeof value === "object" && "intent" in value) return String(value.intent);
  } catch {
    // no JSON
  }
  return text.trim().length <= 80 ? text.trim() : "";
}
