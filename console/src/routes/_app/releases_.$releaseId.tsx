import { createFileRoute } from "@tanstack/react-router";
import { oneOf, search } from "~/kit/url";
import { ReleasePage } from "~/pages/releases/ReleasePage";

const address = search({ say: oneOf("promote", "hold", "resume", "rollback", "approve", "reject") });

export const Route = createFileRoute("/_app/releases_/$releaseId")({
  validateSearch: address,
  component: ReleasePage,
});
