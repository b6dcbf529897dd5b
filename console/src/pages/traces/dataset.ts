/** What the server says of answers that shall become rows, put in order for reading. Pure. */
import type { paths } from "~/api/schema";

type Route = paths["/api/v1/datasets/{name}/from-traces"]["post"];
export type Outcome = Route["responses"]["200"]["content"]["application/json"];

export const MOST_PICKED = 200; // they stand in the address; the API takes 1,000

/** In or out; the first ones stay when there are too many. */
export function toggled(picked: string[], id: string): string[] {
  if (picked.includes(id)) return picked.filter((one) => one !== id);
  return picked.length < MOST_PICKED ? [...picked, id] : picked;
}

/** The same reasons together, the commonest first. What names another answer counts as itself. */
export function grouped(refused: Outcome["refused"]): { reason: string; ids: string[] }[] {
  const found = new Map<string, string[]>();
  for (const { reason, inference_id } of refused)
    found.set(reason, [...(found.get(reason) ?? []), inference_id]);
  return [...found]
    .map(([reason, ids]) => ({ reason, ids }))
    .sort((one, other) => other.ids.length - one.ids.length);
}

/** Each dataset once, with its newest version, by name. */
export function newestOf<V extends { name: string; version: number }>(versions: V[]): V[] {
  const found = new Map<string, V>();
  for (const one of versions) {
    const before = found.get(one.name);
    if (!before || before.version < one.version) found.set(one.name, one);
  }
  return [...found.values()].sort((one, other) => one.name.localeCompare(other.name));
}
