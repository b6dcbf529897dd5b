/** The columns of deployments, and their state in one word. */
import { type Column, Num, StatusBadge, Tag } from "~/kit";
import type { Settings } from "../parts";
import css from "../settings.module.css";

export type Deployment = Settings["deployments"][number];
export type Task = Settings["tasks"][number];

/** Of its process where it is ours, else of its address. */
export function stateOf(one: Deployment): string {
  if (one.process && one.process !== "running") return one.process;
  return one.healthy ? "healthy" : "unhealthy";
}

export const columns: Column<Deployment>[] = [
  {
    id: "name",
    head: "Deployment",
    width: "minmax(180px, 2fr)",
    cell: (row) => (
      <>
        <div className={css.name}>{row.spec.name}</div>
        <div className={css.sub}>{row.base_url || "the provider's own address"}</div>
      </>
    ),
  },
  {
    id: "model",
    head: "Serves",
    width: "minmax(150px, 1fr)",
    cell: (row) => (
      <>
        <div>{row.spec.model}</div>
        <div className={css.sub}>{row.spec.provider}</div>
      </>
    ),
  },
  {
    id: "origin",
    head: "From",
    width: "104px",
    from: 820,
    cell: (row) => <Tag tone={row.origin === "release" ? "info" : "idle"}>{row.origin}</Tag>,
  },
  { id: "state", head: "State", width: "104px", cell: (row) => <StatusBadge state={stateOf(row)} /> },
  {
    id: "requests",
    head: "Requests, 24 h",
    width: "104px",
    right: true,
    cell: (row) => <Num value={row.requests_day} />,
  },
  {
    id: "errors",
    head: "Errors, 24 h",
    width: "88px",
    right: true,
    from: 720,
    cell: (row) => (
      <span style={row.errors_day ? { color: "var(--v-bad)" } : undefined}>
        <Num value={row.errors_day} />
      </span>
    ),
  },
];
