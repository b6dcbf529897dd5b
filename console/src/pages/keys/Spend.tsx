/** Who spends: the project day by day, then the dearest keys, tasks and models, each with its days as small bars. */
import { IconReceipt } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Columns, Empty, format, Panel } from "~/kit";
import type { Spender, View } from "./keys";
import css from "./keys.module.css";

export function Spend({ view }: { view: View }) {
  const { days } = view;
  const sum = (values: number[]) => values.reduce((one, other) => one + other, 0);
  if (sum(days.requests) === 0) {
    return (
      <Empty title={`Nothing was asked in ${days.days.length} days`} icon={IconReceipt}>
        <p>
          Every request through the gateway counts here: for its key, its task, and each model that it called.
        </p>
      </Empty>
    );
  }
  const whole = sum(days.cost_usd);
  return (
    <>
      <Panel
        title={`${format.usd(whole)} in ${days.days.length} days`}
        actions={
          <span className="quiet">
            {format.num(sum(days.requests))} requests, {format.short(sum(days.tokens))} tokens
          </span>
        }
      >
        <Bars days={days.days} values={days.cost_usd} height={72} label="Spent day by day" />
        <div className={css.ends}>
          <span>{days.days[0]}</span>
          <span>{days.days.at(-1)}, UTC</span>
        </div>
      </Panel>
      <Columns min={320}>
        <Top title="Keys" rows={view.top_keys} view={view} whole={whole} kind="key" />
        <Top title="Tasks" rows={view.top_tasks} view={view} whole={whole} kind="task" />
        <Top title="Models" rows={view.top_models} view={view} whole={whole} kind="model" />
      </Columns>
    </>
  );
}

interface TopProps {
  title: string;
  rows: Spender[];
  view: View;
  whole: number;
  kind: "key" | "task" | "model";
}

function Top({ title, rows, view, whole, kind }: TopProps) {
  return (
    <Panel title={title}>
      {rows.length === 0 && <p className="quiet">None</p>}
      <ol className={css.spenders}>
        {rows.map((one) => (
          <li key={one.name}>
            <div className={css.spender}>
              <span className={css.cut}>
                <Named kind={kind} one={one} />
              </span>
              <span className="num">{format.usd(one.cost_usd)}</span>
            </div>
            <Bars
              days={view.days.days}
              values={one.cost_usd > 0 ? one.days : one.day_requests}
              height={20}
              unit={one.cost_usd > 0 ? "usd" : "requests"}
              label={`${one.title}, day by day`}
            />
            <div className={`quiet ${css.spender}`}>
              <span>
                {format.num(one.requests)} {kind === "model" ? "call" : "request"}
                {one.requests === 1 ? "" : "s"}
                {one.errors > 0 && `, ${format.percent(one.errors / one.requests)} failed`}
                {one.cache_hits > 0 &&
                  `, ${format.percent(one.cache_hits / one.requests, 0)} from the cache, ${format.usd(one.saved_usd)} saved`}
              </span>
              <span className="num">{whole > 0 ? share(one.cost_usd / whole) : ""}</span>
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Named({ kind, one }: { kind: TopProps["kind"]; one: Spender }) {
  if (kind === "model") return <>{one.title}</>;
  const search = kind === "key" ? { key_id: one.name } : { task: one.name };
  return (
    // biome-ignore lint/suspicious/noExplicitAny: the traces' address takes either
    <Link to="/traces" search={search as any} className="text-link">
      {one.title}
    </Link>
  );
}

function share(value: number): string {
  return value > 0 && value < 0.005 ? "< 1 %" : format.percent(value, 0);
}

/** A bar for each day; heights are shares of the greatest. */
interface BarsProps {
  days: string[];
  values: number[];
  height: number;
  label: string;
  unit?: "usd" | "requests"; // of an engine of ours: it costs nothing
}

function Bars({ days, values, height, label, unit = "usd" }: BarsProps) {
  const most = Math.max(...values, 0);
  const show = (value: number) => (unit === "usd" ? format.usd(value) : `${format.num(value)} requests`);
  return (
    <div className={css.bars} style={{ height }} role="img" aria-label={`${label}: ${show(most)} at most`}>
      {values.map((value, at) => (
        <i
          key={days[at]}
          title={`${days[at]}: ${show(value)}`}
          style={{
            height: value > 0 ? `max(2px, ${(value / most) * 100}%)` : 1,
            opacity: value > 0 ? 1 : 0.35,
          }}
        />
      ))}
    </div>
  );
}
