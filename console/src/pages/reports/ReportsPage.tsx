/** Reports: everything that was measured, newest first. */
import { IconReportAnalytics } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { usePages } from "~/api/page";
import {
  CodeBlock,
  Empty,
  FilterBar,
  FilterChip,
  format,
  NoMatch,
  Page,
  PageHeader,
  Problem,
  useUrl,
  VirtualTable,
} from "~/kit";
import { columns, type ReportRow } from "./columns";

export function ReportsPage() {
  const [url, setUrl] = useUrl<{ suite?: string; model?: string }>();
  const navigate = useNavigate();
  const query = { suite: url.suite ?? "", model_id: url.model ?? "" };
  const reports = usePages("/api/v1/views/reports", { query }, ["reports"]);
  const suites = reports.data?.pages[0]?.suites ?? {};
  const total = Object.values(suites).reduce((sum, count) => sum + count, 0);
  const models = [...new Map(reports.rows.map((row) => [row.model_id, row.model_label || row.model_id]))];

  return (
    <Page
      fill
      header={
        <PageHeader
          title="Reports"
          about="What evaluating gave: every metric with its interval and baseline"
        />
      }
    >
      <FilterBar end={<span className="quiet">{reports.data && `${format.num(total)} in all`}</span>}>
        <FilterChip
          name="Suite"
          single
          choices={Object.entries(suites).map(([value, count]) => ({
            value,
            label: `${format.title(value)} (${count})`,
          }))}
          chosen={url.suite ? [url.suite] : []}
          onChange={([suite]) => setUrl({ suite })}
        />
        <FilterChip
          name="Model"
          single
          choices={models.map(([value, label]) => ({ value, label }))}
          chosen={url.model ? [url.model] : []}
          shown={models.find(([id]) => id === url.model)?.[1]}
          onChange={([model]) => setUrl({ model })}
        />
      </FilterBar>
      {reports.error && !reports.data ? (
        <Problem error={reports.error} retry={() => reports.refetch()} />
      ) : (
        <VirtualTable<ReportRow>
          label="Reports"
          rows={reports.rows}
          columns={columns}
          rowKey={(row) => row.id}
          rowHeight={52}
          loading={reports.isPending}
          onOpen={(row) => navigate({ to: "/reports/$reportId", params: { reportId: row.id } })}
          more={{
            has: reports.hasNextPage,
            fetching: reports.isFetchingNextPage,
            fetch: () => void reports.fetchNextPage(),
          }}
          empty={
            total ? <NoMatch what="report" onClear={() => setUrl({ suite: "", model: "" })} /> : <NoReports />
          }
        />
      )}
    </Page>
  );
}

function NoReports() {
  return (
    <Empty title="No report yet" icon={IconReportAnalytics}>
      <p>A report is made by running a suite on a model. Training through a loop does it by itself; or:</p>
      <div style={{ marginTop: 12, textAlign: "left" }}>
        <CodeBlock value="volant eval MODEL@1 --suite accuracy" label="Command" />
      </div>
    </Empty>
  );
}
