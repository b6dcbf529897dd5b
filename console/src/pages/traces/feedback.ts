/** A judgement from the form to the API. Pure. */
import { parsed } from "./messages";

export type Verdict = "accept" | "correct" | "comment";

export interface Draft {
  verdict: Verdict;
  answer: string; // the right one
  comment: string;
}

/** What still lacks, as a sentence; empty when it may be sent. */
export function missing({ verdict, comment }: Draft): string {
  return verdict === "comment" && !comment.trim() ? "Write the comment first." : "";
}

export function feedbackOf(
  { verdict, answer, comment }: Draft,
  inference_id: string,
  who: string,
  key: string,
) {
  const value = { accept: true, correct: false, comment: null }[verdict];
  const right = verdict === "correct" && answer.trim() ? (parsed(answer) ?? answer.trim()) : null;
  return {
    inference_id,
    response_id: "",
    metric: verdict === "comment" ? "comment" : "accepted",
    value,
    comment: comment.trim(),
    demonstration: right,
    source: who,
    idempotency_key: key,
  };
}
