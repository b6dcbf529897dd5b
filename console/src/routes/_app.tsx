/** Every page below needs a session; without one: sign in, and come back. */
import { createFileRoute, redirect, retainSearchParams } from "@tanstack/react-router";
import { ApiError } from "~/api/errors";
import { queryClient } from "~/api/query";
import { Problem } from "~/kit/Panel";
import { search, text } from "~/kit/url";
import { chooseProject, sessionQuery } from "~/session/session";
import { Shell } from "~/shell/Shell";

const address = search({ project: text(100) });

export const Route = createFileRoute("/_app")({
  validateSearch: address,
  search: { middlewares: [retainSearchParams(["project"])] },
  beforeLoad: async ({ location, search: { project } }) => {
    try {
      chooseProject(await queryClient.ensureQueryData(sessionQuery), project);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        throw redirect({
          to: "/sign-in",
          search: { next: location.href === "/" ? undefined : location.href },
        });
      }
      throw error;
    }
  },
  component: Shell,
});

/** For errorComponent of a page: the rest of the console stays. */
export function PageFailed({ error, reset }: { error: unknown; reset: () => void }) {
  return <Problem error={error} retry={reset} />;
}
