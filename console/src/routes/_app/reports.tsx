import { createFileRoute } from "@tanstack/react-router";
import { Empty, Page, PageHeader } from "~/kit";

export const Route = createFileRoute("/_app/reports")({ component: Reports });

function Reports() {
  return (
    <Page header={<PageHeader title="Reports" />}>
      <Empty title="Not in this build yet">The command line has it: volant --help</Empty>
    </Page>
  );
}
