import { createFileRoute, redirect } from "@tanstack/react-router";
import { search, text } from "~/kit/url";
import { DatasetsPage } from "~/pages/datasets/DatasetsPage";

const address = search({ q: text(), before: text(), open: text() });

export const Route = createFileRoute("/_app/datasets")({
  validateSearch: address,
  // a link that only knows the version's id
  beforeLoad: ({ search: { open } }) => {
    if (open) throw redirect({ to: "/datasets/$version", params: { version: open }, replace: true });
  },
  component: DatasetsPage,
});
