/** Lineage as it is drawn: rules folded into their verdict, gaps as red nodes, the path of what is chosen. Pure. */
import type { Answer } from "~/api/page";
import type { GraphNode } from "~/kit";
import { look } from "~/kit/states";

export type LineageView = Answer<"/api/v1/views/lineage/impact">;
export type Thing = LineageView["graph"]["nodes"][number];
export interface Edge {
  from: string;
  to: string;
  label?: string;
}
export interface Picture {
  nodes: GraphNode[];
  edges: Edge[];
  things: Map<string, Thing>; // by the node's key
  root: string;
}

const KINDS: Record<string, string> = {
  dataset_version: "dataset version",
  prompt_version: "prompt version",
  inference: "answer",
  inferences: "answers",
};

export function kindName(kind: string): string {
  return KINDS[kind] ?? kind.replaceAll("_", " ");
}

export function pictureOf(view: LineageView): Picture {
  const root = `${view.kind}:${view.id}`;
  const rules = new Map<string, number>();
  for (const edge of view.graph.edges)
    if (edge.source.startsWith("reason:")) rules.set(edge.target, (rules.get(edge.target) ?? 0) + 1);
  const things = new Map<string, Thing>();
  for (const node of view.graph.nodes)
    if (node.kind !== "reason") things.set(`${node.kind}:${node.id}`, node);
  const nodes = [...things].map(([id, thing]) => drawn(id, thing, rules.get(id)));
  const edges: Edge[] = view.graph.edges
    .filter((edge) => things.has(edge.source) && things.has(edge.target))
    .map((edge) => ({ from: edge.source, to: edge.target, label: edge.operation }));
  view.gaps.forEach((sentence, number) => {
    const known = [...things.values()].some(
      (thing) => thing.state === "missing" && sentence.includes(thing.id),
    );
    if (known) return;
    const id = `gap:${number}`;
    const thing: Thing = {
      kind: "gap",
      id: String(number),
      title: "a gap",
      state: "missing",
      note: sentence,
    };
    things.set(id, thing);
    nodes.push({ id, title: "a gap", about: sentence, tone: "bad" });
    edges.push({ from: id, to: root, label: "missing" });
  });
  return { nodes, edges, things, root };
}

function drawn(id: string, thing: Thing, rules: number | undefined): GraphNode {
  const kind = kindName(thing.kind);
  const about = thing.state === "missing" ? `${kind}, missing` : aboutOf(kind, thing, rules);
  return { id, title: thing.title, about, tone: toneOf(thing) };
}

function aboutOf(kind: string, thing: Thing, rules: number | undefined): string {
  if (rules) return `${kind}, ${rules} rules`;
  const state = thing.state ? look(thing.state).label : "";
  return state ? `${kind}, ${state}` : kind;
}

function toneOf(thing: Thing): GraphNode["tone"] {
  if (thing.state === "missing") return "bad";
  return thing.state ? look(thing.state).tone : "idle";
}

/** Everything before and behind a node, itself too: the path that is lit. */
export function pathOf(edges: Edge[], chosen: string | undefined): Set<string> {
  const lit = new Set<string>();
  if (!chosen) return lit;
  const walk = (from: "from" | "to", to: "from" | "to") => {
    const waiting = [chosen];
    const seen = new Set(waiting);
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      lit.add(at);
      for (const edge of edges) {
        if (edge[from] === at && !seen.has(edge[to])) {
          seen.add(edge[to]);
          waiting.push(edge[to]);
        }
      }
    }
  };
  walk("from", "to");
  walk("to", "from");
  return lit;
}

/** What an id or a name asks: why an answer, or what derives from something. */
export type Question =
  | { kind: "why"; id: string }
  | { kind: "impact"; query: { subject?: string; record?: string; dataset?: string; model?: string } };

export function questionOf(of: string): Question | undefined {
  const text = of.trim();
  if (!text) return undefined;
  if (/^(inf_|chatcmpl|resp_|msg_)/.test(text)) return { kind: "why", id: text };
  if (text.startsWith("sub_")) return { kind: "impact", query: { subject: text } };
  if (text.startsWith("rec_")) return { kind: "impact", query: { record: text } };
  if (text.startsWith("mdl_") || text.includes("@")) return { kind: "impact", query: { model: text } };
  return { kind: "impact", query: { dataset: text } };
}
