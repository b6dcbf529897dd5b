import { createFileRoute } from "@tanstack/react-router";
import { list, search, text } from "~/kit/url";
import { DeploymentsPage } from "~/pages/deployments/DeploymentsPage";

const address = search({ q: text(), state: list(), provider: list(), open: text() });

export const Route = createFileRoute("/_app/deployments")({
  validateSearch: address,
  component: DeploymentsPage,
});
