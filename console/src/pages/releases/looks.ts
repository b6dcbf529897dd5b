/** The sequential test as it is drawn, and what an act on a rollout moves. Pure. */
import type { Answer } from "~/api/page";
import { format } from "~/kit";

export type ReleaseView = Answer<"/api/v1/views/releases/{release_id}">;
export type Rollout = NonNullable<ReleaseView["rollout"]>;
export type Test = Rollout["tests"][number];
export type Point = Test["points"][number];
export type Word = "promote" | "hold" | "resume" | "rollback";

/** Where the traffic of a task goes, as shares that sum to 1. */
export interface Split {
  baseline: string;
  candidate: string;
  share: number;
  mode: string;
}

const NAMES: Record<string, string> = {
  technical_failures: "Technical failures",
  corrected_share: "Corrected answers",
};

export function nameOf(metric: string): string {
  return NAMES[metric] ?? format.title(metric);
}

/** A bound in its unit: a ceiling is a share, a difference is points. */
export function bound(test: Pick<Test, "kind">, value: number | null): string {
  if (value === null) return "not measured";
  return test.kind === "ceiling" ? format.percent(value) : format.points(value);
}

/** The state of a test after its last look, as a sentence. */
export function state(test: Test): { tone: "ok" | "bad" | "info"; sentence: string } {
  const last = test.points.at(-1);
  const limit = bound(test, test.limit);
  if (!last || last.n === 0) return { tone: "info", sentence: "Nobody was measured yet." };
  const range = `between ${bound(test, last.lower)} and ${bound(test, last.upper)}`;
  const users = `${last.n} canary user${last.n === 1 ? "" : "s"}`;
  if (last.alarm)
    return {
      tone: "bad",
      sentence: `Harm beyond ${limit} is proven: ${range} after ${users}. It rolls back.`,
    };
  if (last.cleared)
    return {
      tone: "ok",
      sentence: `Shown to be within ${limit}: ${range} after ${users}. It allows promotion.`,
    };
  return { tone: "info", sentence: `Open: ${range} after ${users}; the limit is ${limit}.` };
}

/** From the low to the high end of what is drawn: the limit always, the widest bounds only as far as they help. */
export function rangeOf(test: Test): [number, number] {
  const measured = test.points.filter((point) => point.n > 0);
  const [least, most] = test.kind === "ceiling" ? [0, 1] : [-1, 1];
  const low = Math.min(0, test.limit, ...measured.map((point) => point.lower));
  const high = Math.max(test.limit * 1.5, ...measured.map((point) => point.upper));
  return [Math.max(least, low), Math.min(most, high)];
}

/** What a word would move, said before it is said. */
export function moves(word: Word, rollout: Rollout): string {
  const { candidate, baseline } = rollout;
  const now = rollout.state === "canary" ? format.percent(rollout.share, 0) : "none";
  switch (word) {
    case "promote":
      return `Everybody's requests go to ${candidate} at once. Now it gets ${now} of the users; ${baseline} no longer answers. The statistics are not asked.`;
    case "rollback":
      return `Everybody's requests go to ${baseline} again. ${candidate} gets nobody: ${now === "none" ? "it only shadows now" : `its ${now} of the users go back`}. This rollout ends; another one can be started.`;
    case "hold":
      return `The split stays as it is: ${now === "none" ? "no user" : `${now} of the users`} to ${candidate}, the rest to ${baseline}. Until somebody resumes, the statistics decide nothing: it does not widen, and even proven harm does not roll it back.`;
    case "resume":
      return `The statistics decide again: ${candidate} widens, is promoted or goes back by its evidence.`;
  }
}

/** The steps of a plan: shadow, each share, everybody; and where the rollout stands. */
export function steps(
  rollout: Rollout,
): { label: string; about: string; state: "done" | "now" | "next" | "stopped" }[] {
  const { plan } = rollout;
  const all = [
    ...(plan.shadow_requests ? [{ label: "Shadow", about: `${plan.shadow_requests} requests` }] : []),
    ...(plan.steps ?? []).map(([share, users]) => ({
      label: format.percent(share as number, 0),
      about: `at least ${users} users`,
    })),
    { label: "Everybody", about: "every metric within its limit" },
  ];
  const first = plan.shadow_requests ? 1 : 0;
  const reached =
    rollout.state === "promoted"
      ? all.length - 1
      : rollout.state === "shadow" || rollout.state === "pending"
        ? 0
        : rollout.step + first;
  const ended = rollout.ended_ms > 0 && rollout.state !== "promoted";
  return all.map((step, at) => ({
    ...step,
    state:
      at < reached || rollout.state === "promoted"
        ? "done"
        : at === reached
          ? ended
            ? "stopped"
            : "now"
          : "next",
  }));
}

/** `+0.063 (at least +0.033 …) on 150 items` → the first number, and the rest. */
export function parted(measured: string): [string, string] {
  const at = measured.indexOf(" (");
  return at < 0 ? [measured, ""] : [measured.slice(0, at), measured.slice(at + 1)];
}

/** `Ada Lovelace (usr_01a2…)` → `Ada Lovelace`: the id is for the audit. */
export function personOf(reviewer: string): string {
  return reviewer.replace(/ \(usr_[0-9a-f]+\)/, "");
}
