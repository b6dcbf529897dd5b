import { createFileRoute } from "@tanstack/react-router";
import { oneOf, search, text } from "~/kit/url";
import { ModelPage } from "~/pages/model/ModelPage";

const address = search({ tab: oneOf("evidence", "lineage", "card", "files"), node: text() });

export const Route = createFileRoute("/_app/models_/$modelId")({
  validateSearch: address,
  component: ModelPage,
});
