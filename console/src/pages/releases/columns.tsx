/** The columns of the list of releases. */
import type { Answer } from "~/api/page";
import { Ago, type Column, format, StatusBadge, Tag } from "~/kit";

export type ReleaseRow = Answer<"/api/v1/views/releases">["tasks"][number]["releases"][number];

export const columns: Column<ReleaseRow>[] = [
  {
    id: "variant",
    head: "Release",
    width: "minmax(248px, 1.2fr)",
    cell: (row) => (
      <>
        <div style={{ fontWeight: 550 }}>{row.variant}</div>
        <div className="quiet" style={{ fontSize: 12 }}>
          {row.task}
          {row.model_label && `, ${row.model_label}`}
        </div>
      </>
    ),
  },
  { id: "state", head: "State", width: "116px", cell: (row) => <StatusBadge state={row.state} /> },
  {
    id: "gate",
    head: "Gate",
    width: "156px",
    from: 900,
    cell: (row) =>
      row.outcome ? <StatusBadge state={row.outcome} /> : <span className="quiet">not judged</span>,
  },
  {
    id: "rollout",
    head: "Rollout",
    width: "148px",
    cell: (row) => (
      <span style={{ display: "inline-flex", gap: 6 }}>
        {row.rollout_state ? (
          <StatusBadge state={row.rollout_state} />
        ) : (
          <span className="quiet">at once</span>
        )}
        {row.held && row.rollout_state !== "promoted" && !row.ended_ms && <Tag tone="warn">held</Tag>}
      </span>
    ),
  },
  {
    id: "share",
    head: "Users",
    width: "56px",
    right: true,
    cell: (row) =>
      row.rollout_state === "canary" ? format.percent(row.share, 0) : <span className="quiet">–</span>,
  },
  {
    id: "reason",
    head: "Why",
    from: 1000,
    width: "minmax(160px, 2fr)",
    cell: (row) => (
      <span className="second" title={row.reason}>
        {row.reason}
      </span>
    ),
  },
  { id: "made", head: "Made", width: "80px", right: true, cell: (row) => <Ago at_ms={row.created_ms} /> },
];
