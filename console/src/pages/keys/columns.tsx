/** The columns of the list of keys. */
import { Ago, type Column, format, StatusBadge, Tag } from "~/kit";
import { amount, NAMES, terms, worst } from "./budgets";
import { type ApiKey, stateOf } from "./keys";
import css from "./keys.module.css";
import { Meter } from "./Meters";

export function columnsOf(now_ms: number, days: number): Column<ApiKey>[] {
  return [
    {
      id: "name",
      head: "Name",
      width: "minmax(150px, 1.6fr)",
      cell: (row) => (
        <>
          <div className={css.name}>{row.name}</div>
          <div className="quiet mono" style={{ fontSize: 12 }}>
            {row.prefix}…
          </div>
        </>
      ),
    },
    {
      id: "scopes",
      head: "May",
      width: "minmax(152px, 1.4fr)",
      from: 720,
      cell: (row) => (
        <>
          <span className={css.tags}>
            {row.scopes.map((scope) => (
              <Tag key={scope} tone={scope === "admin" ? "warn" : "idle"}>
                {scope}
              </Tag>
            ))}
            {row.direct && <Tag tone="info">direct</Tag>}
          </span>
          <div className={`quiet ${css.cut}`}>{reach(row)}</div>
        </>
      ),
    },
    {
      id: "use",
      head: "Nearest ceiling",
      width: "minmax(200px, 1.6fr)",
      cell: (row) => <Nearest row={row} now_ms={now_ms} />,
    },
    {
      id: "limits",
      head: "Ceilings",
      width: "minmax(150px, 1.2fr)",
      from: 1120,
      cell: (row) => {
        const all = Object.entries(row.limits).filter(([, value]) => value > 0);
        if (!all.length) return <span className="quiet">none</span>;
        return (
          <span className={css.cut} title={all.map(([name, value]) => terms(name, value)).join(", ")}>
            {all.map(([name, value]) => terms(name, value)).join(", ")}
          </span>
        );
      },
    },
    {
      id: "cost",
      head: `Spent, ${days} d`,
      width: "104px",
      right: true,
      cell: (row) => (
        <>
          <div className="num">{format.usd(row.cost_usd)}</div>
          <div className="quiet num" style={{ fontSize: 12 }}>
            {format.short(row.requests)} requests
          </div>
        </>
      ),
    },
    {
      id: "state",
      head: "State",
      width: "96px",
      cell: (row) => (
        <StatusBadge state={stateOf(row) === "usable" ? "active" : stateOf(row)} label={stateOf(row)} />
      ),
    },
    {
      id: "expires",
      head: "Expires",
      width: "76px",
      right: true,
      from: 900,
      cell: (row) => (row.expires_ms ? <Ago at_ms={row.expires_ms} /> : <span className="quiet">never</span>),
    },
  ];
}

function Nearest({ row, now_ms }: { row: ApiKey; now_ms: number }) {
  const burn = worst(row.burns);
  if (!burn) return <span className="quiet">–</span>;
  return (
    <div className={css.nearest}>
      <Meter burn={burn} now_ms={now_ms} slim />
      <div className={`quiet num ${css.cut}`}>
        {amount(burn.limit, burn.limit === "concurrent" ? burn.leased : burn.used)} of{" "}
        {amount(burn.limit, burn.ceiling)}, {NAMES[burn.limit]?.toLowerCase().replace("us dollars ", "")}
      </div>
    </div>
  );
}

function reach(row: ApiKey): string {
  const parts = [
    row.tasks.length ? row.tasks.join(", ") : "all tasks",
    row.operations.length ? row.operations.join(", ").replaceAll("_", " ") : "",
  ];
  return row.scopes.some((one) => one === "inference" || one === "admin")
    ? parts.filter(Boolean).join("; ")
    : "";
}
