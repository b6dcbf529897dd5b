import { createFileRoute, redirect } from "@tanstack/react-router";
import { search, text } from "~/kit/url";
import { ReportsPage } from "~/pages/reports/ReportsPage";

const address = search({ suite: text(), model: text(), open: text() });

export const Route = createFileRoute("/_app/reports")({
  validateSearch: address,
  beforeLoad: ({ search: { open } }) => {
    if (open) throw redirect({ to: "/reports/$reportId", params: { reportId: open }, replace: true });
  },
  component: ReportsPage,
});
