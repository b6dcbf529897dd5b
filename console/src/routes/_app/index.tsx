import { createFileRoute } from "@tanstack/react-router";
import { Empty, Page, PageHeader } from "~/kit";

export const Route = createFileRoute("/_app/")({ component: Loop });

function Loop() {
  return (
    <Page header={<PageHeader title="Loop" />}>
      <Empty title="Not in this build yet">The command line has it: volant --help</Empty>
    </Page>
  );
}
