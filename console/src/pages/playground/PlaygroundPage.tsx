/** Playground: one question to one to four targets, side by side: words as they come, first word, tokens, cost. */
import { Button, Textarea, TextInput } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStop, IconPlus, IconTerminal2 } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Answer, usePage } from "~/api/page";
import { ActionButton, Empty, Key, Loaded, Page, PageHeader, useUrl } from "~/kit";
import { ColumnPanel } from "./ColumnPanel";
import { best, type Column, format, MOST, parse } from "./columns";
import css from "./playground.module.css";
import { type Run, useRuns } from "./useRuns";

export type View = Answer<"/api/v1/views/playground">;

interface Address {
  ask?: string[];
  system?: string;
  say?: string;
}

export function PlaygroundPage() {
  const view = usePage("/api/v1/views/playground", {}, ["settings", "prompts", "datasets", "releases"]);
  return (
    <Page header={<PageHeader title="Playground" about="Ask tasks and deployments side by side" />}>
      <Loaded
        query={view}
        isEmpty={(data) => data.tasks.length + data.deployments.length === 0}
        empty={
          <Empty title="Nothing to ask yet" icon={IconTerminal2}>
            <p>
              Name a deployment and a task in <code className="mono">volant.toml</code> and run{" "}
              <code className="mono">volant apply</code>; both can be asked here.
            </p>
          </Empty>
        }
      >
        {(data) => <Bench view={data} />}
      </Loaded>
    </Page>
  );
}

function Bench({ view }: { view: View }) {
  const [url, setUrl] = useUrl<Address>();
  const first = view.tasks[0]?.name ?? `d:${view.deployments[0]?.name}`;
  const columns = useMemo(() => (url.ask ?? [first]).slice(0, MOST).map(parse), [url.ask, first]);
  const [system, setSystem] = useState(url.system ?? "");
  const [say, setSay] = useState(url.say ?? "");
  const [values, setValues] = useState<Record<string, string>>({});
  const { runs, start, stop, busy } = useRuns();
  const names = useVariables(view, columns);
  const question = useRef<HTMLTextAreaElement>(null);
  const change = (next: Column[]) => setUrl({ ask: next.map(format) });

  function run() {
    if (!say.trim() || busy) return;
    setUrl({ system, say });
    start(columns, view, { system, say, values });
  }

  useEffect(() => {
    if (!url.say) question.current?.focus();
  }, [url.say]);

  return (
    <div className={css.bench}>
      <form
        className={css.composer}
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) run();
          if (event.key === "Escape" && busy) stop();
        }}
      >
        <Textarea
          label="System message"
          placeholder="None: a task's own stays as it is"
          value={system}
          onChange={(event) => setSystem(event.currentTarget.value)}
          autosize
          minRows={2}
          maxRows={8}
        />
        <Textarea
          ref={question}
          label="Message"
          placeholder="What a user would say"
          value={say}
          onChange={(event) => setSay(event.currentTarget.value)}
          autosize
          minRows={2}
          maxRows={12}
        />
        {names.length > 0 && (
          <fieldset className={css.variables}>
            <legend>Variables of the prompts</legend>
            {names.map((name) => (
              <TextInput
                key={name}
                label={name}
                value={values[name] ?? ""}
                onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
              />
            ))}
          </fieldset>
        )}
        <div className={css.send}>
          {busy ? (
            <Button variant="default" leftSection={<IconPlayerStop size={14} />} onClick={stop}>
              Stop
            </Button>
          ) : (
            <ActionButton
              needs="inference"
              variant="filled"
              leftSection={<IconPlayerPlay size={14} />}
              refused={say.trim() ? "" : "Write a message first"}
              onClick={run}
            >
              Ask {columns.length > 1 ? `all ${columns.length}` : ""}
            </ActionButton>
          )}
          <span className="quiet">
            <Key>ctrl</Key> <Key>↵</Key>
          </span>
          <Button
            ml="auto"
            variant="default"
            leftSection={<IconPlus size={14} />}
            disabled={columns.length >= MOST}
            onClick={() => change([...columns, { target: next(view, columns) }])}
          >
            Add a column
          </Button>
        </div>
      </form>
      <div className={css.columns} style={{ ["--count" as string]: columns.length }}>
        {columns.map((column, at) => (
          <ColumnPanel
            // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
            key={at}
            view={view}
            column={column}
            run={runs[at]}
            say={say}
            fastest={best(runs.map((one) => one?.measured.ttft_ms))}
            cheapest={best(runs.map((one) => one?.cost_usd))}
            onChange={(changed) => change(columns.map((one, place) => (place === at ? changed : one)))}
            onRemove={
              columns.length > 1 ? () => change(columns.filter((_, place) => place !== at)) : undefined
            }
          />
        ))}
      </div>
    </div>
  );
}

/** What is not asked yet, else the first again: to compare its own settings. */
function next(view: View, columns: Column[]): string {
  const all = [...view.tasks.map((one) => one.name), ...view.deployments.map((one) => `d:${one.name}`)];
  return all.find((one) => !columns.some((column) => column.target === one)) ?? all[0] ?? "";
}

/** Names that the chosen tasks' own prompts need. */
function useVariables(view: View, columns: Column[]): string[] {
  return useMemo(() => {
    const asked = view.tasks.filter((task) => columns.some((column) => column.target === task.name));
    return [...new Set(asked.flatMap((task) => Object.keys(task.variables)))].sort();
  }, [view, columns]);
}

export type { Run };
