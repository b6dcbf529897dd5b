import { createFileRoute } from "@tanstack/react-router";
import { flag, search } from "~/kit/url";
import { ProjectsPage } from "~/pages/settings/ProjectsPage";

const address = search({ make: flag() });

export const Route = createFileRoute("/_app/settings/projects")({
  validateSearch: address,
  component: ProjectsPage,
});
