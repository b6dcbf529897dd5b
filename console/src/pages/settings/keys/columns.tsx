/** The columns of the list of keys. */
import { Ago, type Column, StatusBadge, Tag } from "~/kit";
import css from "../settings.module.css";
import { type ApiKey, limits, stateOf } from "./keys";

export const columns: Column<ApiKey>[] = [
  {
    id: "name",
    head: "Name",
    width: "minmax(140px, 2fr)",
    cell: (row) => <span className={css.name}>{row.name}</span>,
  },
  {
    id: "prefix",
    head: "Begins with",
    width: "104px",
    cell: (row) => <span className="mono second">{row.prefix}…</span>,
  },
  {
    id: "scopes",
    head: "May",
    width: "minmax(152px, 2fr)",
    cell: (row) => (
      <span className={css.tags} style={{ flexWrap: "nowrap" }}>
        {row.scopes.map((scope) => (
          <Tag key={scope} tone={scope === "admin" ? "warn" : "idle"}>
            {scope}
          </Tag>
        ))}
      </span>
    ),
  },
  {
    id: "tasks",
    head: "Tasks",
    width: "minmax(116px, 1fr)",
    from: 760,
    cell: (row) => (row.tasks.length ? row.tasks.join(", ") : <span className="quiet">all</span>),
  },
  {
    id: "limits",
    head: "Limits",
    width: "minmax(172px, 1fr)",
    from: 1000,
    cell: (row) => limits(row) || <span className="quiet">none</span>,
  },
  {
    id: "state",
    head: "State",
    width: "104px",
    cell: (row) => (
      <StatusBadge state={stateOf(row) === "usable" ? "active" : stateOf(row)} label={stateOf(row)} />
    ),
  },
  {
    id: "expires",
    head: "Expires",
    width: "80px",
    right: true,
    from: 860,
    cell: (row) => (row.expires_ms ? <Ago at_ms={row.expires_ms} /> : <span className="quiet">never</span>),
  },
  { id: "made", head: "Made", width: "80px", right: true, cell: (row) => <Ago at_ms={row.created_ms} /> },
];
