/** Values as they stand in rows: ids that copy, times, numbers, states. One line each. */
import { Tooltip } from "@mantine/core";
import { type ReactNode, useState, useSyncExternalStore } from "react";
import * as format from "./format";
import css from "./kit.module.css";
import { look, type Tone } from "./states";

/** A state with its colour and icon; `kind="plain"` without the ground. */
export function StatusBadge({ state, label, kind }: { state: string; label?: string; kind?: "plain" }) {
  const { tone, icon: Icon, label: known } = look(state);
  return (
    <span className={`${css.badge} ${css[tone]} ${kind === "plain" ? css.plain : ""}`}>
      <Icon size={13} stroke={2.2} aria-hidden className={state === "running" ? css.spin : undefined} />
      {label ?? known}
    </span>
  );
}

/** A short mark with a tone: `control`, `3 flags`. */
export function Tag({ tone = "idle", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`${css.badge} ${css[tone]}`}>{children}</span>;
}

/** An id in monospace, short; a click copies all of it. Cheap: rows hold many. */
export function Id({ id, full, label }: { id: string; full?: boolean; label?: string }) {
  const [copied, setCopied] = useState(false);
  if (!id) return <span className="quiet">–</span>;
  return (
    <button
      type="button"
      className={`${css.id} ${copied ? css.copied : ""}`}
      title={copied ? "Copied" : `Copy ${id}`}
      aria-label={`Copy ${id}`}
      onClick={(event) => {
        event.stopPropagation();
        void navigator.clipboard.writeText(id).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), 1200);
        });
      }}
    >
      {label ?? (full ? id : format.shortId(id))}
    </button>
  );
}

/** How long ago; the exact time on hover. 0 or nothing: a dash. */
export function Ago({ at_ms }: { at_ms: number | null | undefined }) {
  const now = useNow();
  if (!at_ms) return <span className="quiet">–</span>;
  return (
    <time className="num" dateTime={new Date(at_ms).toISOString()} title={format.exact(at_ms)}>
      {format.ago(at_ms, now)}
    </time>
  );
}

/** A count or a number with at most `digits` decimals. */
export function Num({ value, digits }: { value: number | null | undefined; digits?: number }) {
  return <span className="num">{format.num(value, digits)}</span>;
}

/** US dollars. */
export function Usd({ value }: { value: number | null | undefined }) {
  return <span className="num">{format.usd(value)}</span>;
}

/** A duration given in milliseconds. */
export function Ms({ value }: { value: number | null | undefined }) {
  return <span className="num">{format.ms(value)}</span>;
}

/** Tokens in → out. */
export function Tokens({ input, output }: { input: number; output?: number }) {
  return (
    <span className="num" title="tokens in → tokens out">
      {format.num(input)}
      {output !== undefined && <span className="quiet"> → {format.num(output)}</span>}
    </span>
  );
}

/** A share with its interval: `72.0 % [68.9, 74.9]`. */
export function Share({
  value,
  low,
  high,
}: {
  value?: number | null;
  low?: number | null;
  high?: number | null;
}) {
  return (
    <span className="num">
      {format.percent(value)}
      {low !== undefined && low !== null && high !== undefined && high !== null && (
        <span className="quiet">
          {" "}
          [{(low * 100).toFixed(1)}, {(high * 100).toFixed(1)}]
        </span>
      )}
    </span>
  );
}

/** Pairs of name and value. */
export function KeyValue({ rows }: { rows: [ReactNode, ReactNode][] }) {
  return (
    <dl className={css.keyValue}>
      {rows.map(([name, value], number) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list is written down, never sorted
        <div key={number} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What somebody wrote: text, never markup. */
export function PlainText({ children }: { children: string }) {
  return <p className={css.text}>{children}</p>;
}

/** One key of the keyboard. */
export function Key({ children }: { children: string }) {
  return <kbd className={css.kbd}>{children}</kbd>;
}

/** Something with an explanation on hover and focus. */
export function Hint({ label, children }: { label: ReactNode; children: ReactNode }) {
  if (!label) return children;
  return (
    <Tooltip label={label} events={{ hover: true, focus: true, touch: true }}>
      <span>{children}</span>
    </Tooltip>
  );
}

/** Now, to a quarter of a minute: relative times move on by themselves, by one clock for all of them. */
function useNow(): number {
  return useSyncExternalStore(listen, () => now);
}

let now = Date.now();
let clock: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function listen(listener: () => void) {
  if (listeners.size === 0) {
    now = Date.now();
    clock = setInterval(() => {
      now = Date.now();
      for (const one of listeners) one();
    }, 15_000);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(clock);
  };
}
