import { createFileRoute } from "@tanstack/react-router";
import { oneOf, search, whole } from "~/kit/url";
import { PromptPage } from "~/pages/settings/prompts/PromptPage";

const address = search({
  show: oneOf("version", "difference", "moves"),
  version: whole(1),
  before: whole(1),
});

export const Route = createFileRoute("/_app/settings/prompts/$name/")({
  validateSearch: address,
  component: Named,
});

function Named() {
  const { name } = Route.useParams();
  return <PromptPage key={name} name={name} />;
}
