/** One column: what it asks, the answer as it comes, and its figures. */
import { ActionIcon, NativeSelect, NumberInput, Tooltip } from "@mantine/core";
import { IconFlask, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { ActionButton, format, PlainText, Problem, StatusBadge, Tag } from "~/kit";
import { CaseDialog } from "./CaseDialog";
import { type Column, labelOf } from "./columns";
import type { View } from "./PlaygroundPage";
import css from "./playground.module.css";
import type { Run } from "./useRuns";

interface Props {
  view: View;
  column: Column;
  run: Run | undefined;
  say: string;
  fastest: number | undefined;
  cheapest: number | undefined;
  onChange: (column: Column) => void;
  onRemove?: () => void;
}

export function ColumnPanel({ view, column, run, say, fastest, cheapest, onChange, onRemove }: Props) {
  const [keeping, setKeeping] = useState(false);
  const name = column.target.replace(/^d:/, "");
  return (
    <section className={css.column} aria-label={`Answer of ${name}`}>
      <div className={css.target}>
        <NativeSelect
          aria-label="Who is asked"
          value={column.target}
          onChange={(event) => onChange({ ...column, target: event.currentTarget.value })}
          data={[
            { group: "Tasks", items: view.tasks.map((one) => ({ value: one.name, label: one.name })) },
            {
              group: "Deployments",
              items: view.deployments.map((one) => ({
                value: `d:${one.name}`,
                label: `${one.name} (${one.model})`,
              })),
            },
          ].filter((group) => group.items.length > 0)}
        />
        {onRemove && (
          <Tooltip label="Remove this column">
            <ActionIcon variant="subtle" color="gray" aria-label={`Remove ${name}`} onClick={onRemove}>
              <IconX size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      <Settings view={view} column={column} onChange={onChange} />
      <div className={css.answer} aria-live="polite">
        <Said run={run} />
      </div>
      {run && <Figures run={run} fastest={fastest} cheapest={cheapest} />}
      {run?.state === "done" && (
        <div className={css.after}>
          <Link to="/traces" search={{ open: run.measured.inference_id }} className="text-link">
            Open the trace
          </Link>
          <ActionButton
            needs="data"
            size="xs"
            leftSection={<IconFlask size={14} />}
            refused={view.datasets.length ? "" : "There is no dataset yet: import one first"}
            onClick={() => setKeeping(true)}
          >
            Save as a test case
          </ActionButton>
        </div>
      )}
      {keeping && run && (
        <CaseDialog
          datasets={view.datasets}
          dataset={view.datasets.find((one) => one === column.target) ?? view.datasets[0] ?? ""}
          question={say}
          label={labelOf(run.measured.text)}
          inference_id={run.measured.inference_id}
          onClose={() => setKeeping(false)}
        />
      )}
    </section>
  );
}

function Settings({ view, column, onChange }: Pick<Props, "view" | "column" | "onChange">) {
  const versions = view.prompts.flatMap((one) => [
    ...Object.keys(one.labels).map((label) => `${one.name}@${label}`),
    ...Array.from({ length: one.versions }, (_, at) => `${one.name}@${one.versions - at}`),
  ]);
  return (
    <div className={css.settings}>
      <NumberInput
        label="Temperature"
        placeholder="default"
        min={0}
        max={2}
        step={0.1}
        value={column.temperature ?? ""}
        onChange={(value) => onChange({ ...column, temperature: value === "" ? undefined : Number(value) })}
      />
      <NumberInput
        label="Most tokens"
        placeholder="default"
        min={1}
        step={50}
        value={column.max_tokens ?? ""}
        onChange={(value) => onChange({ ...column, max_tokens: value === "" ? undefined : Number(value) })}
      />
      {versions.length > 0 && (
        <NativeSelect
          label="Prompt"
          value={column.prompt ?? ""}
          onChange={(event) => onChange({ ...column, prompt: event.currentTarget.value || undefined })}
          data={[{ value: "", label: "none" }, ...versions]}
        />
      )}
    </div>
  );
}

function Said({ run }: { run: Run | undefined }) {
  if (!run) return <p className="quiet">The answer comes here.</p>;
  if (run.state === "failed") return <Problem error={run.error} />;
  const { text, thinking, warning } = run.measured;
  return (
    <>
      {warning && <p className={css.warning}>{warning}</p>}
      {thinking && (
        <details className={css.thinking}>
          <summary>Thinking</summary>
          <PlainText>{thinking}</PlainText>
        </details>
      )}
      {text ? (
        <PlainText>{text}</PlainText>
      ) : (
        run.state === "asking" && <span className={css.caret} aria-hidden />
      )}
      {run.state === "done" && !text && <p className="quiet">It said nothing.</p>}
    </>
  );
}

function Figures({
  run,
  fastest,
  cheapest,
}: {
  run: Run;
  fastest: number | undefined;
  cheapest: number | undefined;
}) {
  const { ttft_ms, total_ms, input_tokens, output_tokens, deployment, cache, finish } = run.measured;
  const rows: [string, ReactNode][] = [
    [
      "First word",
      <Best key="a" wins={fastest !== undefined && ttft_ms === fastest} word="fastest">
        {format.ms(ttft_ms)}
      </Best>,
    ],
    ["Whole", format.ms(total_ms)],
    [
      "Tokens",
      input_tokens === undefined ? "–" : `${format.num(input_tokens)} in, ${format.num(output_tokens)} out`,
    ],
    [
      "Cost",
      <Best key="b" wins={cheapest !== undefined && run.cost_usd === cheapest} word="cheapest">
        {run.cost_usd === undefined ? "–" : format.usd(run.cost_usd)}
      </Best>,
    ],
  ];
  return (
    <div className={css.figures}>
      <div className={css.state}>
        <StatusBadge state={run.state === "asking" ? "running" : run.state} label={run.state} />
        {cache && cache !== "miss" && cache !== "skip" && <Tag tone="info">cache: {cache}</Tag>}
        {finish && finish !== "stop" && <Tag tone="warn">{format.title(finish)}</Tag>}
        {deployment && <span className="quiet mono">{deployment}</span>}
      </div>
      <dl>
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd className="num">{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Best({ wins, word, children }: { wins: boolean; word: string; children: ReactNode }) {
  return (
    <>
      {children} {wins && <span className={css.best}>{word}</span>}
    </>
  );
}
