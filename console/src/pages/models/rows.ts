/** Which models the filters show. Pure. */
import type { Answer } from "~/api/page";

export type ModelRow = Answer<"/api/v1/views/models">["models"][number];

export interface Filters {
  q?: string;
  state?: string[];
  gate?: string[];
}

export function filtered(rows: ModelRow[], { q = "", state = [], gate = [] }: Filters): ModelRow[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (state.length > 0 && !state.includes(row.state)) return false;
    if (gate.length > 0 && !gate.includes(row.gate || "none")) return false;
    const text = [label(row), row.id, row.dataset_label, row.recipe, row.task, row.base_label]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function label(row: Pick<ModelRow, "name" | "version">): string {
  return `${row.name}@${row.version}`;
}
