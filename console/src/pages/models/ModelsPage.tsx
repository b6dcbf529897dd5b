/** Models: every version with its evidence in a line. The pattern for the other lists. */
import { IconBox } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { usePage } from "~/api/page";
import {
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
import { ModelDrawer } from "./ModelDrawer";
import { type Filters, filtered, type ModelRow } from "./rows";

export function ModelsPage() {
  const [url, setUrl] = useUrl<Filters & { open?: string }>();
  const models = usePage("/api/v1/views/models", {}, ["models", "reports", "releases", "settings"]);
  const rows = useMemo(() => filtered(models.data?.models ?? [], url), [models.data, url]);
  const open = models.data?.models.find((row) => row.id === url.open);
  const states = models.data?.states ?? {};

  return (
    <Page
      fill
      header={
        <PageHeader
          title="Models"
          about={models.data && counted(models.data.total, states)}
          actions={
            <Link to="/deployments" className="text-link">
              Deployments
            </Link>
          }
        />
      }
    >
      <FilterBar
        text={{
          value: url.q ?? "",
          onChange: (q) => setUrl({ q }),
          placeholder: "Filter by name, id, dataset",
        }}
        end={<span className="quiet">{shown(rows.length, models.data?.total)}</span>}
      >
        <FilterChip
          name="State"
          choices={Object.keys(states)
            .sort()
            .map((value) => ({ value }))}
          chosen={url.state ?? []}
          onChange={(state) => setUrl({ state })}
        />
        <FilterChip
          name="Gate"
          choices={[
            { value: "pass", label: "passed" },
            { value: "fail", label: "failed" },
            { value: "insufficient_evidence", label: "insufficient evidence" },
            { value: "none", label: "not judged" },
          ]}
          chosen={url.gate ?? []}
          onChange={(gate) => setUrl({ gate })}
        />
      </FilterBar>
      {models.error && !models.data ? (
        <Problem error={models.error} retry={() => models.refetch()} />
      ) : (
        <VirtualTable<ModelRow>
          label="Model versions"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          current={url.open}
          onOpen={(row) => setUrl({ open: row.id }, true)}
          onMove={(row) => url.open && setUrl({ open: row.id })}
          rowHeight={52}
          loading={models.isPending}
          empty={
            models.data?.total ? (
              <NoMatch what="model" onClear={() => setUrl({ q: "", state: [], gate: [] })}>
                <p>
                  Press <Key>/</Key> to change the text.
                </p>
              </NoMatch>
            ) : (
              <NoModels />
            )
          }
        />
      )}
      {open && <ModelDrawer model={open} onClose={() => setUrl({ open: undefined })} />}
    </Page>
  );
}

function counted(total: number, states: Record<string, number>): string {
  const parts = Object.entries(states).map(([state, count]) => `${count} ${state}`);
  return total ? `${format.num(total)} versions: ${parts.join(", ")}` : "";
}

function shown(count: number, total: number | undefined): string {
  if (total === undefined) return "";
  return count === total ? `${format.num(total)} in all` : `${format.num(count)} of ${format.num(total)}`;
}

function NoModels() {
  return (
    <Empty title="No model yet" icon={IconBox}>
      <p>
        A model is made by training on a dataset: import one, then run{" "}
        <code className="mono">volant train TASK</code>. Each version stands here with its gate and its
        evidence.
      </p>
    </Empty>
  );
}
