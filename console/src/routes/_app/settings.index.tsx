import { createFileRoute, redirect } from "@tanstack/react-router";
import { search, text } from "~/kit/url";
import { sectionOf } from "~/pages/settings/sections";

const address = search({ tab: text(20), open: text() });

export const Route = createFileRoute("/_app/settings/")({
  validateSearch: address,
  beforeLoad: ({ search: { tab, open } }) => {
    // biome-ignore lint/suspicious/noExplicitAny: each section checks its own address
    throw redirect({ to: sectionOf(tab), search: { open } as any, replace: true });
  },
});
