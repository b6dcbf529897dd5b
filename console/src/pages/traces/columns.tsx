/** The columns of the list of traces. */
import { IconArrowGuide, IconCheck, IconPencil } from "@tabler/icons-react";
import { Ago, type Column, format, Ms, StatusBadge, Tag, Tokens, Usd } from "~/kit";
import { failed, type TraceRow, verdict } from "./filters";

export const rowKey = (row: TraceRow) => row.inference.id;

export const columns: Column<TraceRow>[] = [
  {
    id: "at",
    head: "When",
    width: "84px",
    cell: ({ inference }) => <Ago at_ms={inference.started_ms} />,
  },
  {
    id: "task",
    head: "Task",
    width: "minmax(148px, 1.4fr)",
    cell: ({ inference }) => <span style={{ fontWeight: 550 }}>{inference.task}</span>,
  },
  {
    id: "outcome",
    head: "Outcome",
    width: "minmax(116px, 0.7fr)",
    cell: ({ inference }) => <Outcome {...inference} />,
  },
  {
    id: "variant",
    head: "Variant",
    from: 720,
    width: "minmax(120px, 1.2fr)",
    cell: ({ inference }) => (
      <>
        {inference.variant || <span className="quiet">–</span>}
        {inference.arm !== "live" && (
          <span style={{ marginLeft: 8 }}>
            <Tag tone="info">{inference.arm}</Tag>
          </span>
        )}
      </>
    ),
  },
  {
    id: "deployment",
    head: "Deployment",
    from: 1180,
    width: "minmax(132px, 1fr)",
    cell: ({ inference }) => (
      <>
        {inference.fallback && (
          <IconArrowGuide
            size={14}
            aria-label="a fallback answered"
            style={{ color: "var(--v-warn)", verticalAlign: -2, marginRight: 4 }}
          />
        )}
        {inference.deployment || <span className="quiet">–</span>}
      </>
    ),
  },
  {
    id: "item",
    head: "Item or session",
    from: 1320,
    width: "minmax(120px, 1fr)",
    cell: ({ inference }) => <span className="second">{inference.item || inference.session || "–"}</span>,
  },
  {
    id: "latency",
    head: "Latency",
    width: "76px",
    right: true,
    cell: ({ inference }) => <Ms value={inference.latency_ms} />,
  },
  {
    id: "tokens",
    head: "Tokens",
    from: 940,
    width: "100px",
    right: true,
    cell: ({ inference }) => <Tokens input={inference.input_tokens} output={inference.output_tokens} />,
  },
  {
    id: "cost",
    head: "Cost",
    from: 1040,
    width: "88px",
    right: true,
    cell: ({ inference }) => <Usd value={inference.cost_usd} />,
  },
  {
    id: "feedback",
    head: "Feedback",
    width: "104px",
    cell: ({ feedback }) => <Verdict feedback={feedback} />,
  },
];

/** How it ended for its caller. */
export function Outcome(one: TraceRow["inference"]) {
  if (!failed(one)) return <StatusBadge state="ok" label="answered" kind="plain" />;
  const why = one.error_code ? format.title(one.error_code).toLowerCase() : one.status || "no answer";
  return (
    <span title={`status ${one.status}${one.error_code && `, ${one.error_code}`}`}>
      <StatusBadge state="failed" label={String(why)} kind="plain" />
    </span>
  );
}

/** The newest judgement, or how many there are by other metrics. */
export function Verdict({ feedback }: { feedback: TraceRow["feedback"] }) {
  const found = verdict(feedback);
  if (found === "accepted")
    return (
      <Tag tone="ok">
        <IconCheck size={13} aria-hidden /> accepted
      </Tag>
    );
  if (found === "corrected")
    return (
      <Tag tone="warn">
        <IconPencil size={13} aria-hidden /> corrected
      </Tag>
    );
  if (feedback.length > 0) return <Tag>{feedback.map((one) => one.metric).join(", ")}</Tag>;
  return <span className="quiet">–</span>;
}
