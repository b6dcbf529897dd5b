/** Fields of all ceilings; empty: none. */
import { NumberInput } from "@mantine/core";
import { NAMES } from "./budgets";
import type { Limits } from "./keys";
import css from "./keys.module.css";

const ORDER = [
  "requests_per_minute",
  "concurrent",
  "tokens_per_minute",
  "usd_per_day",
  "tokens_per_day",
  "usd_per_month",
  "tokens_per_month",
] as const;

export function LimitFields({ limits, onChange }: { limits: Limits; onChange: (limits: Limits) => void }) {
  return (
    <fieldset className={css.fields}>
      <legend>Ceilings</legend>
      {ORDER.map((name) => (
        <NumberInput
          key={name}
          label={NAMES[name]}
          placeholder="None"
          min={0}
          allowNegative={false}
          allowDecimal={name.startsWith("usd")}
          decimalScale={name.startsWith("usd") ? 6 : 0}
          prefix={name.startsWith("usd") ? "$" : ""}
          thousandSeparator=","
          value={limits[name] || ""}
          onChange={(value) => onChange({ ...limits, [name]: Number(value) || 0 })}
        />
      ))}
    </fieldset>
  );
}
