import { createFileRoute } from "@tanstack/react-router";
import { flag, list, oneOf, search, text } from "~/kit/url";
import { RunsPage } from "~/pages/runs/RunsPage";

const address = search({
  kind: text(),
  state: text(),
  open: text(),
  tab: oneOf("live", "checkpoints", "log", "settings"),
  compare: list(6),
  side: flag(),
});

export const Route = createFileRoute("/_app/runs")({ validateSearch: address, component: RunsPage });
