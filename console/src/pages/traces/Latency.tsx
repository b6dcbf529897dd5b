/** How long the answers took, as bars to choose a range from; beside it what they cost. */
import { Skeleton } from "@mantine/core";
import { useMemo } from "react";
import { format, Histogram } from "~/kit";
import { Figure } from "./Figure";
import type { Filters, Numbers } from "./filters";
import { below, binsOf, filterOf, rangeOf } from "./latency";
import css from "./traces.module.css";

interface Props {
  numbers: Numbers | undefined;
  filters: Filters;
  set: (change: Partial<Filters>) => void;
  loading: boolean;
}

export function Latency({ numbers, filters, set, loading }: Props) {
  const bins = useMemo(() => binsOf(numbers?.latency ?? []), [numbers]);
  if (loading && !numbers) return <Skeleton height={133} radius={0} aria-hidden />;
  if (!numbers || bins.length === 0) return null;
  const chosen = rangeOf(bins, filters.from_ms, filters.to_ms);
  return (
    <section className={css.latency} aria-label="Latency and cost">
      <div className={css.plot}>
        <div className={css.caption}>
          <span>Latency, answers per bar{bins.some((bin) => bin.marked) && ", failed ones in red"}</span>
          {chosen ? (
            <button
              type="button"
              className="link-button"
              onClick={() => set({ from_ms: undefined, to_ms: undefined })}
            >
              {said(filters)}: show all
            </button>
          ) : (
            <span className="quiet">drag to choose a range</span>
          )}
        </div>
        <Histogram
          label="Latency of the answers"
          bins={bins}
          chosen={chosen}
          format={format.ms}
          height={84}
          onChoose={(range) => set(filterOf(bins, range))}
        />
      </div>
      <dl className={css.figures}>
        <Figure name="Half within" value={format.ms(below(numbers.latency, 0.5))} />
        <Figure name="95 % within" value={format.ms(below(numbers.latency, 0.95))} />
        <Figure name="Cost" value={format.usd(numbers.cost_usd)} />
        <Figure
          name="Tokens in → out"
          value={`${format.short(numbers.input_tokens)} → ${format.short(numbers.output_tokens)}`}
        />
      </dl>
    </section>
  );
}

function said({ from_ms, to_ms }: Filters): string {
  if (from_ms && to_ms) return `${format.ms(from_ms)} to ${format.ms(to_ms)}`;
  return from_ms ? `${format.ms(from_ms)} or more` : `less than ${format.ms(to_ms)}`;
}
