import { createFileRoute } from "@tanstack/react-router";
import { Empty, Page, PageHeader } from "~/kit";

export const Route = createFileRoute("/_app/traces")({ component: Traces });

function Traces() {
  return (
    <Page header={<PageHeader title="Traces" />}>
      <Empty title="Not in this build yet">The command line has it: volant --help</Empty>
    </Page>
  );
}
