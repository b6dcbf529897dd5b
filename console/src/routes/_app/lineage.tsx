import { createFileRoute } from "@tanstack/react-router";
import { flag, oneOf, search, text } from "~/kit/url";
import { LineagePage } from "~/pages/lineage/LineagePage";

const address = search({
  of: text(),
  node: text(),
  tab: oneOf("erasures"),
  erasure: text(),
  erase: flag(),
  state: text(),
});

export const Route = createFileRoute("/_app/lineage")({
  validateSearch: address,
  component: LineagePage,
});
