/** Graph: a small directed graph in layers (lineage, versions). Nodes are links of the keyboard: Tab, Enter. */
import { useMemo } from "react";
import css from "./kit.module.css";
import { layout } from "./layout";
import type { Tone } from "./states";

export interface GraphNode {
  id: string;
  title: string;
  about?: string;
  tone?: Tone;
}

const SIZES = { width: 176, height: 48, gapX: 56, gapY: 16 };
const PAD = 4;

export function Graph({
  nodes,
  edges,
  chosen,
  lit,
  onChoose,
  label,
}: {
  nodes: GraphNode[];
  edges: { from: string; to: string; label?: string }[];
  chosen?: string;
  lit?: ReadonlySet<string>; // nodes of a path: their edges are lit, the rest fades
  onChoose?: (id: string) => void;
  label: string;
}) {
  const placed = useMemo(
    () =>
      layout(
        nodes.map((node) => node.id),
        edges,
        SIZES,
      ),
    [nodes, edges],
  );
  const middle = SIZES.height / 2;
  return (
    <section style={{ overflow: "auto" }} tabIndex={0} aria-label={label}>
      <svg
        width={placed.width + 2 * PAD}
        height={placed.height + 2 * PAD}
        className={css.chart}
        style={{ width: placed.width + 2 * PAD }}
      >
        <title>{label}</title>
        <g transform={`translate(${PAD} ${PAD})`}>
          {edges.map((edge) => {
            const from = placed.nodes.get(edge.from);
            const to = placed.nodes.get(edge.to);
            if (!from || !to) return null;
            const [x1, x2] = [from.x + SIZES.width, to.x];
            const bend = Math.max(24, Math.abs(x2 - x1) / 2);
            const on = lit?.size
              ? lit.has(edge.from) && lit.has(edge.to)
              : chosen !== undefined && (edge.from === chosen || edge.to === chosen);
            return (
              <path
                key={`${edge.from} ${edge.to} ${edge.label ?? ""}`}
                className={`${css.edge} ${on ? css.edgeOn : ""}`}
                opacity={lit?.size && !on ? 0.35 : undefined}
                d={`M${x1},${from.y + middle}C${x1 + bend},${from.y + middle} ${x2 - bend},${to.y + middle} ${x2},${to.y + middle}`}
              >
                {edge.label && <title>{edge.label}</title>}
              </path>
            );
          })}
          {nodes.map((node) => {
            const at = placed.nodes.get(node.id);
            if (!at) return null;
            const press = () => onChoose?.(node.id);
            return (
              <g
                key={node.id}
                className={`${css.node} ${node.id === chosen ? css.nodeOn : ""} ${css[node.tone ?? "idle"]}`}
                data-lit={lit?.has(node.id) || undefined}
                transform={`translate(${at.x} ${at.y})`}
                role="button"
                tabIndex={onChoose ? 0 : undefined}
                aria-label={`${node.title}${node.about ? `, ${node.about}` : ""}`}
                aria-pressed={node.id === chosen}
                onClick={press}
                onKeyDown={(event) => {
                  if (event.key !== "Enter" && event.key !== " ") return;
                  event.preventDefault();
                  press();
                }}
              >
                <rect
                  width={SIZES.width}
                  height={SIZES.height}
                  rx={8}
                  style={
                    node.tone === "bad"
                      ? { stroke: "var(--v-bad)" }
                      : lit?.has(node.id)
                        ? { stroke: "var(--v-accent)" }
                        : undefined
                  }
                />
                <circle cx={14} cy={node.about ? 18 : middle} r={3.5} fill="var(--tone)" />
                <text
                  x={26}
                  y={node.about ? 22 : middle + 4}
                  style={{ fill: "var(--v-text)", fontSize: 12, fontWeight: 550 }}
                >
                  {cut(node.title, 22)}
                </text>
                {node.about && (
                  <text x={26} y={37}>
                    {cut(node.about, 25)}
                  </text>
                )}
              </g>
            );
          })}
        </g>
      </svg>
    </section>
  );
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
