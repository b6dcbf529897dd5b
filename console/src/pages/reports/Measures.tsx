/** Dot and interval per metric beside the baseline's, on one scale per unit; the paired difference as a sentence. */
import { IconArrowDownRight, IconArrowUpRight, IconEqual, IconMinus } from "@tabler/icons-react";
import { Hint, Tag } from "~/kit";
import { type Group, groups, interval, type MetricRow, nameOf, tick, worded } from "./measures";
import css from "./reports.module.css";

export function Measures({ rows, mine, theirs }: { rows: MetricRow[]; mine: string; theirs: string }) {
  return (
    <div>
      <div className={css.legend} aria-hidden>
        <span>
          <Mark colour="var(--v-series1)" r={4.5} />
          {mine}, with its 95 % interval
        </span>
        {theirs && (
          <span>
            <Mark colour="var(--v-text3)" r={3} />
            {theirs} (baseline)
          </span>
        )}
      </div>
      {groups(rows).map((group) => (
        <GroupOf key={group.unit} group={group} />
      ))}
    </div>
  );
}

function Mark({ colour, r }: { colour: string; r: number }) {
  return (
    <svg width={22} height={10} aria-hidden>
      <line x1={1} x2={21} y1={5} y2={5} stroke={colour} strokeWidth={2} opacity={0.55} />
      <circle cx={11} cy={5} r={r} fill={colour} />
    </svg>
  );
}

function GroupOf({ group }: { group: Group }) {
  return (
    <section className={css.group}>
      <div className={css.scale}>
        <h3>{group.title}</h3>
        <svg className={css.strip} width="100%" height={16} aria-hidden>
          {group.ticks.map((at) => (
            <text key={at} x={`${place(at, group)}%`} y={12} textAnchor="middle">
              {tick(at, group.unit)}
            </text>
          ))}
        </svg>
      </div>
      {group.rows.map((row) => (
        <Measure key={`${row.metric.name} ${row.metric.slice}`} row={row} group={group} />
      ))}
    </section>
  );
}

function Measure({ row, group }: { row: MetricRow; group: Group }) {
  const { metric, baseline } = row;
  const unit = group.unit;
  const said = `${nameOf(metric.name)} (${metric.slice}): ${worded(metric.value, unit)}, 95 % interval ${interval(metric.low, metric.high, unit)}`;
  const beside = baseline
    ? `; baseline ${worded(baseline.value, unit)} ${interval(baseline.low, baseline.high, unit)}`
    : "";
  return (
    <div className={css.measure}>
      <div className={css.name}>
        <Hint label={metric.note}>{nameOf(metric.name)}</Hint>
        {metric.slice !== "overall" && <Tag>{metric.slice}</Tag>}
      </div>
      <svg className={css.strip} width="100%" height={36} role="img" aria-label={said + beside}>
        {group.ticks.map((at) => (
          <line
            key={at}
            x1={`${place(at, group)}%`}
            x2={`${place(at, group)}%`}
            y1={0}
            y2={36}
            stroke={at === 0 ? "var(--v-border-strong)" : "var(--v-border)"}
          />
        ))}
        {baseline && <Whisker {...baseline} group={group} y={26} colour="var(--v-text3)" r={3} />}
        <Whisker {...metric} group={group} y={baseline ? 12 : 18} colour="var(--v-series1)" r={4.5} />
      </svg>
      <div className={css.value}>
        <strong>{worded(metric.value, unit)}</strong>{" "}
        <span className="quiet">{interval(metric.low, metric.high, unit)}</span>
        <div className={`quiet ${css.against}`}>
          {baseline ? `was ${worded(baseline.value, unit)}` : `${metric.n} items`}
        </div>
      </div>
      <Sentence row={row} />
    </div>
  );
}

const TRENDS = { better: IconArrowUpRight, worse: IconArrowDownRight, same: IconEqual, "": IconMinus };

function Sentence({ row }: { row: MetricRow }) {
  const Icon = TRENDS[row.trend];
  const difference = row.difference;
  return (
    <div className={css.sentence}>
      <Icon size={14} stroke={2.2} aria-hidden className={css[row.trend || "none"]} />
      <span>
        {row.sentence}
        {difference && (
          <span className="quiet">
            {" "}
            {difference.wins} got better, {difference.losses} worse
            {difference.p !== null ? ` (p = ${difference.p.toPrecision(2)})` : ""}.
          </span>
        )}
      </span>
    </div>
  );
}

function Whisker(whisker: {
  value: number;
  low: number;
  high: number;
  group: Group;
  y: number;
  colour: string;
  r: number;
}) {
  const { value, low, high, group, y, colour, r } = whisker;
  return (
    <g stroke={colour} fill={colour}>
      <line
        x1={`${place(low, group)}%`}
        x2={`${place(high, group)}%`}
        y1={y}
        y2={y}
        strokeWidth={2}
        strokeLinecap="round"
        opacity={0.55}
      />
      <circle cx={`${place(value, group)}%`} cy={y} r={r} stroke="var(--v-surface)" strokeWidth={1.5} />
    </g>
  );
}

/** Where a value stands on the group's scale, in per cent of the strip; 2 % of room at both ends. */
function place(value: number, { domain: [low, high] }: Group): number {
  return 2 + (96 * (value - low)) / (high - low || 1);
}
