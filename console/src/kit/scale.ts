/** Arithmetic of the plots: scales, round ticks, paths. Pure. */

export function linear(from: [number, number], to: [number, number]): (value: number) => number {
  const [a, b] = from;
  const [c, d] = to;
  const slope = b === a ? 0 : (d - c) / (b - a);
  return (value) => c + (value - a) * slope;
}

/** About `count` round numbers inside [low, high]. */
export function ticks(low: number, high: number, count = 5): number[] {
  if (!(high > low)) return [low];
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= raw * 0.999) ?? power * 10;
  const out: number[] = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step) {
    out.push(Number(value.toPrecision(12)));
  }
  return out;
}

/** [low, high] of the values, widened by a share at both ends; never of no width. */
export function extent(values: number[], widen = 0): [number, number] {
  const known = values.filter(Number.isFinite);
  if (known.length === 0) return [0, 1];
  const low = Math.min(...known);
  const high = Math.max(...known);
  const more = (high - low || Math.abs(high) || 1) * widen;
  return low === high && more === 0 ? [low - 0.5, high + 0.5] : [low - more, high + more];
}

/** An SVG path through points; a gap where a value is missing. */
export function path(points: [number, number | null][]): string {
  let out = "";
  let pen = false;
  for (const [x, y] of points) {
    if (y === null || !Number.isFinite(y)) {
      pen = false;
      continue;
    }
    out += `${pen ? "L" : "M"}${round(x)},${round(y)}`;
    pen = true;
  }
  return out;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
