import { createFileRoute } from "@tanstack/react-router";
import { address } from "~/pages/traces/address";
import { TracesPage } from "~/pages/traces/TracesPage";

export const Route = createFileRoute("/_app/traces")({ validateSearch: address, component: TracesPage });
