import { createFileRoute } from "@tanstack/react-router";
import { search, whole } from "~/kit/url";
import { EditorPage } from "~/pages/settings/prompts/EditorPage";

const address = search({ from: whole(1) });

export const Route = createFileRoute("/_app/settings/prompts/$name/edit")({
  validateSearch: address,
  component: Named,
});

function Named() {
  const { name } = Route.useParams();
  const { from } = Route.useSearch();
  return <EditorPage key={`${name}@${from ?? ""}`} name={name} from={from} />;
}
