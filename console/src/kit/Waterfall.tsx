/** Waterfall: spans over the time of one trace, parents before children. More than 60 spans: the box scrolls. */
import { Fragment } from "react";
import { ms } from "./format";
import css from "./kit.module.css";
import type { Tone } from "./states";

export interface Span {
  id: string;
  parent?: string;
  name: string;
  start_ms: number;
  duration_ms: number;
  tone?: Tone;
  note?: string;
}

export function Waterfall({ spans }: { spans: Span[] }) {
  const rows = nested(spans);
  const start = Math.min(...spans.map((span) => span.start_ms));
  const whole = Math.max(1e-6, ...spans.map((span) => span.start_ms + span.duration_ms - start));
  return (
    <section
      className={css.waterfall}
      style={{ maxHeight: 420, overflow: "auto" }}
      tabIndex={0}
      aria-label="Spans"
    >
      {rows.map(({ span, depth }) => (
        <Fragment key={span.id}>
          <div style={{ paddingLeft: depth * 12 }} title={span.note ?? span.name}>
            <span className={css.cell}>{span.name}</span>
          </div>
          <div className={`${css.bar} ${span.tone ? css[span.tone] : ""}`}>
            <i
              style={{
                left: `${((span.start_ms - start) / whole) * 100}%`,
                width: `${Math.max(0.4, (span.duration_ms / whole) * 100)}%`,
              }}
            />
          </div>
          <div style={{ justifyContent: "flex-end" }} className="num">
            {ms(span.duration_ms)}
          </div>
        </Fragment>
      ))}
    </section>
  );
}

/** Parents before children, by start; whose parent is not there stands at the top. */
export function nested(spans: Span[]): { span: Span; depth: number }[] {
  const ids = new Set(spans.map((span) => span.id));
  const children = new Map<string, Span[]>();
  for (const span of spans) {
    const parent = span.parent && ids.has(span.parent) && span.parent !== span.id ? span.parent : "";
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const out: { span: Span; depth: number }[] = [];
  const seen = new Set<string>();
  const walk = (parent: string, depth: number) => {
    for (const span of (children.get(parent) ?? []).sort((a, b) => a.start_ms - b.start_ms)) {
      if (seen.has(span.id)) continue;
      seen.add(span.id);
      out.push({ span, depth });
      walk(span.id, depth + 1);
    }
  };
  walk("", 0);
  for (const span of spans) if (!seen.has(span.id)) out.push({ span, depth: 0 }); // a circle of parents
  return out;
}
