/** Deployments: where models are served, how each fares now (every two seconds) and in the last hour. */
import { IconServer2 } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { usePage } from "~/api/page";
import {
  CodeBlock,
  Empty,
  FilterBar,
  FilterChip,
  format,
  Key,
  NoMatch,
  Page,
  PageHeader,
  Problem,
  useUrl,
  VirtualTable,
} from "~/kit";
import { columns } from "./columns";
import { DeploymentDrawer } from "./DeploymentDrawer";
import {
  type Filters,
  filtered,
  type LiveView,
  merged,
  type Row,
  type State,
  stateOf,
  WORDS,
} from "./places";

const EXAMPLE = `[[deployments]]
name = "gpt"
provider = "openai"
model = "gpt-5-mini"
api_key_env = "OPENAI_API_KEY"

[[tasks]]
name = "helpdesk"
variants = [{ name = "gpt", deployments = ["gpt"] }]`;

export function DeploymentsPage() {
  const [url, setUrl] = useUrl<Filters & { open?: string }>();
  const view = usePage("/api/v1/views/deployments", {}, ["settings", "releases", "models"], {
    every_ms: 15_000,
  });
  const live = usePage("/api/v1/views/deployments/live", {}, [], { every_ms: 2000 });
  const all = useMemo(() => merged(view.data, live.data), [view.data, live.data]);
  const rows = useMemo(() => filtered(all, url), [all, url]);
  const open = all.find((row) => row.name === url.open);

  return (
    <Page
      fill
      header={
        <PageHeader
          title="Deployments"
          about={view.data && about(all, live.data)}
          actions={
            <Link to="/models" className="text-link">
              Model versions
            </Link>
          }
        />
      }
    >
      <FilterBar
        text={{
          value: url.q ?? "",
          onChange: (q) => setUrl({ q }),
          placeholder: "Filter by name, model, task",
        }}
        end={
          <span className="quiet">
            {view.data && `${format.num(rows.length)} of ${format.num(all.length)}`}
          </span>
        }
      >
        <FilterChip
          name="Health"
          choices={Object.entries(WORDS).map(([value, label]) => ({ value, label }))}
          chosen={url.state ?? []}
          shown={url.state?.map((one) => WORDS[one as State] ?? one).join(", ")}
          onChange={(state) => setUrl({ state })}
        />
        <FilterChip
          name="Provider"
          choices={[...new Set(all.map((row) => row.provider))].sort().map((value) => ({ value }))}
          chosen={url.provider ?? []}
          onChange={(provider) => setUrl({ provider })}
        />
      </FilterBar>
      {view.error && !view.data ? (
        <Problem error={view.error} retry={() => view.refetch()} />
      ) : (
        <VirtualTable<Row>
          label="Deployments"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.name}
          current={url.open}
          onOpen={(row) => setUrl({ open: row.name }, true)}
          onMove={(row) => url.open && setUrl({ open: row.name })}
          rowHeight={56}
          loading={view.isPending}
          empty={
            all.length ? (
              <NoMatch what="deployment" onClear={() => setUrl({ q: "", state: [], provider: [] })}>
                <p>
                  Press <Key>/</Key> to change the text.
                </p>
              </NoMatch>
            ) : (
              <NoDeployments />
            )
          }
        />
      )}
      {open && (
        <DeploymentDrawer
          key={open.name}
          row={open}
          recent={view.data?.recent ?? 0}
          onClose={() => setUrl({ open: undefined })}
        />
      )}
    </Page>
  );
}

function about(rows: Row[], live: LiveView | undefined): string {
  const sick = rows.filter((row) =>
    ["open", "half_open", "partly", "down", "resting"].includes(stateOf(row)),
  );
  const parts = [
    sick.length ? `${sick.length} of ${rows.length} not well` : `${rows.length} in all`,
    live ? `${live.workers} ${live.workers === 1 ? "worker" : "workers"}` : "",
    live ? `${format.num(live.places.reduce((sum, one) => sum + one.in_flight, 0))} under way` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

function NoDeployments() {
  return (
    <Empty title="No deployment yet" icon={IconServer2}>
      <p>
        A deployment is a place that serves a model. Name one in <code className="mono">volant.toml</code>,
        give it to a task's variant, and run <code className="mono">volant apply</code>; a release of a model
        of your own brings its engine along.
      </p>
      <div style={{ marginTop: 12, minWidth: 380, textAlign: "left" }}>
        <CodeBlock value={EXAMPLE} label="volant.toml" />
      </div>
    </Empty>
  );
}
