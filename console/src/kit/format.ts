/** Numbers, money, durations and times as every page writes them. Pure; units in the names. */

const NONE = "–";

export function num(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits, minimumFractionDigits: 0 });
}

/** 1234567 → 1.2M: for captions and axes; tables show all digits. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  for (const [limit, letter] of [
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (size >= limit * 0.9995)
      return `${trim((value / limit).toFixed(size >= limit * 99.95 ? 0 : 1))}${letter}`;
  }
  return size >= 100 || Number.isInteger(value) ? num(value) : trim(value.toPrecision(3));
}

/** A share 0…1 as per cent. */
export function percent(share: number | null | undefined, digits = 1): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return NONE;
  return `${(share * 100).toFixed(digits)} %`;
}

/** Points of a difference between two shares, always with a sign. */
export function points(share: number | null | undefined, digits = 1): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return NONE;
  const text = Math.abs(share * 100).toFixed(digits);
  return `${share < 0 && Number(text) !== 0 ? "−" : "+"}${text} pts`;
}

/** Milliseconds: 0.4 ms, 38 ms, 1.25 s, 3 min 20 s, 2 h 5 min, 3 d 4 h. */
export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  if (size < 9.95) return `${trim(value.toFixed(1))} ms`;
  if (size < 999.5) return `${Math.round(value)} ms`;
  if (size < 59_950) return `${trim((value / 1000).toFixed(size < 9995 ? 2 : 1))} s`;
  const seconds = Math.round(value / 1000);
  const pair = (large: number, one: string, small: number, other: string) =>
    `${Math.floor(seconds / large)} ${one}${Math.floor((seconds % large) / small) ? ` ${Math.floor((seconds % large) / small)} ${other}` : ""}`;
  if (seconds < 3600) return pair(60, "min", 1, "s");
  if (seconds < 86_400) return pair(3600, "h", 60, "min");
  return pair(86_400, "d", 3600, "h");
}

/** US dollars: $0, $0.000012, $0.0132, $1.20, $1,204. */
export function usd(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size === 0) return "$0";
  if (size < 0.01) return `${sign}$${trim(size.toFixed(Math.min(10, 1 - Math.floor(Math.log10(size)))))}`;
  if (size < 1) return `${sign}$${size.toFixed(3)}`;
  return `${sign}$${size.toLocaleString("en-US", {
    minimumFractionDigits: size < 1000 ? 2 : 0,
    maximumFractionDigits: size < 1000 ? 2 : 0,
  })}`;
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  let size = value;
  for (const unit of ["B", "KiB", "MiB", "GiB", "TiB"]) {
    if (Math.abs(size) < 1023.5 || unit === "TiB")
      return `${size < 10 && unit !== "B" ? trim(size.toFixed(1)) : Math.round(size)} ${unit}`;
    size /= 1024;
  }
  return NONE;
}

/** How long ago, as people say it; times ahead as "in …". */
export function ago(at_ms: number, now_ms: number): string {
  const distance = now_ms - at_ms;
  const size = Math.abs(distance);
  const text = span(size);
  if (!text) return "now";
  return distance >= 0 ? `${text} ago` : `in ${text}`;
}

function span(size: number): string {
  const minute = 60_000;
  if (size < 5000) return "";
  if (size < minute) return `${Math.floor(size / 1000)} s`;
  if (size < 60 * minute) return `${Math.floor(size / minute)} min`;
  if (size < 36 * 60 * minute) return `${Math.floor(size / (60 * minute))} h`;
  if (size < 60 * 1440 * minute) return `${Math.floor(size / (1440 * minute))} d`;
  if (size < 700 * 1440 * minute) return `${Math.floor(size / (30.44 * 1440 * minute))} months`;
  return `${Math.floor(size / (365.25 * 1440 * minute))} years`;
}

/** 2026-11-23 11:52:07.123, in the reader's time zone. */
export function exact(at_ms: number, withMs = false): string {
  const at = new Date(at_ms);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day} ${time}${withMs ? `.${String(at.getMilliseconds()).padStart(3, "0")}` : ""}`;
}

/** inf_01a208409bf8700091e42fd340878f6c → inf_0187…78f6c: enough to tell apart, short enough for a row. */
export function shortId(id: string): string {
  const [, prefix = "", rest = id] = /^([a-z]+_)?(.*)$/.exec(id) ?? [];
  return rest.length <= 14 ? id : `${prefix}${rest.slice(0, 4)}…${rest.slice(-6)}`;
}

/** `technical_failures` → `Technical failures`. */
export function title(name: string): string {
  const text = name.replaceAll(/[_-]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function trim(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
