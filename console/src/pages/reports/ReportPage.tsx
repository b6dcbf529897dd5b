/** One report beside a baseline: metrics, what the notes count, and the items that changed sides. */
import { Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { usePage } from "~/api/page";
import { Ago, format, Id, Loaded, Num, Page, PageHeader, Panel, useUrl } from "~/kit";
import { To } from "~/shell/To";
import { Items } from "./Items";
import { Measures } from "./Measures";
import { type ReportView, SUITES } from "./measures";
import { Probes } from "./Probes";
import css from "./reports.module.css";

const route = getRouteApi("/_app/reports_/$reportId");

export function ReportPage() {
  const { reportId } = route.useParams();
  const [url] = useUrl<{ baseline?: string }>();
  const params = { path: { report_id: reportId }, query: { baseline: url.baseline ?? "" } };
  const report = usePage("/api/v1/views/reports/{report_id}", params, ["reports"]);
  const view = report.data;
  const title = view
    ? `${format.title(view.report.suite)} of ${view.model_label || view.report.model_id}`
    : "Report";
  return (
    <Page
      header={
        <PageHeader
          title={title}
          about={view && SUITES[view.report.suite]}
          actions={view && <Baseline view={view} />}
        />
      }
    >
      <Loaded query={report} rows={14}>
        {(data) => (
          <>
            <Panel>
              <Facts view={data} />
            </Panel>
            <Panel title="Metrics">
              <Measures
                rows={data.metrics}
                mine={data.model_label || "This report"}
                theirs={data.baseline ? data.baseline_label || data.baseline.report_id : ""}
              />
            </Panel>
            {(data.report.notes ?? []).length > 0 && (
              <Panel title="What was noted">
                <Probes notes={data.report.notes ?? []} />
              </Panel>
            )}
            <Items key={data.report.report_id} view={data} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** Which report it is compared with. */
function Baseline({ view }: { view: ReportView }) {
  const [url, setUrl] = useUrl<{ baseline?: string }>();
  const name = view.baseline ? view.baseline_label || view.baseline.report_id : "nothing";
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <button type="button" className={css.baseline} title={view.baseline_reason}>
          <span className="quiet">Baseline</span> {name}
          <IconChevronDown size={14} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => setUrl({ baseline: "" })}>By itself</Menu.Item>
        {view.baselines.map((one) => (
          <Menu.Item
            key={one.id}
            onClick={() => setUrl({ baseline: one.id })}
            aria-current={url.baseline === one.id || undefined}
          >
            {one.title} <span className="quiet mono">{format.shortId(one.id)}</span>
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => setUrl({ baseline: "none" })}>Nothing</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Facts({ view }: { view: ReportView }) {
  const { report } = view;
  const facts: [string, ReactNode][] = [
    ["Report", <Id key="id" id={report.report_id} />],
    [
      "Model",
      <To key="model" link={{ kind: "model", id: report.model_id }}>
        {view.model_label || format.shortId(report.model_id)}
      </To>,
    ],
    [
      "Asked of",
      report.dataset_version_id ? (
        <To key="data" link={{ kind: "dataset_version", id: report.dataset_version_id }}>
          dataset version {format.shortId(report.dataset_version_id)}
        </To>
      ) : (
        "–"
      ),
    ],
    [
      "Run",
      view.run_id ? (
        <To key="run" link={{ kind: "run", id: view.run_id }}>
          {format.shortId(view.run_id)}
        </To>
      ) : (
        "–"
      ),
    ],
    [
      "Read by gates",
      view.verdicts.length ? (
        <To key="gate" link={view.verdicts[0] as { kind: string; id: string }}>
          {view.verdicts.length === 1 ? "one verdict" : `${view.verdicts.length} verdicts`}
        </To>
      ) : (
        "none"
      ),
    ],
    ["Attempts", <Num key="n" value={report.evaluated} />],
    ["Made", <Ago key="at" at_ms={report.created_ms} />],
  ];
  return (
    <>
      <dl className={css.facts} style={{ margin: 0 }}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd style={{ margin: 0 }}>{value}</dd>
          </div>
        ))}
      </dl>
      <p className={`second ${css.prose}`} style={{ margin: "12px 0 0" }}>
        {view.baseline ? (
          <>
            Compared with{" "}
            <To link={{ kind: "report", id: view.baseline.report_id }}>
              {view.baseline_label || view.baseline.report_id}
            </To>
            . {view.baseline_reason}
          </>
        ) : (
          view.baseline_reason
        )}
      </p>
    </>
  );
}
