import { createFileRoute } from "@tanstack/react-router";
import { Empty, Page, PageHeader } from "~/kit";

export const Route = createFileRoute("/_app/runs")({ component: Runs });

function Runs() {
  return (
    <Page header={<PageHeader title="Runs" />}>
      <Empty title="Not in this build yet">The command line has it: volant --help</Empty>
    </Page>
  );
}
