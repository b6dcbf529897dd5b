/** Runs: trainings, evaluations and everything else that takes long; live, side by side, stopped and resumed. */
import { Button } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useMemo } from "react";
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
import { useShortcuts } from "~/shell/keys";
import { Compare } from "./Compare";
import { columns } from "./columns";
import { RunDrawer, type Tab } from "./RunDrawer";
import type { RunRow } from "./series";

interface Url {
  kind?: string;
  state?: string;
  open?: string;
  tab?: Tab;
  compare?: string[];
  side?: boolean;
}

export const MOST_COMPARED = 6;

export function RunsPage() {
  const [url, setUrl] = useUrl<Url>();
  const { kind = "", state = "", compare = [] } = url;
  const found = usePages("/api/v1/views/runs", { query: { kind, state } }, ["runs", "progress"]);
  const rows = found.rows as RunRow[];
  const first = found.data?.pages[0];
  const toggle = (id: string) =>
    setUrl({
      compare: compare.includes(id)
        ? compare.filter((one) => one !== id)
        : [...compare, id].slice(-MOST_COMPARED),
    });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same marks make the same columns
  const shape = useMemo(() => columns(compare, toggle), [compare.join()]);
  const enough = compare.length >= 2;
  useShortcuts([
    { keys: "x", label: "Take the open run into the comparison", run: () => url.open && toggle(url.open) },
    {
      keys: "c",
      label: "Compare what is taken",
      run: () => enough && setUrl({ side: true, open: undefined }, true),
    },
  ]);
  if (url.side && enough) return <Compare ids={compare} onBack={() => setUrl({ side: undefined })} />;

  return (
    <Page fill header={<PageHeader title="Runs" about={first && counted(first.states)} />}>
      <FilterBar
        end={
          <Button
            variant={enough ? "filled" : "default"}
            data-disabled={enough ? undefined : true}
            aria-disabled={!enough}
            title={enough ? undefined : "Mark two to six runs"}
            onClick={() => enough && setUrl({ side: true, open: undefined }, true)}
          >
            Compare{compare.length > 0 ? ` ${compare.length}` : ""}
          </Button>
        }
      >
        <FilterChip
          single
          name="Kind"
          choices={Object.keys(first?.kinds ?? {}).map((value) => ({ value }))}
          chosen={kind ? [kind] : []}
          onChange={([one]) => setUrl({ kind: one })}
        />
        <FilterChip
          single
          name="State"
          choices={Object.keys(first?.states ?? {}).map((value) => ({ value }))}
          chosen={state ? [state] : []}
          onChange={([one]) => setUrl({ state: one })}
        />
      </FilterBar>
      {found.error && !first ? (
        <Problem error={found.error} retry={() => found.refetch()} />
      ) : (
        <VirtualTable<RunRow>
          label="Runs"
          rows={rows}
          columns={shape}
          rowKey={(row) => row.id}
          current={url.open}
          onOpen={(row) => setUrl({ open: row.id }, true)}
          onMove={(row) => url.open && setUrl({ open: row.id })}
          rowHeight={52}
          loading={found.isPending}
          more={{ has: found.hasNextPage, fetching: found.isFetchingNextPage, fetch: found.fetchNextPage }}
          empty={
            kind || state ? (
              <NoMatch what="run" onClear={() => setUrl({ kind: "", state: "" })} />
            ) : (
              <NoRuns />
            )
          }
        />
      )}
      {url.open && (
        <RunDrawer
          id={url.open}
          tab={url.tab ?? "live"}
          onTab={(tab) => setUrl({ tab: tab === "live" ? undefined : tab })}
          onClose={() => setUrl({ open: undefined, tab: undefined })}
        />
      )}
    </Page>
  );
}

function counted(states: Record<string, number>): string {
  const total = Object.values(states).reduce((sum, count) => sum + count, 0);
  const parts = Object.entries(states).map(([state, count]) => `${format.num(count)} ${state}`);
  return total ? `${format.num(total)} ${total === 1 ? "run" : "runs"}: ${parts.join(", ")}` : "";
}

function NoRuns() {
  return (
    <Empty title="No run yet" icon={IconPlayerPlay}>
      <p>
        Import a dataset, then train on it. The run stands here while it goes, with its loss and its estimated
        end.
      </p>
      <div style={{ width: 360, margin: "16px auto", textAlign: "left" }}>
        <CodeBlock
          value={"volant data import train.csv --dataset TASK\nvolant train TASK"}
          label="Commands"
        />
      </div>
    </Empty>
  );
}
