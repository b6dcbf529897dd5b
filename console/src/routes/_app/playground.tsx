import { createFileRoute } from "@tanstack/react-router";
import { list, search, text } from "~/kit/url";
import { PlaygroundPage } from "~/pages/playground/PlaygroundPage";

const address = search({ ask: list(4), system: text(2000), say: text(4000) });

export const Route = createFileRoute("/_app/playground")({
  validateSearch: address,
  component: PlaygroundPage,
});
