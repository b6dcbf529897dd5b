/** Keys have a page of their own; older links lead there. */
import { createFileRoute, redirect } from "@tanstack/react-router";
import { flag, list, search, text } from "~/kit/url";

const address = search({ q: text(), state: list(), open: text(), make: flag() });

export const Route = createFileRoute("/_app/settings/keys")({
  validateSearch: address,
  beforeLoad: ({ search: given }) => {
    throw redirect({ to: "/keys", search: given, replace: true });
  },
});
