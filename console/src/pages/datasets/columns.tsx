/** The columns of the list of versions. */
import { Ago, type Column, format, Num, StatusBadge, Tag } from "~/kit";
import { splitsOf, type VersionRow } from "./graph";
import { SplitBar } from "./Splits";

export const rowKey = (row: VersionRow) => row.id;

export const columns: Column<VersionRow>[] = [
  {
    id: "version",
    head: "Version",
    width: "minmax(176px, 1.6fr)",
    cell: (row) => <span style={{ fontWeight: 550 }}>{row.title}</span>,
  },
  { id: "state", head: "State", width: "96px", cell: (row) => <StatusBadge state={row.state} /> },
  { id: "records", head: "Records", width: "80px", right: true, cell: (row) => <Num value={row.records} /> },
  {
    id: "splits",
    from: 780,
    head: "Splits",
    width: "minmax(140px, 1fr)",
    cell: (row) => <SplitBar splits={splitsOf(row.splits)} />,
  },
  {
    id: "removed",
    head: "Removed",
    width: "76px",
    right: true,
    cell: (row) => <Count value={row.removed} />,
  },
  {
    id: "redacted",
    head: "Redacted",
    from: 780,
    width: "76px",
    right: true,
    cell: (row) => <Count value={row.redacted} />,
  },
  {
    id: "leaks",
    head: "Leaks",
    width: "64px",
    right: true,
    cell: (row) => (row.leaks ? <Tag tone="warn">{format.num(row.leaks)}</Tag> : <Count value={0} />),
  },
  {
    id: "models",
    head: "Models",
    from: 780,
    width: "64px",
    right: true,
    cell: (row) => <Count value={row.models} />,
  },
  { id: "made", head: "Made", width: "84px", right: true, cell: (row) => <Ago at_ms={row.created_ms} /> },
];

/** None is quiet. */
function Count({ value }: { value: number }) {
  return value ? <Num value={value} /> : <span className="quiet">0</span>;
}
