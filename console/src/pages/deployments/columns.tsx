/** The columns of the list of deployments. */
import { type Column, format, Tag } from "~/kit";
import css from "./deployments.module.css";
import { type Row, stateOf } from "./places";
import { CircuitBadge, Fill, Minutes } from "./State";

export const columns: Column<Row>[] = [
  {
    id: "name",
    head: "Deployment",
    width: "minmax(150px, 1.6fr)",
    cell: (row) => (
      <>
        <div className={css.name}>{row.name}</div>
        <div className={css.sub} title={`${row.provider}, ${row.model}`}>
          {row.provider === "local" ? "engine of ours" : row.provider}, {row.model}
        </div>
      </>
    ),
  },
  {
    id: "state",
    head: "Health",
    width: "116px",
    cell: (row) => (
      <>
        <CircuitBadge state={stateOf(row)} />
        {!!row.live?.failures && (
          <div className={css.sub}>
            {format.num(row.live.failures)} {row.live.failures === 1 ? "failure" : "failures in a row"}
          </div>
        )}
      </>
    ),
  },
  {
    id: "load",
    head: "Under way",
    width: "88px",
    cell: (row) =>
      row.live ? (
        <Fill value={row.live.in_flight} limit={row.live.max_in_flight} label={`Under way at ${row.name}`} />
      ) : (
        <None />
      ),
  },
  {
    id: "ttft",
    head: "First token",
    width: "76px",
    right: true,
    cell: (row) => <span className="num">{format.ms(row.live?.ttft_ms || undefined)}</span>,
  },
  {
    id: "rpm",
    head: "Requests / min",
    width: "100px",
    from: 880,
    cell: (row) =>
      row.live ? (
        <Fill value={row.live.requests_minute} limit={row.requests_per_minute} label="Requests a minute" />
      ) : (
        <None />
      ),
  },
  {
    id: "tpm",
    head: "Tokens / min",
    width: "100px",
    from: 1330,
    cell: (row) =>
      row.live ? (
        <Fill
          value={Math.round(row.live.tokens_minute)}
          limit={row.tokens_per_minute}
          label="Tokens a minute"
        />
      ) : (
        <None />
      ),
  },
  {
    id: "hour",
    head: "Last hour",
    width: "minmax(90px, 1fr)",
    from: 1080,
    cell: (row) => <Minutes minutes={row.minutes} errors={row.minute_errors} />,
  },
  {
    id: "errors",
    head: "Failed calls",
    width: "80px",
    right: true,
    cell: (row) =>
      row.calls ? (
        <span
          className="num"
          style={
            row.failed_calls / row.calls >= 0.05 ? { color: "var(--v-bad)", fontWeight: 550 } : undefined
          }
        >
          {format.percent(row.failed_calls / row.calls)}
        </span>
      ) : (
        <None />
      ),
  },
  {
    id: "latency",
    head: "p50 / p95",
    width: "116px",
    right: true,
    cell: (row) =>
      row.hour?.requests ? (
        <span className="num">
          {format.ms(row.hour.latency_ms_p50)}{" "}
          <span className="quiet">/ {format.ms(row.hour.latency_ms_p95)}</span>
        </span>
      ) : (
        <None />
      ),
  },
  {
    id: "cost",
    head: "Cost, 24 h",
    width: "80px",
    right: true,
    from: 970,
    cell: (row) => <span className="num">{format.usd(row.day_cost_usd)}</span>,
  },
  {
    id: "uses",
    head: "Used by",
    width: "minmax(120px, 1fr)",
    from: 1210,
    cell: (row) => <Uses row={row} />,
  },
];

function Uses({ row }: { row: Row }) {
  const first = row.used_by[0];
  if (!first) return <span className="quiet">nothing</span>;
  return (
    <>
      <div className={css.sub} style={{ color: "var(--v-text)", fontSize: 13 }}>
        {first.task}
        {row.used_by.length > 1 && <span className="quiet"> +{row.used_by.length - 1}</span>}
      </div>
      {first.role !== "deployment" && <Tag>{first.role}</Tag>}
    </>
  );
}

function None() {
  return <span className="quiet">–</span>;
}
