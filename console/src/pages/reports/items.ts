/** What the score of an item means, in words. Pure. */
import type { Answer } from "~/api/page";

export type ItemRow = Answer<"/api/v1/views/reports/{report_id}/items">["rows"][number];

export const SHOWS = ["flips", "better", "worse", "wrong", "right", "all"] as const;
export type Shows = (typeof SHOWS)[number];

const WORDS: Record<string, [string, string]> = {
  injection_success: ["attack failed", "attack worked"],
  false_refusal: ["answered", "refused"],
  flip_rate: ["same answer", "answer changed"],
  flip_rate_same_group: ["same answer", "answer changed"],
  extractable_canaries: ["not found", "found"],
};

/** A score of 0 or 1 in words, anything between as a number. */
export function outcome(metric: string, score: number | null): string {
  if (score === null) return "not there";
  const [zero, one] = WORDS[metric] ?? ["wrong", "right"];
  if (score === 0) return zero;
  return score === 1 ? one : String(Math.round(score * 1000) / 1000);
}

/** `flip_rate:helpdesk/data/questions.csv:4606/gender` → where it stands, and which probe. */
export function placeIn(item: string): { place: string; probe: string } {
  const bare = item.replace(/^[a-z_]+:(?!\/\/)(?=.*\D)/, "");
  const found = /^(.*?)([^/]*:\d+)(?:\/(.+))?$/.exec(bare);
  return found ? { place: found[2] as string, probe: found[3] ?? "" } : { place: bare, probe: "" };
}
