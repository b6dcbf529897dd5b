import { createFileRoute } from "@tanstack/react-router";
import { EditorPage } from "~/pages/settings/prompts/EditorPage";

export const Route = createFileRoute("/_app/settings/new-prompt")({ component: () => <EditorPage /> });
