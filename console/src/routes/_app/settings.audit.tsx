import { createFileRoute } from "@tanstack/react-router";
import { oneOf, search, text, whole } from "~/kit/url";
import { AuditPage } from "~/pages/settings/audit/AuditPage";

const address = search({
  actor: text(200),
  action: text(80),
  object_id: text(200),
  user: text(500),
  range: oneOf("1h", "24h", "7d", "30d"),
  open: whole(1),
});

export const Route = createFileRoute("/_app/settings/audit")({
  validateSearch: address,
  component: AuditPage,
});
