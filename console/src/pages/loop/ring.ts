/** The ring's geometry, and what stands where on it. Pure. */
import type { Answer } from "~/api/page";

export type TaskLoop = Answer<"/api/v1/views/loop">["tasks"][number];
export type RingStage = TaskLoop["stages"][number];
export type StagedModel = TaskLoop["models"][number];
export type Training = TaskLoop["trainings"][number];
export type SparkPoint = TaskLoop["spark"][number];

export const SIZE = 452; // pixels, both ways
export const R = 190;
export const NODE = 29;

/** The six stages clockwise; half of them stand left, so that every label has room beside its node. */
export const STAGES = [
  { id: "data", name: "Data", turn: -120 },
  { id: "train", name: "Train", turn: -60 },
  { id: "evaluate", name: "Evaluate", turn: 0 },
  { id: "gate", name: "Gate", turn: 60 },
  { id: "rollout", name: "Roll out", turn: 120 },
  { id: "monitor", name: "Monitor", turn: 180 },
] as const;

export type Stage = (typeof STAGES)[number]["id"];

/** From the centre: x to the right, y down. */
export function at(turn: number, radius: number): [number, number] {
  const angle = (turn * Math.PI) / 180;
  return [round(Math.cos(angle) * radius), round(Math.sin(angle) * radius)];
}

/** A clockwise arc between two turns in degrees. */
export function arc(from: number, to: number, radius: number): string {
  const [a, b] = [at(from, radius), at(to, radius)];
  return `M${a[0]},${a[1]}A${radius},${radius} 0 ${to - from > 180 ? 1 : 0} 1 ${b[0]},${b[1]}`;
}

/** Degrees that a node covers on the ring, with a little air. */
export const COVERED = (Math.asin((NODE + 7) / R) * 180) / Math.PI;

/** How a standing looks: what serves is green, what only passed is quiet. */
export function toneOf({ stage, standing }: Pick<RingStage, "stage" | "standing">) {
  if (standing === "blocked") return "bad";
  if (standing === "waiting") return "warn";
  if (standing === "active") return stage === "monitor" ? "ok" : "info";
  return standing === "done" ? "accent" : "idle";
}

/** Whether things move on from a stage: it has been passed, or works now. */
export function flows({ standing }: Pick<RingStage, "standing">): boolean {
  return standing === "done" || standing === "active";
}

/** The models that stand at a stage; those that have served their time apart. */
export function standingAt(models: StagedModel[], stage: Stage) {
  const here = models.filter((model) => model.stage === stage);
  return {
    shown: here.filter((model) => model.standing !== "retired"),
    retired: here.filter((model) => model.standing === "retired"),
  };
}

export const SLOT_MS = 1_800_000;
export const SLOTS = 48;

/** The day's half hours, oldest first; undefined where nobody asked. The last one is the present. */
export function slots(spark: SparkPoint[], now_ms: number): (SparkPoint | undefined)[] {
  const last = Math.floor(now_ms / SLOT_MS);
  const by = new Map(spark.map((point) => [Math.floor(point.at_ms / SLOT_MS), point]));
  return Array.from({ length: SLOTS }, (_, number) => by.get(last - SLOTS + 1 + number));
}

export interface Occasion {
  by: Training["by"];
  sentence: string;
  link: Training["link"];
  created_ms: number;
  runs: { id: string; state: string }[];
}

/** Trainings that have one cause stand together. */
export function occasions(trainings: Training[]): Occasion[] {
  const out: Occasion[] = [];
  for (const one of trainings) {
    const same = out.find((before) => one.by !== "person" && before.link.id === one.link.id);
    const run = { id: one.run_id, state: one.state };
    if (same) same.runs.push(run);
    else
      out.push({
        by: one.by,
        sentence: one.sentence,
        link: one.link,
        created_ms: one.created_ms,
        runs: [run],
      });
  }
  return out;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
