import { createFileRoute } from "@tanstack/react-router";
import { oneOf, search, text } from "~/kit/url";
import { TasksPage } from "~/pages/settings/tasks/TasksPage";

const address = search({ show: oneOf("tasks", "deployments"), q: text(), open: text() });

export const Route = createFileRoute("/_app/settings/tasks")({
  validateSearch: address,
  component: TasksPage,
});
