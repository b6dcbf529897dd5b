/** The items of a report, those that changed sides first; a drawer opens one. */
import { SegmentedControl } from "@mantine/core";
import { useMemo } from "react";
import { usePages } from "~/api/page";
import {
  type Column,
  Empty,
  FilterBar,
  FilterChip,
  format,
  Panel,
  Problem,
  Tag,
  useUrl,
  VirtualTable,
} from "~/kit";
import { To } from "~/shell/To";
import { ItemDrawer } from "./ItemDrawer";
import { type ItemRow, outcome, placeIn, type Shows } from "./items";
import { nameOf, type ReportView } from "./measures";
import css from "./reports.module.css";

interface Url {
  baseline?: string;
  only?: Shows;
  metric?: string;
  known?: "known" | "new";
  item?: string;
}

export function Items({ view }: { view: ReportView }) {
  const [url, setUrl] = useUrl<Url>();
  const usual: Shows = view.baseline ? "flips" : "wrong";
  const only = url.only ?? usual;
  const query = {
    baseline: url.baseline ?? "",
    only: only === "all" ? ("" as const) : only,
    metric: url.metric ?? "",
    ...(url.known ? { known: url.known === "known" } : {}),
  };
  const path = { report_id: view.report.report_id };
  const items = usePages("/api/v1/views/reports/{report_id}/items", { path, query }, ["reports"]);
  const open = items.rows.find((row) => row.item === url.item);
  const metrics = probedMetrics(view);
  const probed = metrics.length > 1;
  const columns = useMemo(
    () => columnsOf(!!view.baseline).filter((column) => probed || column.id !== "metric"),
    [view.baseline, probed],
  );
  const total = items.data?.pages[0]?.total;
  return (
    <Panel
      title="Items"
      flush
      actions={
        <span className="quiet">
          {view.baseline
            ? `${view.flips_better} got better, ${view.flips_worse} worse, of ${format.num(view.items)}`
            : `${format.num(view.items)} in all`}
        </span>
      }
    >
      <div className={css.items}>
        <FilterBar end={<span className="quiet">{total !== undefined && `${format.num(total)} shown`}</span>}>
          <SegmentedControl
            size="xs"
            aria-label="Which items"
            value={only}
            onChange={(value) => setUrl({ only: value === usual ? undefined : (value as Shows), item: "" })}
            data={(view.baseline
              ? ["flips", "better", "worse", "wrong", "right", "all"]
              : ["wrong", "right", "all"]
            ).map((value) => ({ value, label: LABELS[value] ?? value }))}
          />
          {probed && (
            <FilterChip
              name="Probe"
              single
              choices={metrics.map((value) => ({ value, label: nameOf(value) }))}
              chosen={url.metric ? [url.metric] : []}
              onChange={([metric]) => setUrl({ metric })}
            />
          )}
          <FilterChip
            name="Label"
            single
            choices={[{ value: "known" }, { value: "new" }]}
            chosen={url.known ? [url.known] : []}
            onChange={([known]) => setUrl({ known: known as Url["known"] })}
          />
        </FilterBar>
        {items.error && !items.data ? (
          <Problem error={items.error} retry={() => items.refetch()} />
        ) : (
          <VirtualTable<ItemRow>
            label="Items"
            rows={items.rows}
            columns={columns}
            rowKey={(row) => row.item}
            current={url.item}
            onOpen={(row) => setUrl({ item: row.item }, true)}
            onMove={(row) => url.item && setUrl({ item: row.item })}
            loading={items.isPending}
            total={total}
            more={{
              has: items.hasNextPage,
              fetching: items.isFetchingNextPage,
              fetch: () => void items.fetchNextPage(),
            }}
            empty={<Empty title="No item here">Nothing of this report fits these filters.</Empty>}
          />
        )}
      </div>
      {open && <ItemDrawer view={view} row={open} onClose={() => setUrl({ item: undefined })} />}
    </Panel>
  );
}

const LABELS: Record<string, string> = {
  flips: "Flips only",
  better: "Got better",
  worse: "Got worse",
  wrong: "Wrong",
  right: "Right",
  all: "All",
};

/** Metrics that items of a suite of probes name. */
function probedMetrics(view: ReportView): string[] {
  if (view.report.suite === "accuracy" || view.report.suite === "yardstick") return [];
  return [...new Set(view.metrics.map((row) => row.metric.name))];
}

function columnsOf(compared: boolean): Column<ItemRow>[] {
  return [
    {
      id: "item",
      head: "Item",
      width: "minmax(180px, 2fr)",
      cell: (row) => {
        const { place, probe } = placeIn(row.item);
        return (
          <span title={row.item}>
            <span className="mono">{place}</span>
            {probe && <span className="quiet"> · {probe.replaceAll("_", " ")}</span>}
          </span>
        );
      },
    },
    {
      id: "metric",
      head: "Probe",
      from: 840,
      width: "minmax(120px, 1fr)",
      cell: (row) => (row.metric ? nameOf(row.metric) : <span className="quiet">–</span>),
    },
    { id: "known", head: "Label", width: "64px", cell: (row) => <Tag>{row.known ? "known" : "new"}</Tag> },
    {
      id: "score",
      head: compared ? "Before → now" : "Outcome",
      width: "minmax(200px, 1fr)",
      cell: (row) => (
        <>
          {compared && (
            <>
              <span className="quiet">{outcome(row.metric, row.baseline_score)}</span>
              <span className={css.arrow}>→</span>
            </>
          )}
          {outcome(row.metric, row.score)}
        </>
      ),
    },
    {
      id: "flip",
      head: "Flip",
      width: "72px",
      cell: (row) =>
        row.flip ? (
          <Tag tone={row.flip === "better" ? "ok" : "bad"}>
            {row.flip === "better" ? "↑ better" : "↓ worse"}
          </Tag>
        ) : (
          <span className="quiet">–</span>
        ),
    },
    {
      id: "source",
      head: "Came from",
      width: "88px",
      cell: (row) =>
        row.inference_id ? (
          <To link={{ kind: "inference", id: row.inference_id }}>trace</To>
        ) : row.record_id ? (
          <To link={{ kind: "record", id: row.record_id }}>record</To>
        ) : (
          <span className="quiet">–</span>
        ),
    },
  ];
}
