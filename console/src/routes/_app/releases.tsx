import { createFileRoute, redirect } from "@tanstack/react-router";
import { list, search, text } from "~/kit/url";
import { ReleasesPage } from "~/pages/releases/ReleasesPage";

const address = search({ task: text(), state: list(), open: text() });

export const Route = createFileRoute("/_app/releases")({
  validateSearch: address,
  beforeLoad: ({ search: { open } }) => {
    if (open) throw redirect({ to: "/releases/$releaseId", params: { releaseId: open }, replace: true });
  },
  component: ReleasesPage,
});
