/**
 * Layout of small directed graphs in layers, left to right: longest path for the layer, barycentres for the order
 * (Sugiyama, Tagawa, Toda 1981). Pure. Cycles are cut where they close; they come out drawn backwards.
 */

export interface Sizes {
  width: number;
  height: number;
  gapX: number;
  gapY: number;
}

export interface Placed {
  id: string;
  x: number; // left
  y: number; // top
  layer: number;
}

export interface Layout {
  nodes: Map<string, Placed>;
  width: number;
  height: number;
}

const SWEEPS = 8;

export function layout(ids: string[], edges: { from: string; to: string }[], sizes: Sizes): Layout {
  const known = new Set(ids);
  const wanted = edges.filter(({ from, to }) => known.has(from) && known.has(to) && from !== to);
  const forward = acyclic(ids, wanted);
  const layers = ordered(layered(ids, forward), forward);
  const tallest = Math.max(0, ...layers.map((layer) => layer.length));
  const height = Math.max(0, tallest * (sizes.height + sizes.gapY) - sizes.gapY);
  const nodes = new Map<string, Placed>();
  layers.forEach((layer, number) => {
    const own = layer.length * (sizes.height + sizes.gapY) - sizes.gapY;
    layer.forEach((id, place) => {
      nodes.set(id, {
        id,
        layer: number,
        x: number * (sizes.width + sizes.gapX),
        y: (height - own) / 2 + place * (sizes.height + sizes.gapY),
      });
    });
  });
  const width = Math.max(0, layers.length * (sizes.width + sizes.gapX) - sizes.gapX);
  return { nodes, width, height };
}

type Edge = { from: string; to: string };

/** The edges without those that close a cycle. */
function acyclic(ids: string[], edges: Edge[]): Edge[] {
  const out = group(edges, "from");
  const state = new Map<string, "open" | "done">();
  const kept: Edge[] = [];
  const walk = (first: string) => {
    const stack: { id: string; next: number }[] = [{ id: first, next: 0 }];
    state.set(first, "open");
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { id: string; next: number };
      const edge = out.get(top.id)?.[top.next++];
      if (!edge) {
        state.set(top.id, "done");
        stack.pop();
      } else if (state.get(edge.to) !== "open") {
        kept.push(edge);
        if (!state.has(edge.to)) {
          state.set(edge.to, "open");
          stack.push({ id: edge.to, next: 0 });
        }
      }
    }
  };
  for (const id of ids) if (!state.has(id)) walk(id);
  return kept;
}

/** Each node one layer behind the last of those before it. */
function layered(ids: string[], edges: Edge[]): string[][] {
  const out = group(edges, "from");
  const waiting = new Map(ids.map((id) => [id, 0]));
  for (const { to } of edges) waiting.set(to, (waiting.get(to) ?? 0) + 1);
  const layer = new Map(ids.map((id) => [id, 0]));
  const ready = ids.filter((id) => waiting.get(id) === 0);
  for (let at = 0; at < ready.length; at++) {
    const id = ready[at] as string;
    for (const { to } of out.get(id) ?? []) {
      layer.set(to, Math.max(layer.get(to) ?? 0, (layer.get(id) ?? 0) + 1));
      waiting.set(to, (waiting.get(to) ?? 1) - 1);
      if (waiting.get(to) === 0) ready.push(to);
    }
  }
  pullSources(ids, out, group(edges, "to"), layer);
  const layers: string[][] = Array.from({ length: Math.max(-1, ...layer.values()) + 1 }, () => []);
  for (const id of ids) layers[layer.get(id) ?? 0]?.push(id);
  return layers;
}

/** A source stands right before the first that it leads to, not at the far left. */
function pullSources(
  ids: string[],
  out: Map<string, Edge[]>,
  into: Map<string, Edge[]>,
  layer: Map<string, number>,
) {
  for (const id of ids) {
    const next = (out.get(id) ?? []).map(({ to }) => layer.get(to) ?? 0);
    if (next.length > 0 && !into.has(id)) layer.set(id, Math.max(0, Math.min(...next) - 1));
  }
}

/** Order within the layers so that few edges cross. */
function ordered(layers: string[][], edges: Edge[]): string[][] {
  const into = group(edges, "to");
  const out = group(edges, "from");
  const place = new Map<string, number>();
  const note = (layer: string[]) => {
    for (const [number, id] of layer.entries()) place.set(id, number - (layer.length - 1) / 2);
  };
  layers.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    const neighbours = (id: string) =>
      down ? (into.get(id) ?? []).map(({ from }) => from) : (out.get(id) ?? []).map(({ to }) => to);
    for (const layer of down ? layers : [...layers].reverse()) {
      const weight = new Map(
        layer.map((id) => [id, mean(neighbours(id).map((one) => place.get(one) ?? 0)) ?? place.get(id) ?? 0]),
      );
      layer.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0));
      note(layer);
    }
  }
  return layers;
}

function group(edges: Edge[], by: "from" | "to"): Map<string, Edge[]> {
  const out = new Map<string, Edge[]>();
  for (const edge of edges) out.set(edge[by], [...(out.get(edge[by]) ?? []), edge]);
  return out;
}

function mean(values: number[]): number | undefined {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined;
}
