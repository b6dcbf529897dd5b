/** A deployment's circuit as a badge, and how full something is as a thin bar. */
import {
  IconAlertTriangle,
  IconBolt,
  IconCircleDashed,
  IconPlayerPause,
  IconPointFilled,
} from "@tabler/icons-react";
import { format } from "~/kit";
import kit from "~/kit/kit.module.css";
import css from "./deployments.module.css";
import { type State, shareOf, TONES, WORDS } from "./places";

const ICONS = {
  open: IconAlertTriangle,
  half_open: IconBolt,
  partly: IconAlertTriangle,
  resting: IconPlayerPause,
  down: IconAlertTriangle,
  closed: IconPointFilled,
  unknown: IconCircleDashed,
};

export function CircuitBadge({ state }: { state: State }) {
  const Icon = ICONS[state];
  return (
    <span className={`${kit.badge} ${kit[TONES[state]]}`}>
      <Icon size={13} stroke={2.2} aria-hidden />
      {WORDS[state]}
    </span>
  );
}

/** `12 of 64` with a bar; without a limit the figure alone. */
export function Fill({ value, limit, label }: { value: number; limit: number; label: string }) {
  const share = shareOf(value, limit);
  if (share === undefined) return <span className="num">{format.num(value, 1)}</span>;
  const tone = share >= 0.9 ? "bad" : share >= 0.7 ? "warn" : "series1";
  return (
    <span className={css.fill}>
      <span className="num">
        {format.num(value, value < 10 ? 1 : 0)} <span className="quiet">of {format.short(limit)}</span>
      </span>
      <span
        className={css.bar}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={limit}
        aria-valuenow={Math.min(value, limit)}
      >
        <i style={{ width: `${share * 100}%`, background: `var(--v-${tone})` }} />
      </span>
    </span>
  );
}

/** Requests a minute over the last hour; the failed part below in red. */
export function Minutes({
  minutes,
  errors,
  height = 24,
}: {
  minutes: readonly number[];
  errors: readonly number[];
  height?: number;
}) {
  const most = Math.max(...minutes, 1);
  const whole = minutes.reduce((one, other) => one + other, 0);
  const failed = errors.reduce((one, other) => one + other, 0);
  return (
    <span
      className={css.minutes}
      style={{ height }}
      role="img"
      aria-label={`${format.num(whole)} requests in the last hour, ${format.num(failed)} failed, at most ${format.num(most)} a minute`}
    >
      {minutes.map((count, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a minute is its place
        <span key={at} style={{ height: `${(count / most) * 100}%` }}>
          <i style={{ height: count ? `${((errors[at] ?? 0) / count) * 100}%` : 0 }} />
        </span>
      ))}
    </span>
  );
}
