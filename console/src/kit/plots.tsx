/** Small SVG plots: Sparkline, IntervalPlot, Histogram. */
import { type KeyboardEvent, type PointerEvent, useId, useState } from "react";
import { short } from "./format";
import css from "./kit.module.css";
import { extent, linear, path, ticks } from "./scale";
import type { Tone } from "./states";
import { useWidth } from "./useWidth";

/** A line without axes, for a cell. */
export function Sparkline({
  values,
  width = 96,
  height = 24,
  label,
}: {
  values: (number | null)[];
  width?: number;
  height?: number;
  label: string;
}) {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return <span className="quiet">–</span>;
  const x = linear([0, Math.max(1, values.length - 1)], [1.5, width - 1.5]);
  const y = linear(extent([0, ...known]), [height - 2, 2]);
  const line = path(values.map((value, number) => [x(number), value === null ? null : y(value)]));
  return (
    <svg width={width} height={height} role="img" aria-label={label} style={{ display: "block" }}>
      {known.length === 1 ? (
        <circle
          cx={x(values.findIndex((value) => value !== null))}
          cy={y(known[0] as number)}
          r={2}
          fill="var(--v-series1)"
        />
      ) : (
        <path d={line} fill="none" stroke="var(--v-series1)" strokeWidth={1.5} strokeLinejoin="round" />
      )}
    </svg>
  );
}

export interface Interval {
  label: string;
  value: number;
  low: number;
  high: number;
  tone?: Tone;
  baseline?: { value: number; low: number; high: number };
  limit?: number; // what the gate wants
  note?: string;
}

/** Dot and interval per metric; the baseline in grey below it, the gate's limit as a line. */
export function IntervalPlot({
  rows,
  format = short,
  range,
  label,
}: {
  rows: Interval[];
  format?: (value: number) => string;
  range?: [number, number];
  label: string;
}) {
  const [box, width] = useWidth<HTMLDivElement>();
  const left = Math.min(200, width * 0.34);
  const every = rows.flatMap(({ low, high, value, baseline, limit }) => [
    low,
    high,
    value,
    baseline?.low ?? value,
    baseline?.high ?? value,
    limit ?? value,
  ]);
  const domain = range ?? extent(every, 0.06);
  const x = linear(domain, [left, Math.max(left + 1, width - 96)]);
  const rowHeight = 36;
  const height = rows.length * rowHeight + 24;
  return (
    <div ref={box} className={css.chart}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={`${label}: ${spoken(rows, format)}`}>
          {ticks(...domain, Math.max(2, Math.floor((width - left) / 110))).map((tick) => (
            <g key={tick}>
              <line className={css.axis} x1={x(tick)} x2={x(tick)} y1={0} y2={height - 20} />
              <text x={x(tick)} y={height - 6} textAnchor="middle">
                {format(tick)}
              </text>
            </g>
          ))}
          {rows.map((row, number) => (
            <g key={row.label} transform={`translate(0 ${number * rowHeight + rowHeight / 2})`}>
              <title>
                {row.note ?? `${row.label}: ${format(row.value)} [${format(row.low)}, ${format(row.high)}]`}
              </title>
              <text x={0} dominantBaseline="middle" style={{ fontSize: 12 }}>
                {row.label}
              </text>
              {row.limit !== undefined && (
                <line
                  x1={x(row.limit)}
                  x2={x(row.limit)}
                  y1={-12}
                  y2={12}
                  stroke="var(--v-bad)"
                  strokeDasharray="3 2"
                />
              )}
              {row.baseline && <Whisker {...row.baseline} x={x} y={7} colour="var(--v-text3)" r={3} />}
              <Whisker
                {...row}
                x={x}
                y={row.baseline ? -3 : 0}
                colour={`var(--v-${row.tone ?? "series1"})`}
                r={4.5}
              />
              <text
                x={width}
                textAnchor="end"
                dominantBaseline="middle"
                style={{ fill: "var(--v-text)", fontSize: 12 }}
              >
                {format(row.value)}
              </text>
            </g>
          ))}
        </svg>
      )}
    </div>
  );
}

function Whisker({
  value,
  low,
  high,
  x,
  y,
  colour,
  r,
}: {
  value: number;
  low: number;
  high: number;
  x: (v: number) => number;
  y: number;
  colour: string;
  r: number;
}) {
  return (
    <g stroke={colour} fill={colour}>
      <line x1={x(low)} x2={x(high)} y1={y} y2={y} strokeWidth={2} strokeLinecap="round" opacity={0.55} />
      <circle cx={x(value)} cy={y} r={r} stroke="var(--v-surface)" strokeWidth={1.5} />
    </g>
  );
}

function spoken(rows: Interval[], format: (value: number) => string): string {
  return rows
    .map((row) => `${row.label} ${format(row.value)}, between ${format(row.low)} and ${format(row.high)}`)
    .join("; ");
}

export interface Bin {
  from: number;
  to: number;
  count: number;
  marked?: number; // how many of them are errors
}

