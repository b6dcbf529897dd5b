/**
 * VirtualTable: any number of rows, at most a screenful in the DOM; sticky head; j, k, Enter, Home, End.
 *
 * Rows are a grid. The row that the keyboard stands on is the "current" one; a page may keep it in the URL.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useShortcuts } from "~/shell/keys";
import css from "./kit.module.css";
import { Loading } from "./Panel";
import { useWidth } from "./useWidth";

export interface Column<R> {
  id: string;
  head: ReactNode;
  width: string; // of a CSS grid: "120px", "minmax(160px, 2fr)"
  right?: boolean; // numbers
  from?: number; // pixels: left out while the table is narrower
  cell: (row: R) => ReactNode;
}

interface Props<R> {
  rows: R[];
  columns: Column<R>[]; // a constant, or from useMemo: a new one draws every row
  rowKey: (row: R) => string;
  label: string; // for those who hear the table
  current?: string; // key of the row that is open
  onOpen?: (row: R) => void; // click, Enter
  onMove?: (row: R) => void; // j, k: the row under the keyboard
  rowHeight?: number;
  loading?: boolean;
  empty?: ReactNode;
  more?: { has: boolean; fetching: boolean; fetch: () => void }; // the next page of a cursor
  total?: number; // how many there are in all, where known
}

const OVERSCAN = 6;

export function VirtualTable<R>(props: Props<R>) {
  const { rows, rowKey, label, current, onOpen, onMove, rowHeight = 44, more } = props;
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(-1);
  const [measure, width] = useWidth<HTMLDivElement>();
  const columns = useMemo(
    () => props.columns.filter(({ from = 0 }) => width >= from || width === 0),
    [props.columns, width],
  );
  const template = useMemo(() => columns.map((column) => column.width).join(" "), [columns]);
  const hold = useCallback(
    (element: HTMLDivElement | null) => {
      box.current = element;
      return measure(element);
    },
    [measure],
  );
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    useFlushSync: false,
    getItemKey: (index) => rowKey(rows[index] as R),
  });
  const items = virtual.getVirtualItems();
  const here = useMemo(
    () => (current === undefined ? at : rows.findIndex((row) => rowKey(row) === current)),
    [current, at, rows, rowKey],
  );

  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more?.has && !more.fetching && last >= rows.length - OVERSCAN) more.fetch();
  }, [last, rows.length, more]);

  const move = useCallback(
    (to: number) => {
      const index = Math.max(0, Math.min(rows.length - 1, to));
      const row = rows[index];
      if (!row) return;
      setAt(index);
      virtual.scrollToIndex(index, { align: "auto" });
      onMove?.(row);
    },
    [rows, virtual, onMove],
  );
  const start = here >= 0 ? here : at;
  const open = () => {
    const row = rows[start];
    if (row) onOpen?.(row);
  };
  useShortcuts([
    { keys: "j", label: "Next row", run: () => move(start + 1) },
    { keys: "k", label: "Row before", run: () => move(start < 0 ? 0 : start - 1) },
    ...(onOpen ? [{ keys: "Enter", label: "Open the row", run: open }] : []),
  ]);

  const newest = useRef({ rows, onOpen });
  newest.current = { rows, onOpen };
  const press = useCallback((index: number) => {
    setAt(index);
    const row = newest.current.rows[index];
    if (row !== undefined) newest.current.onOpen?.(row);
  }, []);

  function onKey(event: KeyboardEvent) {
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / rowHeight) - 2);
    const steps: Record<string, number> = {
      ArrowDown: start + 1,
      ArrowUp: start < 0 ? 0 : start - 1,
      PageDown: start + page,
      PageUp: start - page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    if (to === undefined || event.target !== box.current) return;
    event.preventDefault();
    move(to);
  }

  if (props.loading) return <Loading rows={12} />;
  if (rows.length === 0 && props.empty) return <>{props.empty}</>;
  return (
    <div
      ref={hold}
      className={css.tableBox}
      role="table"
      aria-label={label}
      aria-rowcount={props.total ?? (more?.has ? -1 : rows.length + 1)}
      aria-colcount={columns.length}
      tabIndex={0}
      onKeyDown={onKey}
    >
      <div className={css.table} style={{ minWidth: leastWidth(columns) }}>
        <div role="rowgroup">
          <div role="row" aria-rowindex={1} className={css.headRow} style={{ gridTemplateColumns: template }}>
            {columns.map((column) => (
              <div
                key={column.id}
                role="columnheader"
                className={`${css.cell} ${column.right ? css.right : ""}`}
              >
                {column.head}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const row = rows[item.index] as R;
            const isHere = item.index === here || (current === undefined && item.index === at);
            return (
              <Row
                key={item.key}
                row={row}
                index={item.index}
                columns={columns as Column<unknown>[]}
                template={template}
                height={item.size}
                top={item.start}
                isHere={isHere}
                onPress={onOpen ? press : undefined}
              />
            );
          })}
        </div>
      </div>
      {more?.fetching && <div className={css.tableFoot}>Loading more…</div>}
    </div>
  );
}

interface RowProps {
  row: unknown;
  index: number;
  columns: Column<unknown>[];
  template: string;
  height: number;
  top: number;
  isHere: boolean;
  onPress?: (index: number) => void;
}

/** One row; drawn again only when something of it changed, so that scrolling draws the new ones only. */
const Row = memo(function Row({ row, index, columns, template, height, top, isHere, onPress }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter and j/k are read by the table
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-current={isHere || undefined}
      className={`${css.row} ${isHere ? css.current : ""} ${onPress ? css.clickable : ""}`}
      style={{ gridTemplateColumns: template, height, transform: `translateY(${top}px)` }}
      onClick={() => onPress?.(index)}
    >
      {columns.map((column) => (
        <div key={column.id} role="cell" className={`${css.cell} ${column.right ? css.right : ""}`}>
          {column.cell(row)}
        </div>
      ))}
    </div>
  );
});

/** What the columns need at least: the first number of each width, gaps and edges. Narrower windows scroll. */
function leastWidth<R>(columns: Column<R>[]): number {
  const widths = columns.map(({ width }) => Number(/\d+/.exec(width)?.[0] ?? 0));
  return widths.reduce((sum, width) => sum + width, 0) + (columns.length - 1) * 16 + 48;
}
