/** Datasets: every version and what it was made from, as a graph and as a list. */
import { IconDatabase } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { usePage } from "~/api/page";
import {
  CodeBlock,
  Empty,
  FilterBar,
  format,
  Graph,
  NoMatch,
  Page,
  PageHeader,
  Problem,
  useUrl,
  VirtualTable,
} from "~/kit";
import { placeOf } from "~/shell/places";
import { columns, rowKey } from "./columns";
import css from "./datasets.module.css";
import { filtered, graphOf, type VersionRow } from "./graph";

const NONE: VersionRow[] = [];

export function DatasetsPage() {
  const [url, setUrl] = useUrl<{ q?: string; before?: string }>();
  const found = usePage(
    "/api/v1/views/datasets",
    { query: { limit: 100, ...(url.before ? { cursor: url.before } : {}) } },
    ["datasets"],
  );
  const navigate = useNavigate();
  const data = found.data;
  const rows = useMemo(() => filtered(data?.nodes ?? NONE, url.q), [data, url.q]);
  const graph = useMemo(() => {
    const shown = new Set(rows.map((row) => row.id));
    return graphOf({ nodes: rows, edges: (data?.edges ?? []).filter((edge) => shown.has(edge.target)) });
  }, [rows, data]);
  const open = (version: string) => void navigate({ to: "/datasets/$version", params: { version } });
  const choose = (id: string) => {
    const place = placeOf(id);
    if (rows.some((row) => row.id === id)) open(id);
    // biome-ignore lint/suspicious/noExplicitAny: addresses come from a table
    else if (place) void navigate({ to: place.to, search: place.search as any });
  };

  return (
    <Page fill header={<PageHeader title="Datasets" about={data && about(data.nodes)} />}>
      <FilterBar
        text={{
          value: url.q ?? "",
          onChange: (q) => setUrl({ q }),
          placeholder: "Filter by name, id, state",
        }}
        end={
          <>
            {url.before && (
              <button type="button" className="link-button" onClick={() => setUrl({ before: undefined })}>
                Newest versions
              </button>
            )}
            {data?.next_cursor && (
              <button
                type="button"
                className="link-button"
                onClick={() => setUrl({ before: data.next_cursor }, true)}
              >
                Older versions
              </button>
            )}
          </>
        }
      />
      {found.error && !data ? (
        <Problem error={found.error} retry={() => found.refetch()} />
      ) : (
        <>
          {rows.length > 0 && (
            <div className={css.graph}>
              <Graph label="What each version was made from" {...graph} onChoose={choose} />
            </div>
          )}
          <VirtualTable<VersionRow>
            label="Dataset versions"
            rows={rows}
            columns={columns}
            rowKey={rowKey}
            onOpen={(row) => open(row.id)}
            loading={found.isPending}
            empty={
              data?.nodes.length ? (
                <NoMatch what="version" onClear={() => setUrl({ q: "" })} />
              ) : (
                <NoDatasets />
              )
            }
          />
        </>
      )}
    </Page>
  );
}

function about(nodes: VersionRow[]): string {
  const names = new Set(nodes.map((node) => node.name));
  if (nodes.length === 0) return "";
  const versions = `${format.num(nodes.length)} ${nodes.length === 1 ? "version" : "versions"}`;
  return `${versions} of ${names.size === 1 ? [...names][0] : `${names.size} datasets`}`;
}

function NoDatasets() {
  return (
    <Empty title="No dataset yet" icon={IconDatabase}>
      <p>
        A dataset is cleaned, redacted and split by person when it is imported; reviewed answers extend it
        later.
      </p>
      <div style={{ textAlign: "left", marginTop: 12 }}>
        <CodeBlock value="volant data import questions.csv --dataset helpdesk" label="Import a dataset" />
      </div>
    </Empty>
  );
}