/** Bars over bins; dragging, or arrow keys on the two handles, chooses a range of bins. */
export function Histogram({
  bins,
  chosen,
  onChoose,
  format = short,
  height = 96,
  label,
}: {
  bins: Bin[];
  chosen?: [number, number]; // values, of the x axis
  onChoose?: (range: [number, number] | undefined) => void;
  format?: (value: number) => string;
  height?: number;
  label: string;
}) {
  const [box, width] = useWidth<HTMLDivElement>();
  const [drag, setDrag] = useState<[number, number]>();
  const id = useId();
  const bottom = 18;
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  const step = width / Math.max(1, bins.length);
  const y = linear([0, most], [height - bottom, 4]);
  const range = drag ? binsToValues(bins, drag) : chosen;
  const inside = (bin: Bin) => !range || (bin.to > range[0] && bin.from < range[1]);
  const binAt = (event: PointerEvent<SVGSVGElement>) => {
    const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
    return Math.max(0, Math.min(bins.length - 1, Math.floor(at / step)));
  };
  const edge = (which: 0 | 1) => (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (event.key === "Escape") onChoose?.(undefined);
    if (!by) return;
    event.preventDefault();
    onChoose?.(moved(bins, chosen, which, by));
  };
  const ends = valuesToBins(bins, chosen);
  const every = Math.max(1, Math.ceil(bins.length / Math.max(2, width / 90)));
  return (
    <div ref={box} className={css.chart}>
      {width > 0 && bins.length > 0 && (
        <svg
          width={width}
          height={height}
          role={onChoose ? "group" : "img"}
          aria-label={label}
          style={{ touchAction: "none", cursor: onChoose ? "crosshair" : undefined, display: "block" }}
          onPointerDown={(event) => {
            if (!onChoose) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            setDrag([binAt(event), binAt(event)]);
          }}
          onPointerMove={(event) => drag && setDrag([drag[0], binAt(event)])}
          onPointerUp={() => {
            if (!drag) return;
            const again = chosen && drag[0] === drag[1];
            onChoose?.(again ? undefined : binsToValues(bins, drag));
            setDrag(undefined);
          }}
        >
          {bins.map((bin, number) => (
            <g key={bin.from}>
              <g opacity={inside(bin) ? 1 : 0.28}>
                <title>{`${format(bin.from)} – ${format(bin.to)}: ${bin.count.toLocaleString("en-US")}`}</title>
                <rect x={number * step} y={0} width={step} height={height - bottom} fill="transparent" />
                <rect
                  x={number * step + 0.5}
                  width={Math.max(1, step - 1.5)}
                  y={bin.count ? Math.min(y(bin.count), height - bottom - 2) : height - bottom}
                  height={bin.count ? Math.max(2, height - bottom - y(bin.count)) : 0}
                  rx={Math.min(2, step / 4)}
                  fill="var(--v-series1)"
                />
                {!!bin.marked && (
                  <rect
                    x={number * step + 0.5}
                    width={Math.max(1, step - 1.5)}
                    y={y(bin.marked)}
                    height={Math.max(2, height - bottom - y(bin.marked))}
                    fill="var(--v-bad)"
                  />
                )}
              </g>
              {number % every === 0 && (
                <text x={number * step} y={height - 5}>
                  {format(bin.from)}
                </text>
              )}
            </g>
          ))}
          <line className={css.axis} x1={0} x2={width} y1={height - bottom} y2={height - bottom} />
          {onChoose &&
            ([0, 1] as const).map((which) => (
              <rect
                key={`${id}-${which}`}
                role="slider"
                tabIndex={0}
                aria-label={which === 0 ? "From" : "To"}
                aria-valuemin={0}
                aria-valuemax={bins.length - 1}
                aria-valuenow={ends[which]}
                aria-valuetext={format((which === 0 ? bins[ends[0]]?.from : bins[ends[1]]?.to) ?? 0)}
                x={(which === 0 ? ends[0] * step : (ends[1] + 1) * step) - 3}
                y={2}
                width={6}
                height={height - bottom - 2}
                rx={3}
                fill={chosen ? "var(--v-accent)" : "transparent"}
                onKeyDown={edge(which)}
              />
            ))}
        </svg>
      )}
    </div>
  );
}

/** Values [from, to] of the bins between two (in any order). */
export function binsToValues(bins: Bin[], [a, b]: [number, number]): [number, number] {
  const first = bins[Math.min(a, b)];
  const last = bins[Math.max(a, b)];
  return [first?.from ?? 0, last?.to ?? 0];
}

/** The first and the last bin that a range touches. */
export function valuesToBins(bins: Bin[], range: [number, number] | undefined): [number, number] {
  if (!range) return [0, Math.max(0, bins.length - 1)];
  const first = bins.findIndex((bin) => bin.to > range[0]);
  const last = bins.findLastIndex((bin) => bin.from < range[1]);
  return [Math.max(0, first), Math.max(first, last, 0)];
}

/** One edge of the range, some bins further; the edges never cross. */
export function moved(
  bins: Bin[],
  range: [number, number] | undefined,
  which: 0 | 1,
  by: number,
): [number, number] {
  const [a, b] = valuesToBins(bins, range);
  const to = (which === 0 ? a : b) + by;
  const ends: [number, number] =
    which === 0 ? [Math.max(0, Math.min(to, b)), b] : [a, Math.max(a, Math.min(to, bins.length - 1))];
  return binsToValues(bins, ends);
}
