/** Ceilings as bars: what is used, what workers hold, what is left. */
import { format, Hint } from "~/kit";
import { amount, type Burn, NAMES, sentence, spentAt, standing, TONES } from "./budgets";
import css from "./keys.module.css";

/** One bar. `slim`: without words, for a row. */
export function Meter({ burn, now_ms, slim }: { burn: Burn; now_ms: number; slim?: boolean }) {
  const tone = TONES[standing(burn, now_ms)];
  const share = (value: number) => `${Math.min(100, (value / burn.ceiling) * 100)}%`;
  const name = NAMES[burn.limit] ?? burn.limit;
  const bar = (
    <div
      className={css.meter}
      role="meter"
      aria-label={name}
      aria-valuemin={0}
      aria-valuemax={burn.ceiling}
      aria-valuenow={Math.min(burn.used, burn.ceiling)}
      aria-valuetext={`${amount(burn.limit, burn.used)} of ${amount(burn.limit, burn.ceiling)}`}
    >
      <i style={{ width: share(burn.used), background: `var(--v-${tone === "ok" ? "series1" : tone})` }} />
      <i className={css.leased} style={{ width: share(burn.leased) }} />
    </div>
  );
  if (slim) return <Hint label={sentence(name, burn, now_ms)}>{bar}</Hint>;
  return (
    <div className={css.meterLine}>
      <span>{name}</span>
      {bar}
      <span className={`num ${css.meterValue}`}>
        <span style={tone === "ok" ? undefined : { color: `var(--v-${tone})`, fontWeight: 550 }}>
          {amount(burn.limit, burn.limit === "concurrent" ? burn.leased : burn.used)}
        </span>{" "}
        <span className="quiet">of {amount(burn.limit, burn.ceiling)}</span>
      </span>
      <span className={css.meterNote}>{note(burn, now_ms)}</span>
    </div>
  );
}

function note(burn: Burn, now_ms: number): string {
  if (burn.limit === "concurrent") return burn.leased ? "shared out to the workers" : "";
  if (burn.limit.endsWith("_minute")) return words(burn, now_ms) || "granted to the workers, this minute";
  const held = burn.leased ? `${amount(burn.limit, burn.leased)} held by workers` : "";
  return [words(burn, now_ms), held].filter(Boolean).join(" · ");
}

function words(burn: Burn, now_ms: number): string {
  const how = standing(burn, now_ms);
  if (how === "exhausted") return `used up; frees ${format.ago(burn.ends_ms, now_ms)}`;
  if (how === "ending")
    return `used up ${format.ago(spentAt(burn, now_ms) ?? burn.ends_ms, now_ms)} at this pace`;
  return how === "near" ? "nearly used up" : "";
}
