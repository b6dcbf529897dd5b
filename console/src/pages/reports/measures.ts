/** Metrics of a report as they are drawn: in groups of one unit, on a scale of their own. Pure. */
import type { Answer } from "~/api/page";
import { format } from "~/kit";
import { extent, ticks } from "~/kit/scale";

export type ReportView = Answer<"/api/v1/views/reports/{report_id}">;
export type MetricRow = ReportView["metrics"][number];

export interface Group {
  unit: string;
  title: string;
  rows: MetricRow[];
  domain: [number, number];
  ticks: number[];
}

const TITLES: Record<string, string> = {
  share: "Shares of items",
  difference: "Gaps between groups",
};

export function groups(rows: MetricRow[]): Group[] {
  const units = [...new Set(rows.map((row) => row.metric.unit))];
  return units.map((unit) => {
    const own = rows.filter((row) => row.metric.unit === unit);
    const domain = scaleOf(own, unit);
    return { unit, title: TITLES[unit] ?? `In ${unit}`, rows: own, domain, ticks: ticks(...domain, 5) };
  });
}

function scaleOf(rows: MetricRow[], unit: string): [number, number] {
  const all = rows.flatMap(({ metric, baseline }) => [
    metric.low,
    metric.high,
    baseline?.low ?? metric.low,
    baseline?.high ?? metric.high,
  ]);
  if (unit === "share") return [0, Math.min(1, Math.max(0.05, extent(all, 0.05)[1]))];
  return extent([0, ...all], 0.08);
}

/** A value in its unit: 72.0 %, +2.7 pts, 1.25 bits. */
export function worded(value: number, unit: string): string {
  if (unit === "share") return format.percent(value);
  if (unit === "difference") return format.points(value);
  return `${format.num(value, 2)} ${unit}`;
}

/** The interval beside a value, without repeating the unit: [68.9, 74.9]. */
export function interval(low: number, high: number, unit: string): string {
  const scale = unit === "share" || unit === "difference" ? 100 : 1;
  const digits = scale === 100 ? 1 : 2;
  const text = (value: number) => (value * scale).toFixed(digits).replace(/^-(?=0\.?0*$)/, "");
  return `[${text(low)}, ${text(high)}]`;
}

/** Round ticks of an axis. */
export function tick(value: number, unit: string): string {
  if (unit === "share") return `${format.num(value * 100, 1)} %`;
  if (unit === "difference") return `${format.num(value * 100, 1)} pts`;
  return format.num(value, 2);
}

export function nameOf(metric: string): string {
  return format.title(metric).replace(/\bauc\b/, "AUC");
}

export const SUITES: Record<string, string> = {
  accuracy: "Right answers on the held-out items",
  bias: "The same questions under other names",
  security: "Attacks, their harmless twins, and planted secrets",
  yardstick: "A linear classifier on the same items, to compare with",
};
