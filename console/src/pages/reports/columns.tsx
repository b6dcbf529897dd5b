/** The columns of the list of reports. */
import type { Answer } from "~/api/page";
import { Ago, type Column, format, Num } from "~/kit";
import { interval, nameOf, SUITES, worded } from "./measures";

export type ReportRow = Answer<"/api/v1/views/reports">["rows"][number];

export const columns: Column<ReportRow>[] = [
  {
    id: "suite",
    head: "Suite",
    width: "minmax(200px, 2fr)",
    cell: (row) => (
      <>
        <div style={{ fontWeight: 550 }}>{format.title(row.suite)}</div>
        <div className="quiet" style={{ fontSize: 12 }}>
          {SUITES[row.suite] ?? row.id}
        </div>
      </>
    ),
  },
  {
    id: "model",
    head: "Model",
    width: "minmax(160px, 1fr)",
    cell: (row) => row.model_label || row.model_id,
  },
  {
    id: "metric",
    head: "First metric",
    from: 900,
    width: "minmax(132px, 1fr)",
    cell: (row) => (row.headline ? nameOf(row.headline.name) : <span className="quiet">–</span>),
  },
  {
    id: "value",
    head: "Value",
    width: "148px",
    right: true,
    cell: ({ headline }) =>
      headline ? (
        <span className="num">
          {worded(headline.value, headline.unit)}{" "}
          <span className="quiet">{interval(headline.low, headline.high, headline.unit)}</span>
        </span>
      ) : (
        <span className="quiet">–</span>
      ),
  },
  {
    id: "items",
    head: "Items",
    width: "64px",
    right: true,
    cell: (row) => <Num value={row.evaluated} />,
  },
  { id: "made", head: "Made", width: "80px", right: true, cell: (row) => <Ago at_ms={row.created_ms} /> },
];
