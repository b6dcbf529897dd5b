/** Traces: every answer under any filter, newest first; the open one stands in a drawer. */
import { IconActivity, IconArrowUp } from "@tabler/icons-react";
import { useMemo, useRef } from "react";
import { CodeBlock, Empty, format, NoMatch, Page, PageHeader, Problem, useUrl, VirtualTable } from "~/kit";
import { useShortcuts } from "~/shell/keys";
import { columns, rowKey } from "./columns";
import { toggled } from "./dataset";
import { type Filters, isFiltered, NOTHING, type TraceRow } from "./filters";
import { Latency } from "./Latency";
import { boxes, PickedBar } from "./Picked";
import { SessionDrawer } from "./SessionDrawer";
import { ToDataset } from "./ToDataset";
import { TraceDrawer } from "./TraceDrawer";
import { TracesBar } from "./TracesBar";
import css from "./traces.module.css";
import { useTraces } from "./useTraces";

/** What the drawers keep in the address. */
export interface Open {
  open?: string; // an inference
  said?: boolean; // its texts are shown
  judge?: boolean; // the form for feedback
  talk?: string; // a session
  picked?: string[]; // inferences that shall go to a dataset
  add?: boolean; // the dialog that makes rows of them and of the open one
}

const NONE: string[] = [];

export function TracesPage() {
  const [url, setUrl] = useUrl<Filters & Open>();
  const { open, said, judge, talk, picked = NONE, add, ...filters } = url;
  const traces = useTraces(filters);
  const index = useMemo(
    () => (open ? traces.rows.findIndex((row) => rowKey(row) === open) : -1),
    [open, traces.rows],
  );

  const at = useRef(open); // the row under the keyboard
  if (open) at.current = open;
  const toggle = (id: string | undefined) => id && setUrl({ picked: toggled(picked, id) });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same picks make the same boxes
  const shape = useMemo(() => [boxes(picked, toggle), ...columns], [picked.join()]);
  const going = open && !picked.includes(open) ? [...picked, open] : picked;
  useShortcuts([
    { keys: "x", label: "Pick the row, or let it go", run: () => toggle(at.current) },
    {
      keys: "d",
      label: "To a dataset: what is picked, and the open answer",
      run: () => going.length > 0 && setUrl({ add: true }),
    },
  ]);

  return (
    <Page
      fill
      header={
        <PageHeader
          title="Traces"
          about={traces.numbers && about(traces.numbers)}
          actions={
            traces.fresh > 0 && (
              <button type="button" className={css.fresh} onClick={traces.refresh}>
                <IconArrowUp size={13} aria-hidden />
                {format.num(traces.fresh)} new
              </button>
            )
          }
        />
      }
    >
      <span className="hidden-text" role="status">
        {traces.fresh > 0 ? `${traces.fresh} new answers` : ""}
      </span>
      <TracesBar filters={filters} numbers={traces.numbers} set={setUrl} />
      <Latency numbers={traces.numbers} filters={filters} set={setUrl} loading={traces.isPending} />
      {picked.length > 0 && (
        <PickedBar
          picked={picked}
          onClear={() => setUrl({ picked: undefined })}
          onAdd={() => setUrl({ add: true })}
        />
      )}
      {traces.error && !traces.data ? (
        <Problem error={traces.error} retry={() => traces.refetch()} />
      ) : (
        <VirtualTable<TraceRow>
          key={traces.where}
          label="Traces"
          rows={traces.rows}
          columns={shape}
          rowKey={rowKey}
          rowHeight={40}
          current={open}
          onOpen={(row) => setUrl({ open: rowKey(row) }, true)}
          onMove={(row) => {
            at.current = rowKey(row);
            if (open) setUrl({ open: rowKey(row), judge: false });
          }}
          loading={traces.isPending}
          more={{
            has: traces.hasNextPage,
            fetching: traces.isFetchingNextPage,
            fetch: () => void traces.fetchNextPage(),
          }}
          empty={
            isFiltered(filters) ? (
              <NoMatch what="answer" onClear={() => setUrl(NOTHING)}>
                <p>Widen the range of time or of latency, or take a filter away.</p>
              </NoMatch>
            ) : (
              <NoTraces />
            )
          }
        />
      )}
      {open && (
        <TraceDrawer
          id={open}
          said={!!said}
          judge={!!judge}
          listed={index >= 0}
          set={setUrl}
          onJudged={(id, feedback) => traces.patch(id, feedback)}
        />
      )}
      {add && going.length > 0 && (
        <ToDataset
          key={going.join()}
          ids={going}
          task={traces.rows.find((row) => going.includes(rowKey(row)))?.inference.task ?? ""}
          onClose={(added) => setUrl(added ? { add: undefined, picked: undefined } : { add: undefined })}
        />
      )}
      {talk && !open && (
        <SessionDrawer
          session={talk}
          said={!!said}
          set={setUrl}
          onClose={() => setUrl({ talk: undefined, said: false })}
        />
      )}
    </Page>
  );
}

function about(numbers: NonNullable<ReturnType<typeof useTraces>["numbers"]>): string {
  if (numbers.count === 0) return "";
  const newest = numbers.stopped_ms ? "the newest " : "";
  return `${newest}${format.num(numbers.count)} answers, ${format.num(numbers.errors)} failed, ${format.num(numbers.fallbacks)} by a fallback`;
}

const FIRST = `curl ${location.origin}/v1/chat/completions \\
  -H "authorization: Bearer $VOLANT_KEY" -H "content-type: application/json" \\
  -d '{"model": "TASK", "messages": [{"role": "user", "content": "Hello"}]}'`;

function NoTraces() {
  return (
    <Empty title="No answer yet" icon={IconActivity}>
      <p>Point any OpenAI, Anthropic or Gemini client here, or send the first request yourself:</p>
      <div style={{ textAlign: "left", marginTop: 12 }}>
        <CodeBlock value={FIRST} label="A first request" />
      </div>
    </Empty>
  );
}
