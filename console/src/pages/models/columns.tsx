/** The columns of the list of models. */
import { Ago, type Column, format, Num, Share, StatusBadge, Tag } from "~/kit";
import { label, type ModelRow } from "./rows";

export const columns: Column<ModelRow>[] = [
  {
    id: "name",
    head: "Model",
    width: "minmax(216px, 2fr)",
    cell: (row) => (
      <>
        <div style={{ fontWeight: 550 }}>{label(row)}</div>
        <div className="quiet" style={{ fontSize: 12 }}>
          {row.base_label ? `${row.recipe} on ${row.base_label}` : row.recipe || "no recipe noted"}
        </div>
      </>
    ),
  },
  {
    id: "state",
    head: "State",
    width: "124px",
    cell: (row) => (
      <span style={{ display: "inline-flex", gap: 6 }}>
        <StatusBadge state={row.state} />
        {row.flags.length > 0 && (
          <Tag tone="warn">{row.flags.length === 1 ? "flag" : `${row.flags.length} flags`}</Tag>
        )}
      </span>
    ),
  },
  {
    id: "gate",
    head: "Gate",
    width: "96px",
    cell: (row) => (row.gate ? <StatusBadge state={row.gate} /> : <None />),
  },
  {
    id: "accuracy",
    head: "Exact match",
    width: "144px",
    right: true,
    cell: (row) => (row.accuracy ? <Share {...row.accuracy} /> : <None />),
  },
  {
    id: "dataset",
    from: 900,
    head: "Learned from",
    width: "minmax(132px, 1fr)",
    cell: (row) => row.dataset_label || <None />,
  },
  {
    id: "parameters",
    from: 1180,
    head: "Weights",
    width: "72px",
    right: true,
    cell: (row) => (
      <span title={format.num(row.parameters)}>{format.short(row.parameters || undefined)}</span>
    ),
  },
  {
    id: "tokens",
    from: 1240,
    head: "Tokens seen",
    width: "88px",
    right: true,
    cell: (row) => <Num value={row.tokens || undefined} />,
  },
  {
    id: "serving",
    head: "Serves",
    width: "minmax(136px, 1fr)",
    cell: (row) =>
      row.serving[0] ? (
        <StatusBadge state={health(row)} label={row.task || row.serving[0].deployment} kind="plain" />
      ) : (
        <None />
      ),
  },
  { id: "created", head: "Made", width: "84px", right: true, cell: (row) => <Ago at_ms={row.created_ms} /> },
];

/** Of its deployments together. */
export function health(row: ModelRow): string {
  if (row.serving.some((one) => !one.healthy || one.engine_state === "failed")) return "unhealthy";
  return "healthy";
}

function None() {
  return <span className="quiet">–</span>;
}
