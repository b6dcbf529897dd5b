import { createFileRoute } from "@tanstack/react-router";
import { oneOf, search, text } from "~/kit/url";
import { SHOWS } from "~/pages/reports/items";
import { ReportPage } from "~/pages/reports/ReportPage";

const address = search({
  baseline: text(),
  only: oneOf(...SHOWS),
  metric: text(),
  known: oneOf("known", "new"),
  item: text(),
});

export const Route = createFileRoute("/_app/reports_/$reportId")({
  validateSearch: address,
  component: ReportPage,
});
