/** The columns of the list of runs. */
import { Checkbox } from "@mantine/core";
import { Ago, type Column, format, Ms, StatusBadge } from "~/kit";
import { To } from "~/shell/To";
import { Bar } from "./Bar";
import { progress, type RunRow, took } from "./series";

export function columns(compared: string[], toggle: (id: string) => void): Column<RunRow>[] {
  return [
    {
      id: "compare",
      head: <span className="hidden-text">Compare</span>,
      width: "20px",
      cell: (row) => (
        // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: keeps the click from opening the row
        <div onClick={(event) => event.stopPropagation()}>
          <Checkbox
            size="xs"
            aria-label={`Compare ${row.kind} ${row.title}, ${format.shortId(row.id)}`}
            checked={compared.includes(row.id)}
            onChange={() => toggle(row.id)}
          />
        </div>
      ),
    },
    {
      id: "run",
      head: "Run",
      width: "minmax(180px, 2fr)",
      cell: (row) => (
        <>
          <div style={{ fontWeight: 550, overflow: "hidden", textOverflow: "ellipsis" }}>
            {format.title(row.kind)}: {row.title}
          </div>
          <div className="quiet mono">{format.shortId(row.id)}</div>
        </>
      ),
    },
    {
      id: "state",
      head: "State",
      width: "112px",
      cell: (row) => <StatusBadge state={row.state} />,
    },
    {
      id: "progress",
      head: "Progress",
      width: "minmax(150px, 1fr)",
      cell: (row) =>
        row.state === "running" || row.state === "queued" ? (
          <Bar share={row.pace.share} label={progress(row)} />
        ) : (
          <span className="quiet" title={row.error}>
            {row.error || (row.attempt > 1 ? `attempt ${row.attempt}` : "–")}
          </span>
        ),
    },
    {
      id: "link",
      head: "Model or data",
      width: "minmax(150px, 1fr)",
      from: 820,
      cell: (row) =>
        row.link ? <To link={row.link}>{row.link.title || format.shortId(row.link.id)}</To> : <None />,
    },
    {
      id: "by",
      head: "Begun by",
      width: "minmax(120px, 1fr)",
      from: 1080,
      cell: (row) => <By workflow={row.by} />,
    },
    {
      id: "took",
      head: "Took",
      width: "92px",
      right: true,
      cell: (row) => <Ms value={took(row, Date.now())} />,
    },
    {
      id: "started",
      head: "Started",
      width: "88px",
      right: true,
      cell: (row) => <Ago at_ms={row.started_ms || row.created_ms} />,
    },
  ];
}

/** A workflow's name says what began it. */
export function By({ workflow }: { workflow: string }) {
  const alert = /(alr_[0-9a-f]+)/.exec(workflow)?.[1];
  if (alert) return <To link={{ kind: "alert", id: alert }}>an alert</To>;
  if (workflow.includes("without-")) return <>an erasure's date</>;
  if (workflow.startsWith("resume-")) return <>a person, who resumed it</>;
  return workflow ? <>a person</> : <None />;
}

function None() {
  return <span className="quiet">–</span>;
}
