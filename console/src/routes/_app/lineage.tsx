import { createFileRoute } from "@tanstack/react-router";
import { Empty, Page, PageHeader } from "~/kit";

export const Route = createFileRoute("/_app/lineage")({ component: Lineage });

function Lineage() {
  return (
    <Page header={<PageHeader title="Lineage" />}>
      <Empty title="Not in this build yet">The command line has it: volant --help</Empty>
    </Page>
  );
}
