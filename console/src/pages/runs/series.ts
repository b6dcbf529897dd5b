/** A run's series as lines over its steps; several runs over all of their steps. Pure. */
import type { Answer } from "~/api/page";

export type RunView = Answer<"/api/v1/views/runs/{run_id}">;
export type RunRow = RunView["run"];
export type Series = RunView["series"];
type Step = Series["steps"][number];
type Validation = Series["validations"][number];

export type Values = (number | null)[];

/** Every step at which something was said, in order. */
export function stepsOf(all: Series[]): number[] {
  const found = new Set<number>();
  for (const { steps, validations } of all) {
    for (const { step } of steps) found.add(step);
    for (const { step } of validations) found.add(step);
  }
  return [...found].sort((a, b) => a - b);
}

/** A figure of the steps at each x; null where the run said nothing there. A resumed run's newest word counts. */
export function line(x: number[], series: Series, value: (step: Step) => number | null): Values {
  const at = new Map(series.steps.map((step) => [step.step, value(step)]));
  return x.map((step) => at.get(step) ?? null);
}

/** The same of the looks at the validation rows. */
export function checks(x: number[], series: Series, value: (look: Validation) => number): Values {
  const at = new Map(series.validations.map((look) => [look.step, value(look)]));
  return x.map((step) => at.get(step) ?? null);
}

export function any(values: Values): boolean {
  return values.some((value) => value !== null);
}

/** 0 means that the run did not say it. */
export function said(value: number): number | null {
  return value > 0 ? value : null;
}

/** How long it took, or has taken so far. */
export function took(run: RunRow, now_ms: number): number | undefined {
  if (!run.started_ms) return undefined;
  return (run.ended_ms || now_ms) - run.started_ms;
}

/** "step 120 of 432", "856 of 1,936 items" */
export function progress(run: RunRow): string {
  const { steps_done, steps } = run.pace;
  if (!steps) return run.state === "running" ? "starting" : "";
  const count = `${steps_done.toLocaleString("en-US")} of ${steps.toLocaleString("en-US")}`;
  return run.kind === "train" ? `step ${count}` : `${count} items`;
}

/** A setting or a fact as a person reads it. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return value.toLocaleString("en-US", { maximumSignificantDigits: 6 });
  if (Array.isArray(value)) return value.map(shown).join(", ") || "–";
  if (typeof value === "object")
    return Object.entries(value)
      .map(([name, one]) => `${name} ${shown(one)}`)
      .join(", ");
  return String(value);
}

/** `{options: {tokens: 1}, seed: 2}` → tokens and seed by their full names; what only names the run is left out. */
export function flat(spec: Record<string, unknown>): [string, unknown][] {
  return Object.entries(spec).flatMap(([name, value]): [string, unknown][] => {
    if (name === "kind" || name === "project") return [];
    if (value && typeof value === "object" && !Array.isArray(value))
      return Object.entries(value).map(([inner, one]): [string, unknown] => [`${name}.${inner}`, one]);
    return [[name, value]];
  });
}
