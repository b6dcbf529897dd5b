import { createFileRoute } from "@tanstack/react-router";
import { decimal, flag, oneOf, search, text, whole } from "~/kit/url";
import { TracesPage } from "~/pages/traces/TracesPage";

const address = search({
  q: text(),
  task: text(),
  variant: text(),
  deployment: text(),
  model: text(),
  arm: text(),
  error_code: text(),
  model_id: text(),
  release_id: text(),
  rollout_id: text(),
  trace_id: text(),
  subject: text(),
  session: text(),
  key_id: text(),
  item_prefix: text(),
  finding: text(),
  outcome: oneOf("failed", "answered", "fallback", "streamed", "accepted", "corrected", "found"),
  status: whole(0, 599),
  range: oneOf("15m", "1h", "24h", "7d"),
  since_ms: whole(),
  until_ms: whole(),
  from_ms: decimal(),
  to_ms: decimal(),
  open: text(),
  said: flag(),
  judge: flag(),
  talk: text(),
});

export const Route = createFileRoute("/_app/traces")({ validateSearch: address, component: TracesPage });
