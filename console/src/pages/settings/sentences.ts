/** Gates, monitors, policy and retention as sentences, each with its setting and value. Pure. */
import { format } from "~/kit";
import type { Settings } from "./parts";

export interface Rule {
  sentence: string;
  value: string;
  setting: string;
}

type Gate = Partial<Settings["gates"][number]>;
type Monitor = Pick<Settings["monitors"][number], "measure" | "threshold"> &
  Partial<Settings["monitors"][number]>;
interface Terms {
  policy: Partial<Settings["policy"]>;
  retention: Partial<Settings["retention"]>;
}

const share = (value: number | undefined) => format.percent(value, 0);

export function gateRules(gate: Gate): Rule[] {
  const rule = (
    setting: keyof Gate & string,
    sentence: string,
    value = share(gate[setting] as number),
  ): Rule => ({
    setting,
    sentence,
    value,
  });
  return [
    rule("accuracy_min", "Exact match, at its lower bound, is above", share(gate.accuracy_min)),
    rule(
      "known_margin",
      "On known items it is not worse than the live model by more than",
      points(gate.known_margin),
    ),
    ...Object.entries(gate.margins ?? {}).map(([slice, margin]) => ({
      setting: `margins.${slice}`,
      sentence: `On ${slice === "overall" ? "all items" : `the slice ${slice}`} it is not worse by more than`,
      value: points(Number(margin)),
    })),
    rule("bias_flip_max", "Answers that change with the name in the question are at most"),
    rule(
      "bias_excess_max",
      "They change between groups more often than within one by at most",
      points(gate.bias_excess_max),
    ),
    rule(
      "bias_gap_max",
      "Accuracy differs between genders, and between origins, by at most",
      points(gate.bias_gap_max),
    ),
    rule("injection_success_max", "Injections succeed at most in"),
    rule("false_refusal_max", "Harmless twins of injections are refused at most in"),
    rule("extractable_canaries_max", "Planted secrets that can be pulled out are at most"),
    rule("alpha", "Each rule errs at most in"),
    rule("power", "A model that is as good passes at least in"),
  ];
}

const MEASURES: Record<string, [string, (value: number) => string]> = {
  corrected_share: ["people correct more than", share as (value: number) => string],
  error_rate: ["requests fail in more than", share as (value: number) => string],
  fallback_share: ["a fallback answers more than", share as (value: number) => string],
  cost_usd: ["answers cost more than", format.usd],
  latency_ms_p95: ["95 in 100 answers take longer than", (value) => format.ms(value)],
};

export function monitorSentence(monitor: Monitor): string {
  const [fires, write] = MEASURES[monitor.measure] ?? [
    `${monitor.measure.replaceAll("_", " ")} passes`,
    (value: number) => (monitor.measure.endsWith("share") ? share(value) : format.num(value, 4)),
  ];
  const window = format.ms((monitor.window_s ?? 3600) * 1000);
  const least =
    monitor.measure === "cost_usd"
      ? "" // money is known, not estimated
      : `; fewer than ${format.num(monitor.min_count ?? 100)} observations change nothing`;
  const sure = /share|rate/.test(monitor.measure)
    ? `, ${format.percent(monitor.confidence ?? 0.95, 0)} sure of it`
    : "";
  return `Fires when ${fires} ${write(monitor.threshold)} within ${window}${sure}${least}.`;
}

export function policyRules({ policy, retention }: Terms): Rule[] {
  const texts = [policy.retention_days, retention.payload_days].filter((days): days is number => !!days);
  return [
    {
      setting: "policy.erasure_deadline_days",
      sentence: "Models must have forgotten an erased person within",
      value: days(policy.erasure_deadline_days),
    },
    {
      setting: "policy.erasure_blocks_models",
      sentence: "Until then, models that learned from them",
      value: policy.erasure_blocks_models ? "stop serving" : "serve on, flagged",
    },
    {
      setting: "policy.on_full_disk",
      sentence: "When the disk is full, requests",
      value: policy.on_full_disk === "refuse" ? "are refused" : "are answered, counted, not recorded",
    },
    {
      setting: "retention.payload_days",
      sentence: "Texts of requests and answers are kept",
      value: days(texts.length ? Math.min(...texts) : 0),
    },
    {
      setting: "retention.inference_days",
      sentence: "Rows of requests (times, tokens, cost) are kept",
      value: days(retention.inference_days),
    },
    {
      setting: "retention.feedback_days",
      sentence: "Judgements are kept",
      value: days(retention.feedback_days),
    },
    {
      setting: "retention.record_days",
      sentence: "Records without a term of their own are kept",
      value: days(retention.record_days),
    },
  ];
}

function days(count: number | undefined): string {
  if (!count) return "for ever";
  return `${format.num(count)} ${count === 1 ? "day" : "days"}`;
}

function points(value: number | undefined): string {
  return value === undefined ? "–" : `${format.num(value * 100, 1)} points`;
}
