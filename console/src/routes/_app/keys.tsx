import { createFileRoute } from "@tanstack/react-router";
import { flag, list, oneOf, search, text, whole } from "~/kit/url";
import { KeysPage } from "~/pages/keys/KeysPage";

const address = search({
  q: text(),
  state: list(),
  short: flag(),
  tab: oneOf("keys", "ceilings", "spend"),
  open: text(),
  budget: text(),
  days: whole(7, 92),
  make: flag(),
});

export const Route = createFileRoute("/_app/keys")({ validateSearch: address, component: KeysPage });
