import { createFileRoute } from "@tanstack/react-router";
import { oneOf, search, text } from "~/kit/url";
import { VersionPage } from "~/pages/datasets/VersionPage";

const address = search({
  tab: oneOf("overview", "records", "difference"),
  step: text(),
  split: text(),
  record: text(),
  against: text(),
});

export const Route = createFileRoute("/_app/datasets_/$version")({
  validateSearch: address,
  component: VersionPage,
});
