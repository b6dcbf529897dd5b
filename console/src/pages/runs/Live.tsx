/** A run as it goes: how far, when it ends, and its figures over steps with one cursor for all. */
import { useMemo } from "react";
import { format, Panel, TimeSeries } from "~/kit";
import { Bar } from "./Bar";
import css from "./runs.module.css";
import { any, checks, line, progress, type RunView, said, stepsOf } from "./series";

const HIGH = 168;

export function Live({ view }: { view: RunView }) {
  const { run, series } = view;
  const newest = series.steps.at(-1);
  const check = series.validations.at(-1);
  const going = run.state === "running" || run.state === "queued";
  return (
    <div className={css.stack}>
      {view.error.message !== undefined && <div className={css.error}>{String(view.error.message)}</div>}
      {going && <Bar wide share={run.pace.share} label={`${progress(run)}${ends(run.pace.ends_ms)}`} />}
      {newest && (
        <div className={css.stats}>
          <Stat name="Loss" value={format.num(newest.loss, 4)} />
          <Stat name="Validation, exact" value={format.percent(check?.val_exact)} />
          <Stat name="Tokens per second" value={format.num(newest.tokens_per_s)} />
          <Stat name="Tokens seen" value={format.short(newest.tokens)} />
          {newest.memory_bytes > 0 && <Stat name="Memory" value={format.bytes(newest.memory_bytes)} />}
        </div>
      )}
      <Plots view={view} />
      {series.suites.map((suite) => (
        <Panel key={suite.suite} title={format.title(suite.suite)}>
          <Bar
            wide
            share={suite.whole ? suite.done / suite.whole : 0}
            label={`${format.num(suite.done)} of ${format.num(suite.whole)} items`}
          />
        </Panel>
      ))}
      {series.events.length > 0 && (
        <Panel title="What happened">
          <ol className={css.events}>
            {series.events.map((one) => (
              <li key={`${one.at_ms} ${one.event} ${one.step}`}>
                <time dateTime={new Date(one.at_ms).toISOString()} title={format.exact(one.at_ms)}>
                  {format.exact(one.at_ms).slice(11)}
                </time>
                <p>{one.sentence}</p>
              </li>
            ))}
          </ol>
        </Panel>
      )}
      {!newest && series.suites.length === 0 && series.events.length === 0 && (
        <p className="quiet">
          {going
            ? "It has said nothing yet: rows are read and the model is built first."
            : "It said nothing of itself."}
        </p>
      )}
    </div>
  );
}

function Plots({ view: { run, series } }: { view: RunView }) {
  const x = useMemo(() => stepsOf([series]), [series]);
  const sync = `run ${run.id}`;
  if (series.steps.length === 0) return null;
  const of = (value: (step: (typeof series.steps)[number]) => number | null) => line(x, series, value);
  const memory = of((step) => said(step.memory_bytes));
  const exact = checks(x, series, (look) => look.val_exact);
  return (
    <>
      <div className={css.plots}>
        <Panel title="Loss, by step">
          <TimeSeries
            label="Loss by step"
            x={x}
            xKind="step"
            sync={sync}
            height={HIGH}
            format={(value) => format.num(value, 3)}
            lines={[
              { label: "training", values: of((step) => step.loss), join: true },
              {
                label: "validation",
                values: checks(x, series, (look) => look.val_loss),
                join: true,
                dots: true,
              },
            ]}
          />
        </Panel>
        {any(exact) && (
          <Panel title="Exact match on the validation rows">
            <TimeSeries
              label="Exact match on the validation rows by step"
              x={x}
              xKind="step"
              sync={sync}
              height={HIGH}
              yRange={[0, null]}
              format={(value) => format.percent(value, 0)}
              lines={[{ label: "exact match", values: exact, join: true, dots: true, tone: "ok" }]}
            />
          </Panel>
        )}
        <Panel title="Tokens per second">
          <TimeSeries
            label="Tokens per second by step"
            x={x}
            xKind="step"
            sync={sync}
            height={HIGH}
            yRange={[0, null]}
            lines={[{ label: "tokens/s", values: of((step) => step.tokens_per_s), join: true }]}
          />
        </Panel>
        <Panel title="Learning rate">
          <TimeSeries
            label="Learning rate by step"
            x={x}
            xKind="step"
            sync={sync}
            height={HIGH}
            yRange={[0, null]}
            format={(value) => (value === 0 ? "0" : value.toExponential(1))}
            lines={[{ label: "learning rate", values: of((step) => step.learning_rate), join: true }]}
          />
        </Panel>
        {any(memory) && (
          <Panel title="Memory of its process">
            <TimeSeries
              label="Memory by step"
              x={x}
              xKind="step"
              sync={sync}
              height={HIGH}
              yRange={[0, null]}
              format={format.bytes}
              lines={[{ label: "resident", values: memory, join: true, fill: true }]}
            />
          </Panel>
        )}
      </div>
      {series.thinned && (
        <p className={css.hint}>There are more steps than points: every so-many-th is drawn.</p>
      )}
    </>
  );
}

function Stat({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <span>{name}</span>
      <strong>{value}</strong>
    </div>
  );
}

function ends(at_ms: number): string {
  if (!at_ms) return "";
  const left = at_ms - Date.now();
  return left > 0
    ? `, about ${format.ms(Math.max(1000, left))} left, ends ${format.exact(at_ms).slice(11, 16)}`
    : ", nearly done";
}
