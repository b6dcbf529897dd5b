/** What speaks for a model and against it: reports with their intervals, the gate's reasons. */
import { Ago, Empty, format, IntervalPlot, Panel, StatusBadge } from "~/kit";
import { To } from "~/shell/To";
import css from "./model.module.css";
import type { ModelView } from "./view";

const MOST = 12; // metrics of one report

export function Evidence({ model }: { model: ModelView }) {
  if (model.reports.length === 0 && model.verdicts.length === 0) {
    return (
      <Panel title="Evidence">
        <Empty title="Not evaluated yet">
          <p>
            <code className="mono">volant evaluate {model.label}</code> measures it; a gate then says whether
            it may serve.
          </p>
        </Empty>
      </Panel>
    );
  }
  return (
    <>
      {model.verdicts.map((verdict) => (
        <Panel
          key={verdict.verdict_id}
          title={`Gate ${verdict.gate}`}
          actions={
            <>
              <Ago at_ms={verdict.created_ms} />
              <StatusBadge state={verdict.outcome} />
            </>
          }
        >
          <ul className={css.reasons}>
            {verdict.reasons.map((reason) => (
              <li key={reason.sentence}>
                <StatusBadge state={reason.outcome} kind="plain" />
                <span>{reason.sentence}</span>
              </li>
            ))}
          </ul>
          <p style={{ margin: "12px 0 0" }}>
            <To link={{ kind: "verdict", id: verdict.verdict_id }}>The gate's checklist with its evidence</To>
          </p>
        </Panel>
      ))}
      {model.reports.map((report) => (
        <Panel
          key={report.report_id}
          title={`${format.title(report.suite)}, ${format.num(report.evaluated)} evaluated`}
          actions={
            <>
              <Ago at_ms={report.created_ms} />
              <To link={{ kind: "report", id: report.report_id }}>Open the report</To>
            </>
          }
        >
          <Metrics report={report} />
          {(report.notes ?? []).map((note) => (
            <p key={note} className={css.text} style={{ margin: "8px 0 0" }}>
              {note}
            </p>
          ))}
        </Panel>
      ))}
    </>
  );
}

type Report = ModelView["reports"][number];

/** Shares on one axis with their 95 % intervals; other units as numbers. */
function Metrics({ report }: { report: Report }) {
  const shares = report.metrics.filter((metric) => metric.unit === "share").slice(0, MOST);
  const others = report.metrics.filter((metric) => metric.unit !== "share").slice(0, MOST);
  const left = report.metrics.length - shares.length - others.length;
  return (
    <>
      {shares.length > 0 && (
        <IntervalPlot
          label={`${report.suite}: shares with 95 % intervals`}
          format={(value) => format.percent(value, 1)}
          rows={shares.map((metric) => ({
            label: named(metric),
            value: metric.value,
            low: metric.low,
            high: metric.high,
            note: metric.note,
          }))}
        />
      )}
      {others.length > 0 && (
        <table className={css.table}>
          <tbody>
            {others.map((metric) => (
              <tr key={named(metric)}>
                <td>{named(metric)}</td>
                <td className={css.number}>
                  {format.num(metric.value, 4)} {metric.unit}{" "}
                  <span className="quiet">
                    [{format.num(metric.low, 4)}, {format.num(metric.high, 4)}]
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {left > 0 && <p className={css.text}>{left} more metrics stand in the report.</p>}
    </>
  );
}

function named(metric: Report["metrics"][number]): string {
  const slice = metric.slice && metric.slice !== "overall" ? `, ${metric.slice}` : "";
  return `${format.title(metric.name)}${slice}`;
}
