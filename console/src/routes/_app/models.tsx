import { createFileRoute } from "@tanstack/react-router";
import { list, search, text } from "~/kit/url";
import { ModelsPage } from "~/pages/models/ModelsPage";

const address = search({ q: text(), state: list(), gate: list(), open: text() });

export const Route = createFileRoute("/_app/models")({
  validateSearch: address,
  component: ModelsPage,
});
