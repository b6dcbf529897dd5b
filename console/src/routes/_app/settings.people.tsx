import { createFileRoute } from "@tanstack/react-router";
import { flag, list, oneOf, search, text } from "~/kit/url";
import { PeoplePage } from "~/pages/settings/people/PeoplePage";

const address = search({
  show: oneOf("members", "invitations", "roles"),
  q: text(),
  role: list(),
  open: text(),
  make: flag(),
});

export const Route = createFileRoute("/_app/settings/people")({
  validateSearch: address,
  component: PeoplePage,
});
