/** Versions and what they were made from, as the graph's nodes and edges. Pure. */
import type { Answer } from "~/api/page";
import { format, type GraphNode } from "~/kit";

export type Graph = Answer<"/api/v1/views/datasets">;
export type VersionRow = Graph["nodes"][number];
export type Version = Answer<"/api/v1/views/datasets/{version_id}">;
export type Difference = Answer<"/api/v1/views/datasets/difference">;
export type RecordRow = Answer<"/api/v1/views/datasets/{version_id}/records">["rows"][number];

export function graphOf({ nodes, edges }: Pick<Graph, "nodes" | "edges">) {
  const shown: GraphNode[] = nodes.map((node) => ({
    id: node.id,
    title: node.title,
    about: `${format.num(node.records)} records`,
    tone: node.leaks > 0 ? "warn" : node.state === "ready" ? "ok" : "idle",
  }));
  const known = new Set(shown.map((node) => node.id));
  for (const edge of edges) {
    if (known.has(edge.source)) continue;
    known.add(edge.source);
    shown.push({ id: edge.source, ...named(edge) });
  }
  return {
    nodes: shown,
    edges: edges.map((edge) => ({ from: edge.source, to: edge.target, label: sentence(edge) })),
  };
}

type Edge = Graph["edges"][number];

/** What a source of rows is called. */
export function named({ source_kind, source, records }: Edge): { title: string; about: string } {
  if (source_kind === "alert") return { title: "Alert", about: "started the harvest" };
  if (source_kind === "dataset_version") return { title: format.shortId(source), about: "an older version" };
  const rows = records ? `${format.num(records)} records` : "rows";
  if (source.startsWith("feedback/")) return { title: "Reviewed answers", about: rows };
  return { title: source.split("/").at(-1) ?? source, about: rows };
}

const OPERATIONS: Record<string, string> = {
  extend: "extended by",
  import: "imported into",
  start: "started",
};

function sentence({ operation, records }: Edge): string {
  const word = OPERATIONS[operation] ?? operation;
  return records ? `${word}, ${format.num(records)} records` : word;
}

export interface Split {
  name: string;
  records: number;
  known: number;
  people: number | undefined;
}

const ORDER = ["train", "validation", "test"];

/** train, validation, test, then the others by name. */
export function splitsOf(splits: VersionRow["splits"], people: Record<string, number> = {}): Split[] {
  const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return Object.entries(splits)
    .map(([name, { records, known }]) => ({ name, records, known, people: people[name] }))
    .sort((a, b) => place(a.name) - place(b.name) || a.name.localeCompare(b.name));
}

/** Versions whose name, id or state has every word. */
export function filtered(rows: VersionRow[], q = ""): VersionRow[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const text = `${row.title} ${row.id} ${row.state}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The difference as sentences, the largest news first. */
export function sentences({ added, removed, moved, same, left, right }: Difference): string[] {
  const many = (count: number, what: string) =>
    `${format.num(count)} ${count === 1 ? "record" : "records"} ${what}`;
  const out = [
    added && many(added, `only in ${right.title}`),
    removed && many(removed, `only in ${left.title}`),
    moved && many(moved, "in another split, or marked otherwise"),
  ].filter(Boolean) as string[];
  return out.length
    ? [...out, many(same, "in both, unchanged")]
    : [`Both hold the same ${many(same, "")}`.trim()];
}
