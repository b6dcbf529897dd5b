/** One budget in its period: what is spent, where it goes if it goes on so, and the limit as a line. */
import { SegmentedControl } from "@mantine/core";
import { type Answer, usePage } from "~/api/page";
import { Loaded, TimeSeries } from "~/kit";
import { amount, type Budget, type Burn, isBudget, sentence } from "./budgets";
import css from "./keys.module.css";

interface Props {
  over: "key" | "project" | "task" | "model";
  name: string;
  title: string;
  burns: readonly Burn[];
  chosen?: string;
  onChoose: (budget: Budget) => void;
}

const SHORT: Record<Budget, string> = {
  usd_per_day: "$ day",
  usd_per_month: "$ month",
  tokens_per_day: "Tokens, day",
  tokens_per_month: "Tokens, month",
};

export function BurnDown({ over, name, title, burns, chosen, onChoose }: Props) {
  const budgets = burns.map((one) => one.limit).filter(isBudget);
  const budget = budgets.find((one) => one === chosen) ?? budgets[0];
  const found = usePage(
    "/api/v1/views/keys/burn-down",
    { query: { over, name, budget: budget ?? "usd_per_day" } },
    ["settings"],
    { enabled: !!budget, every_ms: 10_000 },
  );
  if (!budget) return <p className="quiet">A budget of a day or a month would show here as a line.</p>;
  return (
    <div className={css.burn}>
      {budgets.length > 1 && (
        <SegmentedControl
          size="xs"
          aria-label="Which budget"
          value={budget}
          onChange={(value) => onChoose(value as Budget)}
          data={budgets.map((value) => ({ value, label: SHORT[value] }))}
        />
      )}
      <Loaded query={found} rows={6}>
        {(one) => <Chart one={one} title={title} />}
      </Loaded>
    </div>
  );
}

function Chart({ one, title }: { one: Answer<"/api/v1/views/keys/burn-down">; title: string }) {
  const { burn, points, now_ms } = one;
  const x = [...points.map((point) => point.at_ms), burn.ends_ms];
  const blank = points.map(() => null);
  const ahead = burn.projected === null ? burn.used : burn.projected;
  const lines = [
    { label: "Spent", values: [...points.map((point) => point.used), null], fill: true },
    {
      label: "If it goes on so",
      values: [...blank.slice(1), burn.used, ahead],
      dashed: true,
      tone: "idle" as const,
    },
    { label: "Limit", values: x.map(() => burn.ceiling), tone: "bad" as const },
  ];
  return (
    <>
      <p className={css.sentence}>{sentence(title, burn, now_ms)}</p>
      <TimeSeries
        x={x}
        lines={lines}
        height={180}
        yRange={[0, Math.max(burn.ceiling, burn.used, ahead) * 1.15]}
        format={(value) => amount(burn.limit, value)}
        markers={[{ at: now_ms, label: "now" }]}
        label={`Burn-down of ${title}`}
      />
    </>
  );
}
