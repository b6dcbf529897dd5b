import { createFileRoute } from "@tanstack/react-router";
import { flag, search, text } from "~/kit/url";
import { PromptsPage } from "~/pages/settings/prompts/PromptsPage";

const address = search({ q: text(), archived: flag(), open: text() });

export const Route = createFileRoute("/_app/settings/prompts/")({
  validateSearch: address,
  component: PromptsPage,
});
