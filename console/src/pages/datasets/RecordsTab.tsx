/** The records of a version, opened: a page after the other, by split. Reading them stands in the audit log. */
import { IconLock } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useRows } from "~/api/rows";
import {
  CodeBlock,
  type Column,
  Drawer,
  Empty,
  FilterBar,
  FilterChip,
  format,
  Id,
  KeyValue,
  PlainText,
  Problem,
  Tag,
  useUrl,
  VirtualTable,
} from "~/kit";
import { useRefusal } from "~/session/session";
import css from "./datasets.module.css";
import { type RecordRow, splitsOf, type VersionRow } from "./graph";
import type { VersionUrl } from "./VersionPage";

const text = (row: RecordRow, name: string) => {
  const value = row.body[name];
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
};
const rowKey = (row: RecordRow) => row.id;

const columns: Column<RecordRow>[] = [
  {
    id: "question",
    head: "Question",
    width: "minmax(240px, 3fr)",
    cell: (row) => text(row, "question") || text(row, "text") || <span className="quiet">–</span>,
  },
  {
    id: "label",
    head: "Label",
    width: "minmax(140px, 1fr)",
    cell: (row) => text(row, "label") || <span className="quiet">–</span>,
  },
  { id: "split", head: "Split", width: "96px", cell: (row) => <Tag>{row.split}</Tag> },
  {
    id: "source",
    head: "Where it stood",
    from: 900,
    width: "minmax(160px, 1fr)",
    cell: (row) => <span className="second">{place(row)}</span>,
  },
  { id: "id", head: "Record", from: 1100, width: "152px", cell: (row) => <Id id={row.id} /> },
];

export function RecordsTab({ version, splits }: { version: string; splits: VersionRow["splits"] }) {
  const refused = useRefusal("content");
  if (refused)
    return (
      <Empty title="You may not read records" icon={IconLock}>
        <p>{refused}</p>
      </Empty>
    );
  return <Records version={version} splits={splits} />;
}

function Records({ version, splits }: { version: string; splits: VersionRow["splits"] }) {
  const [url, setUrl] = useUrl<VersionUrl>();
  const found = useRows("/api/v1/views/datasets/{version_id}/records", {
    path: { version_id: version },
    query: { limit: 100, ...(url.split ? { split: url.split } : {}) },
  });
  const open = found.rows.find((row) => row.id === url.record);
  const erased = (found.data?.pages ?? []).reduce((sum, page) => sum + page.erased, 0);
  return (
    <>
      <FilterBar end={<span className="quiet">{loaded(found.rows.length, erased, found.hasNextPage)}</span>}>
        <FilterChip
          single
          name="Split"
          choices={splitsOf(splits).map(({ name, records }) => ({
            value: name,
            label: (
              <span>
                {name} <span className="quiet num">{format.num(records)}</span>
              </span>
            ),
          }))}
          chosen={url.split ? [url.split] : []}
          onChange={([split]) => setUrl({ split, record: undefined })}
        />
      </FilterBar>
      {found.error && !found.data ? (
        <Problem error={found.error} retry={() => found.refetch()} />
      ) : (
        <VirtualTable<RecordRow>
          key={url.split ?? "all"}
          label="Records"
          rows={found.rows}
          columns={columns}
          rowKey={rowKey}
          rowHeight={40}
          current={url.record}
          onOpen={(row) => setUrl({ record: row.id }, true)}
          onMove={(row) => url.record && setUrl({ record: row.id })}
          loading={found.isPending}
          more={{
            has: found.hasNextPage,
            fetching: found.isFetchingNextPage,
            fetch: () => void found.fetchNextPage(),
          }}
          empty={<Empty title="No record in this split" />}
        />
      )}
      {open && <RecordDrawer row={open} onClose={() => setUrl({ record: undefined })} />}
    </>
  );
}

function loaded(count: number, erased: number, more: boolean): string {
  const rows = `${format.num(count)} read${more ? ", more below" : ""}`;
  return erased ? `${rows}; ${format.num(erased)} erased` : rows;
}

function place(row: RecordRow): string {
  const source = row.source.startsWith("feedback/")
    ? "a reviewed answer"
    : (row.source.split("/").at(-1) ?? "");
  return row.source.startsWith("feedback/") ? source : `${source}, line ${format.num(row.position)}`;
}

const FIRST = ["question", "text", "answer", "label"];

function RecordDrawer({ row, onClose }: { row: RecordRow; onClose: () => void }) {
  const fields = Object.keys(row.body).sort((a, b) => order(a) - order(b) || a.localeCompare(b));
  return (
    <Drawer title={`Record in ${row.split}`} label="Record" onClose={onClose}>
      <div className={css.stack}>
        {fields.map((name) => (
          <section key={name} className={css.field}>
            <h3>{format.title(name)}</h3>
            <Value value={row.body[name]} name={name} />
          </section>
        ))}
        <KeyValue
          rows={[
            ["Record", <Id key="id" id={row.id} full />],
            [
              "Where it stood",
              row.source.startsWith("feedback/") ? row.source : `${row.source}, line ${row.position}`,
            ],
            ["Label known to the first model", row.known ? "yes" : "no"],
            ["Person", <Person key="person" row={row} />],
            ["Answer it was made from", <Answer key="answer" row={row} />],
          ]}
        />
      </div>
    </Drawer>
  );
}

function order(name: string): number {
  const at = FIRST.indexOf(name);
  return at < 0 ? FIRST.length : at;
}

function Value({ value, name }: { value: unknown; name: string }) {
  if (typeof value !== "string") return <CodeBlock value={value} wrap label={format.title(name)} />;
  if (/^\s*[[{]/.test(value)) return <CodeBlock value={value} wrap label={format.title(name)} />;
  return <PlainText>{value}</PlainText>;
}

function Person({ row }: { row: RecordRow }) {
  if (!row.subject) return <>nobody named</>;
  return (
    // biome-ignore lint/suspicious/noExplicitAny: that page's own address
    <Link to="/lineage" search={{ of: row.subject } as any} className="text-link">
      {format.shortId(row.subject)}
    </Link>
  );
}

function Answer({ row }: { row: RecordRow }) {
  if (!row.inference_id) return <>none: it came from a file</>;
  return (
    <Link to="/traces" search={{ open: row.inference_id }} className="text-link">
      {format.shortId(row.inference_id)}
    </Link>
  );
}
