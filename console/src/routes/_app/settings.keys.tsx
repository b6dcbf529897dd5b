import { createFileRoute } from "@tanstack/react-router";
import { flag, list, search, text } from "~/kit/url";
import { KeysPage } from "~/pages/settings/keys/KeysPage";

const address = search({ q: text(), state: list(), open: text(), make: flag() });

export const Route = createFileRoute("/_app/settings/keys")({ validateSearch: address, component: KeysPage });
