/** Live figures of a task: the last day as numbers and as bars of half an hour, the last hour beside them. */
import { format, Hint } from "~/kit";
import kit from "~/kit/kit.module.css";
import css from "./loop.module.css";
import { type SparkPoint, slots, type TaskLoop } from "./ring";

export function Figures({ loop, now_ms }: { loop: TaskLoop; now_ms: number }) {
  const { day, hour } = loop;
  const points = slots(loop.spark, now_ms);
  const each = (value: (point: SparkPoint) => number) =>
    points.map((point) => (point ? value(point) : undefined));
  return (
    <section
      className={`${kit.panel} ${css.figures}`}
      style={{ display: "grid" }}
      aria-label="The last 24 hours"
    >
      <Figure
        name="Requests, 24 h"
        value={format.num(day.requests)}
        beside={`${format.num(hour.requests)} in the last hour`}
        bars={each((point) => point.requests)}
      />
      <Figure
        name="Failed"
        value={format.percent(day.error_share, 2)}
        beside={hour.requests ? `${format.percent(hour.error_share, 2)} in the last hour` : "of requests"}
        bars={each((point) => point.errors)}
        tone="bad"
      />
      <Figure
        name="Corrected by people"
        value={format.percent(day.corrected_share)}
        beside={day.reviewed ? `of ${format.num(day.reviewed)} judged answers` : "no answer was judged"}
        bars={each((point) => point.corrected)}
        tone="series3"
      />
      <Figure
        name="Latency, p95"
        value={format.ms(day.requests ? (day.latency_ms_p95 ?? undefined) : undefined)}
        beside={`mean ${format.ms(day.requests ? day.latency_ms_mean : undefined)}`}
        bars={each((point) => point.latency_ms_mean)}
        tone="series2"
      />
      <Figure
        name="Cost"
        value={format.usd(day.cost_usd)}
        beside={
          day.requests ? `${format.usd((day.cost_usd / day.requests) * 1000)} per 1,000` : "per 1,000: –"
        }
        bars={each((point) => point.cost_usd)}
        tone="series5"
      />
    </section>
  );
}

function Figure({
  name,
  value,
  beside,
  bars,
  tone = "series1",
}: {
  name: string;
  value: string;
  beside: string;
  bars: (number | undefined)[];
  tone?: string;
}) {
  return (
    <div className={css.figure}>
      <h3>{name}</h3>
      <div className={css.value}>{value}</div>
      <div className={css.beside} title={beside}>
        {beside}
      </div>
      <Hint label={`${name}: half an hour a bar, the present at the right`}>
        <Bars values={bars} tone={tone} />
      </Hint>
    </div>
  );
}

const HIGH = 26;
const STEP = 4;

/** One bar per half hour; a short stroke where there was nothing. */
function Bars({ values, tone }: { values: (number | undefined)[]; tone: string }) {
  const most = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
  return (
    <svg
      className={css.bars}
      viewBox={`0 0 ${values.length * STEP} ${HIGH}`}
      preserveAspectRatio="none"
      aria-hidden
    >
      {values.map((value, number) => {
        const tall = value ? Math.max(2.5, (value / most) * HIGH) : 1.5;
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: places on a line of time
            key={number}
            x={number * STEP}
            y={HIGH - tall}
            width={STEP - 1}
            height={tall}
            rx={0.8}
            fill={value ? `var(--v-${tone})` : "var(--v-border)"}
          />
        );
      })}
    </svg>
  );
}
