/** One model version as its page gets it, and its lineage as the graph draws it. Pure. */
import type { Answer } from "~/api/page";
import { look } from "~/kit/states";

export type ModelView = Answer<"/api/v1/views/models/{model}">;

export function drawn(lineage: ModelView["lineage"]) {
  return {
    nodes: lineage.nodes.map((node) => ({
      id: `${node.kind}:${node.id}`,
      title: node.title,
      about: [node.kind.replaceAll("_", " "), node.state.replaceAll("_", " ")].filter(Boolean).join(", "),
      tone: look(node.state).tone,
    })),
    edges: lineage.edges.map((edge) => ({ from: edge.source, to: edge.target, label: edge.operation })),
  };
}

/** `kind:id` → a link of the API. */
export function linkOf(key: string): { kind: string; id: string } {
  const at = key.indexOf(":");
  return { kind: key.slice(0, at), id: key.slice(at + 1) };
}
