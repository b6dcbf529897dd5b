/** Erasure requests: how long there is, how far each is; a drawer shows steps and receipt. */
import { IconEraser } from "@tabler/icons-react";
import { type Answer, usePages } from "~/api/page";
import {
  Ago,
  CodeBlock,
  type Column,
  Empty,
  FilterBar,
  FilterChip,
  format,
  Id,
  Problem,
  StatusBadge,
  Tag,
  useUrl,
  VirtualTable,
} from "~/kit";
import { ErasureDrawer } from "./ErasureDrawer";
import type { LineageUrl } from "./LineagePage";

type Row = Answer<"/api/v1/views/erasures">["rows"][number];

export function Erasures() {
  const [url, setUrl] = useUrl<LineageUrl>();
  const erasures = usePages("/api/v1/views/erasures", { query: { state: url.state ?? "" } }, ["erasures"]);
  return (
    <>
      <FilterBar
        end={
          <span className="quiet">
            {erasures.data &&
              `${format.num(erasures.rows.length)} ${erasures.rows.length === 1 ? "request" : "requests"}`}
          </span>
        }
      >
        <FilterChip
          name="State"
          single
          choices={["requested", "running", "done", "incomplete", "failed"].map((value) => ({ value }))}
          chosen={url.state ? [url.state] : []}
          onChange={([state]) => setUrl({ state })}
        />
      </FilterBar>
      {erasures.error && !erasures.data ? (
        <Problem error={erasures.error} retry={() => erasures.refetch()} />
      ) : (
        <VirtualTable<Row>
          label="Erasure requests"
          rows={erasures.rows}
          columns={columns}
          rowKey={(row) => row.id}
          current={url.erasure}
          loading={erasures.isPending}
          onOpen={(row) => setUrl({ erasure: row.id, tab: "erasures" }, true)}
          onMove={(row) => url.erasure && setUrl({ erasure: row.id })}
          more={{
            has: erasures.hasNextPage,
            fetching: erasures.isFetchingNextPage,
            fetch: () => void erasures.fetchNextPage(),
          }}
          empty={
            url.state ? (
              <Empty title="No request in this state">Choose another state.</Empty>
            ) : (
              <Empty title="Nobody asked to be erased" icon={IconEraser}>
                <p>
                  An erasure removes a person from traces, records, feedback and keys, and leaves a receipt.
                </p>
                <div style={{ marginTop: 12, textAlign: "left" }}>
                  <CodeBlock value="volant erase USER" label="Command" />
                </div>
              </Empty>
            )
          }
        />
      )}
      {url.erasure && (
        <ErasureDrawer id={url.erasure} onClose={() => setUrl({ erasure: undefined, tab: "erasures" })} />
      )}
    </>
  );
}

const columns: Column<Row>[] = [
  { id: "subject", head: "Person", width: "minmax(160px, 1fr)", cell: (row) => <Id id={row.subject} /> },
  {
    id: "state",
    head: "State",
    width: "120px",
    cell: (row) => <StatusBadge state={row.outcome === "incomplete" ? "incomplete" : row.state} />,
  },
  { id: "steps", head: "Steps", width: "72px", right: true, cell: (row) => `${row.steps_done} of 4` },
  {
    id: "left",
    head: "Deadline",
    width: "140px",
    cell: (row) => <Deadline row={row} />,
  },
  {
    id: "found",
    head: "Left after",
    width: "80px",
    right: true,
    cell: (row) => (row.found_after < 0 ? <span className="quiet">–</span> : row.found_after),
  },
  {
    id: "reason",
    head: "Reason",
    from: 860,
    width: "minmax(120px, 1fr)",
    cell: (row) => row.reason || <span className="quiet">–</span>,
  },
  { id: "at", head: "Asked", width: "80px", right: true, cell: (row) => <Ago at_ms={row.requested_ms} /> },
];

export function Deadline({ row }: { row: Row }) {
  if (row.ended_ms) {
    const kept = row.ended_ms <= row.deadline_ms;
    return <Tag tone={kept ? "ok" : "warn"}>{kept ? "kept" : "ended too late"}</Tag>;
  }
  if (row.left_ms < 0) return <Tag tone="bad">{format.ms(-row.left_ms)} late</Tag>;
  return <Tag tone={row.left_ms < 3 * 86_400_000 ? "warn" : "idle"}>{format.ms(row.left_ms)} left</Tag>;
}
