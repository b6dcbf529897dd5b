import { createFileRoute } from "@tanstack/react-router";
import { search, text } from "~/kit/url";
import { PoliciesPage } from "~/pages/settings/PoliciesPage";

const address = search({ open: text() });

export const Route = createFileRoute("/_app/settings/policies")({
  validateSearch: address,
  component: PoliciesPage,
});
