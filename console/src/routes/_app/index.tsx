import { createFileRoute } from "@tanstack/react-router";
import { search, text } from "~/kit/url";
import { LoopPage } from "~/pages/loop/LoopPage";

const address = search({ task: text(), open: text() });

export const Route = createFileRoute("/_app/")({ validateSearch: address, component: LoopPage });
