/**
 * TimeSeries: lines over time or over steps (uPlot). Cursors of charts with the same `sync` move together;
 * markers are vertical lines (a release, an alert). Colours follow light and dark.
 */
import { useComputedColorScheme } from "@mantine/core";
import { useCallback, useEffect, useRef } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { dark, light, type Tokens } from "~/theme/tokens";
import { exact, short } from "./format";
import css from "./kit.module.css";
import "./TimeSeries.css";
import { useWidth } from "./useWidth";

export interface Line {
  label: string;
  values: (number | null)[];
  tone?: "ok" | "warn" | "bad" | "accent" | "idle"; // else the colours of series, in order
  dashed?: boolean;
  fill?: boolean;
  join?: boolean; // over x where this line has no value
  dots?: boolean; // a dot on each value
}

export interface Marker {
  at: number;
  label: string;
  tone?: "ok" | "warn" | "bad" | "idle";
}

interface Props {
  x: number[]; // Unix milliseconds, or steps with xKind="step"
  xKind?: "time" | "step";
  lines: Line[];
  markers?: Marker[];
  height?: number;
  sync?: string;
  format?: (value: number) => string;
  yRange?: [number | null, number | null]; // null: as the data wants
  log?: boolean;
  label: string; // for those who hear it
  onRange?: (low: number, high: number) => void; // dragging chooses a range
}

