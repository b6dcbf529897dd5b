/** Runs side by side: their lines over the same steps, the settings that differ, and what came out. */
import { Button } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useMemo } from "react";
import { type Answer, usePage } from "~/api/page";
import { format, Loaded, Page, PageHeader, Panel, StatusBadge, TimeSeries } from "~/kit";
import { useShortcuts } from "~/shell/keys";
import { To } from "~/shell/To";
import { Value, words } from "./facts";
import css from "./runs.module.css";
import { any, checks, line, type Series, stepsOf, type Values } from "./series";

type Comparison = Answer<"/api/v1/views/runs/compare">;

export function Compare({ ids, onBack }: { ids: string[]; onBack: () => void }) {
  const view = usePage("/api/v1/views/runs/compare", { query: { ids: ids.join(",") } }, ["runs", "progress"]);
  useShortcuts([{ keys: "Escape", label: "Back to the list", run: onBack }]);
  return (
    <Page
      header={
        <PageHeader
          title="Compare runs"
          about={view.data && `${view.data.runs.length} runs over the same steps`}
          actions={
            <Button variant="default" leftSection={<IconArrowLeft size={14} aria-hidden />} onClick={onBack}>
              All runs
            </Button>
          }
        />
      }
    >
      <Loaded query={view} rows={16}>
        {(data) => <Body data={data} />}
      </Loaded>
    </Page>
  );
}

function Body({ data }: { data: Comparison }) {
  const x = useMemo(() => stepsOf(data.runs.map((one) => one.series)), [data]);
  const plots: [string, (series: Series) => Values, (value: number) => string, boolean?][] = [
    ["Loss, by step", (series) => line(x, series, (step) => step.loss), (value) => format.num(value, 3)],
    [
      "Exact match on the validation rows",
      (series) => checks(x, series, (look) => look.val_exact),
      (value) => format.percent(value, 0),
      true,
    ],
    ["Tokens per second", (series) => line(x, series, (step) => step.tokens_per_s), format.short],
    [
      "Learning rate",
      (series) => line(x, series, (step) => step.learning_rate),
      (value) => (value === 0 ? "0" : value.toExponential(1)),
    ],
  ];
  const facts = [...new Set(data.runs.flatMap((one) => Object.keys(one.facts)))].filter(
    (name) => new Set(data.runs.map((one) => String(one.facts[name]))).size > 1,
  );
  return (
    <>
      <div className={css.plots}>
        {plots.map(([title, values, show, dots]) => {
          const lines = data.runs.map((one) => ({
            label: named(one.run),
            values: values(one.series),
            join: true,
            dots,
          }));
          return (
            lines.some((one) => any(one.values)) && (
              <Panel key={title} title={title}>
                <TimeSeries
                  label={title}
                  x={x}
                  xKind="step"
                  sync="compare"
                  height={200}
                  format={show}
                  lines={lines}
                />
              </Panel>
            )
          );
        })}
      </div>
      <Panel title="What differs">
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Run</th>
              {data.runs.map(({ run }, number) => (
                <th key={run.id} scope="col">
                  <i
                    className={css.swatch}
                    style={{ background: `var(--v-series${(number % 5) + 1})` }}
                    aria-hidden
                  />
                  <To link={{ kind: "run", id: run.id }}>{named(run)}</To>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">State</th>
              {data.runs.map(({ run }) => (
                <td key={run.id}>
                  <StatusBadge state={run.state} kind="plain" />
                </td>
              ))}
            </tr>
            {data.differing.map(({ name, values }) => (
              <tr key={name}>
                <th scope="row">{words(name)}</th>
                {values.map((value, number) => (
                  <td key={data.runs[number]?.run.id}>
                    <Value value={value} />
                  </td>
                ))}
              </tr>
            ))}
            {facts.map((name) => (
              <tr key={name}>
                <th scope="row">{words(name)}</th>
                {data.runs.map(({ run, facts: own }) => (
                  <td key={run.id}>
                    <Value value={own[name]} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {data.differing.length === 0 && <p className={css.hint}>They were told the same.</p>}
      </Panel>
    </>
  );
}

function named(run: Comparison["runs"][number]["run"]): string {
  return `${run.title} ${run.link?.title ?? ""} …${run.id.slice(-6)}`.replaceAll(/ +/g, " ");
}
