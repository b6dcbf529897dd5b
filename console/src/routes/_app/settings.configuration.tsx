import { createFileRoute } from "@tanstack/react-router";
import { oneOf, search, whole } from "~/kit/url";
import { ConfigurationPage } from "~/pages/settings/configuration/ConfigurationPage";

const address = search({ show: oneOf("current", "history", "change"), open: whole(1) });

export const Route = createFileRoute("/_app/settings/configuration")({
  validateSearch: address,
  component: ConfigurationPage,
});