export function TimeSeries(props: Props) {
  const { x, lines, height = 180, sync, markers = [], label } = props;
  const scheme = useComputedColorScheme("light");
  const [measure, width] = useWidth<HTMLDivElement>();
  const box = useRef<HTMLDivElement>(null);
  const hold = useCallback(
    (element: HTMLDivElement | null) => {
      box.current = element;
      return measure(element);
    },
    [measure],
  );
  const plot = useRef<UPlot>(undefined);
  const newest = useRef(props);
  newest.current = props;
  const shape = JSON.stringify([
    lines.map(({ values: _, ...looks }) => looks),
    markers,
    props.log,
    props.yRange,
  ]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: data and width are set below without a new plot
  useEffect(() => {
    const element = box.current;
    if (!element || width === 0) return;
    const tokens = scheme === "dark" ? dark : light;
    plot.current = new UPlot(options(newest, tokens, width, height, sync), data(newest.current), element);
    return () => {
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape, scheme, height, sync, width === 0]);

  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);

  useEffect(() => {
    plot.current?.setData(data({ x, lines, xKind: props.xKind }));
  }, [x, lines, props.xKind]);

  const tokens = scheme === "dark" ? dark : light;
  return (
    <div>
      <div
        ref={hold}
        className={css.chart}
        style={{ minHeight: height }}
        role="img"
        aria-label={`${label}. ${words(props)}`}
      />
      {lines.length > 1 && (
        <div className={css.legend} aria-hidden>
          {lines.map((line, number) => (
            <span key={line.label}>
              <i style={{ background: colour(line, number, tokens) }} />
              {line.label}
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

function data({ x, lines, xKind = "time" }: Pick<Props, "x" | "lines" | "xKind">): UPlot.AlignedData {
  return [
    xKind === "time" ? x.map((at) => at / 1000) : x,
    ...lines.map((line) => line.values),
  ] as UPlot.AlignedData;
}

function colour(line: Line, number: number, tokens: Tokens): string {
  if (line.tone) return tokens[line.tone];
  const all = [tokens.series1, tokens.series2, tokens.series3, tokens.series4, tokens.series5];
  return all[number % all.length] as string;
}

function options(
  newest: { current: Props },
  tokens: Tokens,
  width: number,
  height: number,
  sync: string | undefined,
): UPlot.Options {
  const { lines, xKind = "time", log, yRange, onRange } = newest.current;
  const show = (value: number) => (newest.current.format ?? short)(value);
  const axis: UPlot.Axis = {
    stroke: tokens.text3,
    font: '11px "Inter Variable", sans-serif',
    grid: { stroke: tokens.border, width: 1 },
    ticks: { show: false },
    border: { show: false },
  };
  return {
    width,
    height,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: {
      sync: sync ? { key: sync } : undefined,
      points: { size: 6 },
      drag: { x: !!onRange, y: false, setScale: false },
      y: false,
    },
    scales: {
      x: { time: xKind === "time" },
      y: {
        distr: log ? 3 : 1,
        range: log ? undefined : (_plot, low, high) => yBounds(low, high, yRange),
      },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 70, ...(xKind === "time" ? { values: TIMES } : { size: 28 }) },
      {
        ...axis,
        size: 52,
        space: 28,
        values: (_plot, all) => all.map((one) => (one === null ? "" : show(one))),
      },
    ],
    series: [
      {},
      ...lines.map((line, number) => ({
        label: line.label,
        stroke: colour(line, number, tokens),
        width: 1.75,
        dash: line.dashed ? [5, 4] : undefined,
        fill: line.fill ? `${colour(line, number, tokens)}1c` : undefined,
        points: { show: line.dots || newest.current.x.length < 3, size: 5 },
        spanGaps: !!line.join,
      })),
    ],
    hooks: {
      drawClear: [(plot) => drawMarkers(plot, newest.current, tokens)],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          const scale = xKind === "time" ? 1000 : 1;
          const low = plot.posToVal(plot.select.left, "x") * scale;
          const high = plot.posToVal(plot.select.left + plot.select.width, "x") * scale;
          newest.current.onRange?.(low, high);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
    plugins: [tooltip(newest, tokens, show)],
  };
}

/** Ticks by their distance in seconds: how they read, and with the day where it changes. 24 hours. */
const TIMES: UPlot.Axis.Values = [
  [86_400 * 28, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [86_400, "{MMM} {D}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{MMM} {D}", null, "\n{MMM} {D}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{MMM} {D}", null, "\n{MMM} {D}", null, null, null, 1],
  [0.001, ":{ss}.{fff}", "\n{HH}:{mm}", null, "\n{HH}:{mm}", null, null, null, 1],
];

function yBounds(low: number, high: number, wanted: Props["yRange"]): [number, number] {
  const [floor, ceiling] = wanted ?? [null, null];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [floor ?? (low >= 0 && low - room < 0 ? 0 : low - room), ceiling ?? high + room];
}

function drawMarkers(plot: UPlot, { markers = [], xKind = "time" }: Props, tokens: Tokens) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.font = `${10.5 * devicePixelRatio}px "Inter Variable", sans-serif`;
  for (const { at, label, tone = "idle" } of markers) {
    const x = plot.valToPos(xKind === "time" ? at / 1000 : at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = tokens[tone];
    ctx.fillStyle = tokens[tone];
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const left = x + ctx.measureText(label).width + 8 * devicePixelRatio > bbox.left + bbox.width;
    ctx.textAlign = left ? "right" : "left";
    ctx.fillText(label, x + (left ? -5 : 5) * devicePixelRatio, bbox.top + 10 * devicePixelRatio);
  }
  ctx.restore();
}

/** What stands under the cursor: a box of text nodes. */
function tooltip(newest: { current: Props }, tokens: Tokens, show: (value: number) => string): UPlot.Plugin {
  const box = document.createElement("div");
  box.className = "v-plot-tip";
  return {
    hooks: {
      init: [(plot) => plot.over.append(box)],
      setCursor: [
        (plot) => {
          const index = plot.cursor.idx;
          const { x, lines, xKind = "time" } = newest.current;
          if (
            index === null ||
            index === undefined ||
            plot.cursor.left === undefined ||
            plot.cursor.left < 0
          ) {
            box.style.display = "none";
            return;
          }
          const at = x[index] ?? 0;
          const rows = lines.map((line, number) => {
            const value = line.values[index];
            const row = document.createElement("div");
            const dot = document.createElement("i");
            dot.style.background = colour(line, number, tokens);
            row.append(dot, `${line.label}  ${value === null || value === undefined ? "–" : show(value)}`);
            return row;
          });
          const head = document.createElement("strong");
          head.textContent = xKind === "time" ? exact(at) : `step ${at.toLocaleString("en-US")}`;
          box.replaceChildren(head, ...rows);
          box.style.display = "block";
          const right = plot.cursor.left > plot.over.clientWidth / 2;
          box.style.left = right ? "" : `${plot.cursor.left + 12}px`;
          box.style.right = right ? `${plot.over.clientWidth - plot.cursor.left + 12}px` : "";
        },
      ],
    },
  };
}

/** The newest values as a sentence. */
function words({ lines, format: show = short }: Props): string {
  return lines
    .map((line) => {
      const value = line.values.findLast((one) => one !== null && one !== undefined);
      return value === undefined || value === null
        ? `${line.label}: no values`
        : `${line.label}: ${show(value)} at the end`;
    })
    .join("; ");
}
